import type { FeatureLayer } from '../../network.js'
import { resourceError } from '../../support/machine.js'
import { BatchFailure } from './batchFailure.js'

/** Features of one layer: a float32 matrix, [positions, dims], in shared memory. */
export interface LayerFeatures {
  readonly name: string
  readonly dims: number
  readonly matrix: Float32Array
}

export interface Features {
  readonly layers: readonly LayerFeatures[]
  /** Number of positions before the first unfinished one. */
  readonly finished: number
  /** Gives the memory to later extractions. The matrices must not be read after this call. */
  release(): void
}

export interface FeatureMemory {
  /**
   * Lends one matrix per layer to `work`, which fills them and returns the number of positions before the first
   * unfinished one.
   * @param onFailure called if `work` fails; the matrices are lent again only after it
   * @throws ResourceError if there is too little memory
   */
  fill(
    layers: readonly FeatureLayer[],
    rows: number,
    work: (matrices: readonly Float32Array[]) => Promise<number>,
    onFailure?: () => Promise<void>,
  ): Promise<Features>
}

export function openFeatureMemory(): FeatureMemory {
  const spare: SharedArrayBuffer[] = []
  const bufferOf = (bytes: number): SharedArrayBuffer => {
    const at = spare.findIndex(({ byteLength }) => byteLength >= bytes)
    if (at !== -1) return spare.splice(at, 1)[0]!
    // All spare buffers are too small for this matrix. They are freed, so that there is more memory for the new buffer.
    spare.length = 0
    try {
      return new SharedArrayBuffer(bytes)
    } catch (error) {
      throw resourceError(error, `${bytes} bytes of features`) ?? error
    }
  }
  return {
    fill: async (layers, rows, work, onFailure) => {
      const taken = layers.map(({ name, dims }) => {
        const length = rows * dims
        return { name, dims, matrix: new Float32Array(bufferOf(length * Float32Array.BYTES_PER_ELEMENT), 0, length) }
      })
      const release = () => {
        for (const { matrix } of taken) spare.push(matrix.buffer as SharedArrayBuffer)
        spare.sort((a, b) => a.byteLength - b.byteLength)
      }
      try {
        return { layers: taken, finished: await work(taken.map(({ matrix }) => matrix)), release }
      } catch (error) {
        await onFailure?.()
        // When a BatchFailure is thrown, no batch runs any more. After another error, a batch may still write.
        if (error instanceof BatchFailure) release()
        throw error
      }
    },
  }
}
