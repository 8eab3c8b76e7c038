#!/usr/bin/env node
'use strict'
// The command. Old versions of Node.js must be able to parse this file, so that they can say what is missing.
require('./check-node.cjs').checkNode()
import('../src/main.ts').catch((error) => {
  process.stderr.write(String(error.stack) + '\n')
  process.exit(1)
})
