import { defineConfig } from 'vitest/config'

const { SHIFTSCOPE_MUTATION_TESTS: tests = 'test' } = process.env

/** The fast tests without the build that only programs need, and without damaged inputs, whose tests cannot run in a thread. */
export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    include: [`${tests}/**/*.test.ts`],
    exclude: ['test/**/*.program.test.ts', 'test/**/*.slow.test.ts', 'test/fuzz/**'],
    // Each file reads the program anew; otherwise nobody would notice a change of what is set when it is read.
    isolate: true,
    testTimeout: 60_000,
  },
})
