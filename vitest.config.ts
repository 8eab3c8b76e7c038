import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'server/src/**/*.test.ts',
      'server/test/**/*.test.ts',
      'console/src/**/*.test.ts',
      'e2e/**/*.test.ts',
      'examples/**/*.test.ts',
      'bench/**/*.test.ts',
      'demo/**/*.test.ts',
      'sdk/**/*.test.ts',
    ],
    globalSetup: 'server/test/global-setup.ts',
    // Processes, not threads: the folder lock sets the umask, and a crash of the database's thread stays in its file.
    pool: 'forks',
    maxWorkers: 2,
    // Generous, since nothing is asserted about time: a database starts within them on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
  },
})
