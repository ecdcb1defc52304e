/**
 * Number of random cases for a test: `few`, times SHIFTSCOPE_TEST_FACTOR if that is set, as in
 * `SHIFTSCOPE_TEST_FACTOR=20 npx vitest run FILE`.
 */
export function randomCases(few: number): number {
  return Math.ceil(few * Number(process.env.SHIFTSCOPE_TEST_FACTOR ?? 1))
}
