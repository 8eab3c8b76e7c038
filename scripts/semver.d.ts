/** What is used of `semver`. */
declare module 'semver' {
  const semver: {
    gt: (one: string, other: string) => boolean
    gte: (one: string, other: string) => boolean
    satisfies: (version: string, range: string) => boolean
  }
  export default semver
}
