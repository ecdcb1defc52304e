import type { FeatureLayer } from '../networks/index.js'
import { resourceError } from '../support/machine.js'

/** One layer's features: [positions, dims], row-major, float32, on memory that threads share. */
export interface LayerFeatures {
  readonly name: string
  readonly dims: number
  readonly matrix: Float32Array
}

/** Result of an extraction. */
export interface Features {
  readonly layers: readonly LayerFeatures[]
  /** How many positions, counted from the first, are finished: all of them unless the extraction was stopped. */
  readonly finished: number
  /**
   * Gives the matrices back. A later extraction is faster with pages that are in memory already. The matrices must not
   * be read after this call.
   */
  release(): void
}

/** Matrices that are used again once they were given back. */
export interface FeatureMemory {
  /**
   * @param rows number of rows of every matrix
   * @throws ResourceError if memory does not suffice
   */
  take(layers: readonly FeatureLayer[], rows: number): readonly Float32Array[]
  giveBack(matrices: readonly Float32Array[]): void
}

export function openFeatureMemory(): FeatureMemory {
  const spare: SharedArrayBuffer[] = []
  const bufferOf = (bytes: number): SharedArrayBuffer => {
    const at = spare.findIndex(({ byteLength }) => byteLength >= bytes)
    if (at !== -1) return spare.splice(at, 1)[0] as SharedArrayBuffer
    // Matrices that are too small for this extraction are too small for longer ones too.
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
