import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { reasonOf } from './doctor/finding.ts'

/*
 * Checkpoints are signed with Ed25519 (RFC 8032): whoever checks them needs the public key and no secret. Both are PEM,
 * as `openssl` reads and writes them. The private key belongs to the operator, is never sent to the running instance, and
 * has no place in the database.
 */

type Read<T> = { key: T } | { wrong: string }

/** How a key is called wherever it is named: SHA-256 of its public half (SPKI, DER), as `ssh-keygen` writes it. */
export const fingerprintOf = (publicKey: KeyObject): string =>
  `SHA256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
    .replace(/=+$/, '')}`

function readKey(file: string, parse: (pem: string) => KeyObject): Read<KeyObject> {
  try {
    const key = parse(readFileSync(file, 'utf8'))
    return key.asymmetricKeyType === 'ed25519' ? { key } : { wrong: `${file} is no Ed25519 key.` }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    return {
      wrong: /^E[A-Z]+$/.test(code) ? `${file} cannot be read: ${reasonOf(error)}` : `${file} is no key in PEM.`,
    }
  }
}

export const readPublicKey = (file: string): Read<KeyObject> => readKey(file, createPublicKey)

/** The key that signs; refused when others on this machine can read it, for then it proves nothing. */
export function readPrivateKey(file: string): Read<KeyObject> {
  const read = readKey(file, createPrivateKey)
  if ('wrong' in read || (statSync(file).mode & 0o077) === 0) return read
  return { wrong: `${file} can be read by others: make another key, or \`chmod 600 ${file}\` if nobody has.` }
}

/** Makes a key pair: the private half for the operator alone, the public one beside it. Never writes over a file. */
export function makeKey(file: string): KeyObject {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  writeFileSync(publicKeyFileOf(file), publicKey.export({ type: 'spki', format: 'pem' }), { flag: 'wx' })
  return privateKey
}

export const publicKeyFileOf = (keyFile: string): string => `${keyFile}.pub`
