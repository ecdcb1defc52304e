import { defineConfig } from 'vitest/config'

const FAST = 'test/**/*.test.ts'
const PROGRAM = 'test/**/*.program.test.ts'
const SLOW = 'test/**/*.slow.test.ts'

// Files that share a process read the program once.
export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1', COLUMNS: '80' },
    globalSetup: 'test/support/build.ts',
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'fast', include: [FAST], exclude: [PROGRAM, SLOW], isolate: false } },
      { extends: true, test: { name: 'program', include: [PROGRAM], isolate: false } },
      { extends: true, test: { name: 'slow', include: [SLOW] } },
    ],
  },
})
