import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ResourceError, UsageError } from '../errors.js'
import { machineMemory } from '../memory.js'
import type { Network } from '../networks/index.js'
import type { PositionGrid } from './positions.js'

/** Bytes of a network's features at all positions of a grid, the anchors outside it included. */
export function gridFeatureBytes({ layers }: Pick<Network, 'layers'>, { offsets }: PositionGrid): number {
  const dims = layers.reduce((sum, layer) => sum + layer.dims, 0)
  return (offsets.length / 2) * dims * Float32Array.BYTES_PER_ELEMENT
}

/**
 * Compares a network's features with the memory, before any of it is taken.
 * @param memory in bytes
 * @throws UsageError when they cannot fit
 */
export function checkMemory(network: Network, grid: PositionGrid, memory = machineMemory()): void {
  const bytes = network.weightsBytes + gridFeatureBytes(network, grid)
  if (bytes <= memory) return
  const widest = network.layers.reduce((most, layer) => (layer.dims > most.dims ? layer : most))
  const without = `a larger \`stride\`, or \`layers\` without ${widest.name} (${widest.dims} values)`
  const remedy = widest.isMap ? `\`pool mean\`, ${without}` : without
  const gibibytes = (count: number) => `${(count / 2 ** 30).toFixed(1)} GiB`
  throw new UsageError(
    `${network.id}: weights and features of ${grid.offsets.length / 2} positions take ${gibibytes(bytes)} of this machine's ${gibibytes(memory)} of memory; use ${remedy}`,
  )
}

/**
 * Bytes of addresses that a thread of JavaScript takes: V8 sets far more aside than it uses, and so do the libraries that the
 * thread loads.
 */
const ADDRESSES_PER_THREAD = 1.2 * 2 ** 30

/** Bytes of addresses that the shell's limit (`ulimit -v`) leaves this process; infinite where there is none. */
export function addressesLeft(folder = '/proc/self'): number {
  const number = (file: string, line: RegExp) => Number(line.exec(textOf(join(folder, file)))?.[1])
  const limit = number('limits', /^Max address space\s+(\d+)/m)
  const taken = 1024 * number('status', /^VmSize:\s+(\d+) kB/m)
  return Number.isNaN(limit - taken) ? Number.POSITIVE_INFINITY : limit - taken
}

/** How many threads of JavaScript can be started: one more, and V8 would end the process without a word of ours. */
export function threadsWithinLimit(left = addressesLeft()): number {
  return Math.max(0, Math.floor(left / ADDRESSES_PER_THREAD))
}

/** @throws ResourceError for more workers than the shell's limit leaves addresses for */
export function checkWorkers(count: number, left = addressesLeft()): void {
  if (count <= threadsWithinLimit(left)) return
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  const workers = count === 1 ? 'a worker takes' : `${count} workers take`
  const fewer = count === 1 ? '' : ', or use fewer `workers`'
  throw new ResourceError(
    `${workers} ${gibibytes(count * ADDRESSES_PER_THREAD)} of addresses, and the limit of this shell leaves ${gibibytes(left)}; allow more (ulimit -v)${fewer}`,
  )
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
