#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Before anything is written: all that this process makes is for its own user. Modes given with a file are not enough,
// since libraries (SQLite, PGlite) make files of their own.
process.umask(0o077)

// What was compiled is kept beside the packages (a quarter less to start), never in the shared /tmp, where anybody could
// put code for us. Where that folder cannot be written, nothing is kept and all else is the same.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/portcullis'))

const { runCli } = await import('./cli/program.ts')
await runCli(process.argv)
