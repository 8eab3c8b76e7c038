/**
 * What servers that compress append to an entity tag, inside its quotes: Apache and Caddy `-gzip`, Jetty `--gzip`, LiteSpeed
 * `;br`. The content that the tag names is the same.
 */
const codingSuffix = /(?:(?:--?|;)(?:x-)?(?:gzip|gz|deflate|brotli|br|zstd|zst|compress)|;;;)$/i

/** Proxies in a row that compress; a bound, since the text is a client's. */
const maxSuffixes = 3

/** The opaque part of an entity tag as it came, and without each suffix that a proxy may have appended. */
function listOrigins(opaque: string): string[] {
  const origins = [opaque]
  for (let count = 0; count < maxSuffixes; count += 1) {
    const longer = origins.at(-1) ?? ''
    const shorter = longer.replace(codingSuffix, '')
    if (shorter === longer) break
    origins.push(shorter)
  }
  return origins
}

/** The opaque part of an entity tag without what proxies appended to it. */
export const withoutCodingSuffixes = (opaque: string): string => listOrigins(opaque).at(-1) ?? opaque

/** Do two opaque parts name the same content? The first is ours, and may end like a suffix by chance. */
export const isSameTag = (ours: string, theirs: string): boolean =>
  theirs.startsWith(ours) && listOrigins(theirs).includes(ours)
