import { defineConfig } from 'vitest/config'

const ALL = 'test/**/*.test.ts'
/** Files that put something else in a module's place, or whose child processes are measured, which begins with their parent's. */
const ALONE = ['test/networks/trialRun.test.ts', 'test/fuzz/fuzz.test.ts']

export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // Files that share a process read the program once.
    projects: [
      { extends: true, test: { name: 'shared', include: [ALL], exclude: ALONE, isolate: false } },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
})
