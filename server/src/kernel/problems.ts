/**
 * Every refusal that this product can utter, with its HTTP status and English title (RFC 9457). The only such table:
 * a code that is not a key here does not compile.
 */
export const problems = {
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'Sign in or send an API token' },
  forbidden: { status: 403, title: 'Not allowed' },
  insufficient_scope: { status: 403, title: 'The scope of the token is not enough' },
  token_creation_disabled: { status: 403, title: 'API token creation is turned off for this organization' },
  token_creation_restricted: { status: 403, title: 'API token creation is limited to selected groups' },
  not_found: { status: 404, title: 'Not found' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  last_admin: { status: 409, title: 'An organization needs at least one admin' },
  group_in_use: { status: 409, title: 'The group is selected in the organization settings' },
  name_taken: { status: 409, title: 'That name is taken' },
  subject_taken: { status: 409, title: 'Another account is mapped to that subject' },
  mapping_exists: { status: 409, title: 'The account has a mapping for that provider' },
  provider_conflict: { status: 409, title: 'Another provider has that issuer and audience' },
  provider_in_use: { status: 409, title: 'Accounts are mapped at the provider' },
  sign_in_required: { status: 409, title: 'Sign in first' },
  would_lock_out: { status: 409, title: 'This change would suspend the very token that asks for it' },
  precondition_failed: { status: 412, title: 'It was changed in the meantime' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of a type that is not taken here' },
  invalid_request: { status: 422, title: 'Some fields are not valid' },
  precondition_required: { status: 428, title: 'Send If-Match with the ETag that you read' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<
  string,
  { status: 400 | 401 | 403 | 404 | 408 | 409 | 412 | 413 | 415 | 422 | 428 | 429 | 431 | 500 | 503; title: string }
>

export type ProblemCode = keyof typeof problems
