import { dieInBatch } from './die.mjs'

export default dieInBatch
