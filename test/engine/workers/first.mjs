import { existsSync, writeFileSync } from 'node:fs'

/** Whether this thread is the first of all that ask, by a file that DEATH_FILE names; the one that asks first makes it. */
export function isFirst(thread) {
  const file = process.env.DEATH_FILE
  if (existsSync(file)) return false
  try {
    writeFileSync(file, String(thread), { flag: 'wx' })
    return true
  } catch {
    return false
  }
}
