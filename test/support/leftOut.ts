/** Whether tests are left out here; if so, it says why on the screen. For `it.skipIf(leftOut(condition, reason))`. */
export function leftOut(condition: boolean, reason: string): boolean {
  if (condition) console.warn(`tests are left out: ${reason}`)
  return condition
}
