/**
 * Returns the condition. If it holds, prints why the tests are skipped. For `it.skipIf(leftOut(condition, reason))`.
 */
export function leftOut(condition: boolean, reason: string): boolean {
  if (condition) console.warn(`tests are left out: ${reason}`)
  return condition
}
