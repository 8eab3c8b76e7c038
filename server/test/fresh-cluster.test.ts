import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort, portcullis } from './command-line.ts'
import { type PostgresServer, startPostgres } from './databases-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const keys = {
  PORTCULLIS_SECRET: 'mXb4tq8ZsW2nQe7RkV9cLp3Hd6Ty1Jf0',
  PORTCULLIS_RESOURCE_KEY: 'Qp3sX7vB1nM9kL5jH2gF8dS4aZ6wE0rT',
}

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  for (const name of ['plain', 'other']) await client.query(`create role ${name} login password '${name}'`)
  await client.query('create database portcullis owner plain')
  await client.end()
})
afterAll(() => postgres.stop())

const as = async (login: string) => {
  const url = new URL(postgres.url)
  url.username = login
  url.password = login
  url.pathname = '/portcullis'
  return { ...keys, DATABASE_URL: url.href, PORT: String(await freePort()) }
}

test('1: a login that may not make tables is told so in a sentence', async () => {
  for (const command of ['migrate', 'start']) {
    const { exitCode, out, err } = await portcullis(await as('other'), [command])
    expect([exitCode, err]).toEqual([1, expect.stringContaining('The login lacks a right in the database')])
    expect(`${out}${err}`).not.toContain('    at ')
  }
})

test('0: an owner without CREATEROLE migrates a cluster in which no role of ours exists, with a warning', async () => {
  const { exitCode, out, err } = await portcullis(await as('plain'), ['migrate'])
  expect([exitCode, err]).toEqual([0, ''])
  expect(out).toContain('done  001-first')
  expect(out).toContain('warning: no role could be made for the service')
})
