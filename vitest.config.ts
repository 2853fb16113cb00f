import { defineConfig } from 'vitest/config'

/** Tests of how soon something is seen or heard. */
const timed = ['desk-flood', 'wall', 'wall-flood', 'wall-real', 'demo'].map((name) => `tests/browser/${name}.test.ts`)

export default defineConfig({
  test: {
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    // Files share the two cores, but for those that time what the wall does: one at a time.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/{flow,browser,chaos,interop}/**'],
          // Many small files that share most of what they import, and some that wait.
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['tests/{flow,chaos,interop}/**/*.test.ts'],
          // Their processes wait as much as they work.
          maxWorkers: 3,
          testTimeout: 90_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          exclude: timed,
          globalSetup: ['tests/browser/built.ts'],
          testTimeout: 120_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'wall in time',
          include: timed,
          globalSetup: ['tests/browser/built.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
