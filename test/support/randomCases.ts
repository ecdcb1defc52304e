/**
 * How many random cases a test takes: so few, or as many times more as SHIFTSCOPE_TEST_FACTOR says, for
 * `SHIFTSCOPE_TEST_FACTOR=20 npx vitest run FILE`.
 */
export function randomCases(few: number): number {
  return Math.ceil(few * Number(process.env.SHIFTSCOPE_TEST_FACTOR ?? 1))
}
