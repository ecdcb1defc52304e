import { totalmem } from 'node:os'

/** Bytes of memory that this process may take: the machine's, or what a container is allowed. */
export function machineMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
}
