import { defineConfig } from 'vitest/config'

const { SHIFTSCOPE_MUTATION_TESTS: tests = 'test' } = process.env

/** The fast tests alone, without the build that only programs need. */
export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    include: [`${tests}/**/*.test.ts`],
    exclude: ['test/**/*.program.test.ts', 'test/**/*.slow.test.ts'],
    isolate: false,
    testTimeout: 60_000,
  },
})
