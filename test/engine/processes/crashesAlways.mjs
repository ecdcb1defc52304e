import { crashInBatch } from './crash.mjs'

crashInBatch()
