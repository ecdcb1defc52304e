import type { FeatureLayer } from '../networks/index.js'
import { resourceError } from '../support/machine.js'

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
  /** @throws ResourceError if there is too little memory */
  take(layers: readonly FeatureLayer[], rows: number): readonly Float32Array[]
  giveBack(matrices: readonly Float32Array[]): void
}

export function openFeatureMemory(): FeatureMemory {
  const spare: SharedArrayBuffer[] = []
  const bufferOf = (bytes: number): SharedArrayBuffer => {
    const at = spare.findIndex(({ byteLength }) => byteLength >= bytes)
    if (at !== -1) return spare.splice(at, 1)[0] as SharedArrayBuffer
    // All spare buffers are too small for this matrix. They are freed, so that there is more memory for the new buffer.
    spare.length = 0
    try {
      return new SharedArrayBuffer(bytes)
    } catch (error) {
      throw resourceError(error, `${bytes} bytes of features`) ?? error
    }
  }
  return {
    take: (layers, rows) =>
      layers.map(({ dims }) => {
        const length = rows * dims
        return new Float32Array(bufferOf(length * Float32Array.BYTES_PER_ELEMENT), 0, length)
      }),
    giveBack: (matrices) => {
      for (const { buffer } of matrices) spare.push(buffer as SharedArrayBuffer)
      spare.sort((a, b) => a.byteLength - b.byteLength)
    },
  }
}
