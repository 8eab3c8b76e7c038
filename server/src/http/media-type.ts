const mediaTypePattern = /^[ \t]*([^\s;,/]+\/[^\s;,/]+)[ \t]*(?:;|$)/

/**
 * The media type of a `Content-Type` in lower case, without its parameters. Neither JSON (RFC 8259 §11) nor a form (WHATWG
 * URL §5) has a parameter with an effect: clients send `charset=utf8` or a bare `;`, and both are UTF-8 all the same.
 */
export const toMediaType = (contentType: string | null | undefined): string | undefined =>
  mediaTypePattern.exec(contentType ?? '')?.[1]?.toLowerCase()

/** The media type of JSON. */
export const isJson = (contentType: string | null | undefined): boolean =>
  toMediaType(contentType) === 'application/json'

/** The media type of a form. */
export const isForm = (contentType: string | null | undefined): boolean =>
  toMediaType(contentType) === 'application/x-www-form-urlencoded'
