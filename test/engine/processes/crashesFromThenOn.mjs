import { existsSync } from 'node:fs'
import { crashInBatch } from './crash.mjs'

/** Crashes once there is a file of this name. */
const { CRASH_FILE } = process.env

crashInBatch(() => existsSync(CRASH_FILE))
