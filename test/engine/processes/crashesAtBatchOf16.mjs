import { crashInBatch } from './crash.mjs'

/** Takes small batches alone. */
crashInBatch(({ offsets }) => offsets.length / 2 >= 16)
