import { createRequire } from 'node:module'

/** Writes into the memory that it inherits, and dies. */
const { mapSharedMemory } = createRequire(import.meta.url)('../../../native/build/Release/shiftscope.node')
const values = new Float32Array(mapSharedMemory(4, 8192))
values[0] += 1
values[values.length - 1] = 7
process.kill(process.pid, 'SIGKILL')
