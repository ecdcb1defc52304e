import { defineConfig } from 'vitest/config'

const FAST = 'test/**/*.test.ts'
const PROGRAM = 'test/**/*.program.test.ts'
const SLOW = 'test/**/*.slow.test.ts'

/** With this seed, the fast tests run shuffled. The order of other tests is fixed. */
const seed = process.argv.includes('fast') ? process.env.SHIFTSCOPE_TEST_SEED : undefined

// Files that share a process read the program once.
export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1', COLUMNS: '80' },
    globalSetup: 'test/support/build.ts',
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    ...(seed && { sequence: { shuffle: true, seed: Number(seed) } }),
    projects: [
      { extends: true, test: { name: 'fast', include: [FAST], exclude: [PROGRAM, SLOW], isolate: false } },
      { extends: true, test: { name: 'program', include: [PROGRAM], isolate: false } },
      { extends: true, test: { name: 'slow', include: [SLOW] } },
    ],
  },
})
