import { hash } from 'node:crypto'

/** The secret of a one-time link: 256 bits of chance as base64url, 43 characters. */
export const newLinkSecret = (randomBytes: (size: number) => Uint8Array): string =>
  Buffer.from(randomBytes(32)).toString('base64url')

/** All that is remembered of such a secret: its SHA-256. With 256 bits of chance behind it no salt is needed. */
export const linkHash = (secret: string): string => hash('sha256', secret, 'base64url')
