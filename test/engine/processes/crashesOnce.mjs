import { rmSync } from 'node:fs'
import { crashInBatch } from './crash.mjs'

/** Whoever removes the file of this name crashes; there is one. */
const { CRASH_FILE } = process.env

crashInBatch(() => {
  try {
    rmSync(CRASH_FILE)
    return true
  } catch {
    return false
  }
})
