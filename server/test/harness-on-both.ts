import { describeOnBoth, type TestDatabase } from './databases.ts'
import { type Harness, harness } from './harness.ts'

/** On each kind of database one instance for all of these tests, which starts when the first of them wants it. */
export const onBoth = (name: string, tests: (app: () => Promise<Harness>, open: () => Promise<TestDatabase>) => void) =>
  describeOnBoth(name, (open) => {
    let app: Promise<Harness> | undefined
    tests(() => {
      app ??= open().then((database) => harness(database))
      return app
    }, open)
  })
