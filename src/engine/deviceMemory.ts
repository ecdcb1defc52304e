import { closeSync } from 'node:fs'
import { DeviceError } from '../errors.js'
import { createSharedMemory, growSharedMemory, mapSharedMemory } from '../native.js'
import type { FeatureLayer } from '../networks/index.js'
import type { MatrixPlaces } from './deviceMessages.js'

/** Sets of matrices: the features of one extraction stand while the next one is computed. */
export const MATRIX_SETS = 2

/** Matrices begin at multiples of this many bytes: a cache line. */
const ALIGNMENT = 64

/** Memory for the features of a pool of processes, which write into it. */
export interface FeatureMemory {
  /** What the processes inherit, one a set; none where the system has no memory that can be shared. */
  readonly descriptors: readonly number[]
  /**
   * Matrices for the next extraction, in the set whose turn it is; what stood there is given up.
   * @param rows of every matrix
   * @throws DeviceError when there is not so much memory
   */
  matrices(layers: readonly FeatureLayer[], rows: number): Matrices
  /** Closes the descriptors; matrices that are still in use stay. */
  close(): void
}

/** One extraction's matrices. */
export interface Matrices {
  /** By layer, [rows, dims]. */
  readonly values: readonly Float32Array[]
  /** Where the processes find them; undefined where they are not shared. */
  readonly places: MatrixPlaces | undefined
}

/** The buffer of each set is kept from unit to unit, so that its pages are touched for the first time once. */
export function openFeatureMemory(descriptors: readonly number[] = openDescriptors()): FeatureMemory {
  const buffers: (ArrayBufferLike | undefined)[] = new Array(MATRIX_SETS).fill(undefined)
  const open = [...descriptors]
  let set = MATRIX_SETS - 1
  return {
    descriptors,
    matrices: (layers, rows) => {
      set = (set + 1) % MATRIX_SETS
      const { starts, bytes } = arrangement(layers, rows)
      const kept = buffers[set]
      const buffer = kept !== undefined && kept.byteLength >= bytes ? kept : newBuffer(descriptors[set], bytes)
      buffers[set] = buffer
      return {
        values: layers.map(({ dims }, i) => new Float32Array(buffer, starts[i], rows * dims)),
        places: descriptors.length === 0 ? undefined : { set, bytes, starts },
      }
    },
    close: () => {
      buffers.fill(undefined)
      for (const descriptor of open.splice(0)) closeSync(descriptor)
    },
  }
}

function openDescriptors(): readonly number[] {
  const opened: number[] = []
  try {
    while (opened.length < MATRIX_SETS) {
      const descriptor = createSharedMemory()
      if (descriptor === undefined) return []
      opened.push(descriptor)
    }
    return opened
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor)
    throw new DeviceError(
      `features cannot be shared with the device's process: ${reasonOf(error)}; close other programs`,
    )
  }
}

/** The matrices one after another: where each begins, in bytes, and where the last one ends. */
function arrangement(layers: readonly FeatureLayer[], rows: number) {
  const starts: number[] = []
  let bytes = 0
  for (const { dims } of layers) {
    starts.push(bytes)
    bytes += Math.ceil((rows * dims * Float32Array.BYTES_PER_ELEMENT) / ALIGNMENT) * ALIGNMENT
  }
  return { starts, bytes }
}

function newBuffer(descriptor: number | undefined, bytes: number): ArrayBufferLike {
  try {
    if (descriptor === undefined) return new ArrayBuffer(bytes)
    growSharedMemory(descriptor, bytes)
    return mapSharedMemory(descriptor, bytes)
  } catch (error) {
    throw new DeviceError(
      `there is no memory for ${(bytes / 2 ** 30).toFixed(1)} GiB of features (${reasonOf(error)}): use a larger --stride or fewer layers`,
    )
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
