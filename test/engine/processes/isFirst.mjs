import { rmSync } from 'node:fs'

/** Whether nobody has removed this file before: of several processes or threads, only one can. */
export function isFirst(file) {
  try {
    rmSync(file)
    return true
  } catch {
    return false
  }
}
