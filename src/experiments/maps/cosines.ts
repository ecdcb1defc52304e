import type { LayerFeatures } from '../../engine/features/features.js'
import type { Anchor, AnchorName, AnchorPosition, PositionGrid } from '../../engine/scene/positions.js'
import { reworded } from '../../errors.js'
import { cosineSimilarity, DegenerateFeatureError } from '../../native.js'
import type { ExperimentPlace } from './card.js'
import { type LayerGrid, positionAt } from './grid.js'
import { meanAndMin } from './mapMeasures.js'

/** Similarity maps of one layer, one for each anchor. An anchor is a position of reference, such as the center. */
export interface SimilarityMaps {
  /**
   * One map per anchor, in the order of `ANCHOR_NAMES`, [5, rows, cols]. Its values are the cosines between the feature
   * at each position and the feature at the anchor.
   */
  readonly maps: Float32Array
  /** For each anchor: its row and column in pixels, and the mean and minimum of its map. */
  readonly anchors: Readonly<Record<AnchorName, { row: number; col: number; mean: number; min: number }>>
}

/** Features on a grid, and the anchors' features with which they are compared. */
export interface FeatureGrid extends LayerGrid {
  /** The anchors, in the order of `ANCHOR_NAMES`. */
  readonly anchors: readonly AnchorPosition[]
  /** Features at the anchors, [5, dims]. */
  readonly anchorFeatures: Float32Array
}

/** Features that were extracted at `grid.offsets`, with those at the anchors. `title` names the layer in messages. */
export function extractedGrid(grid: PositionGrid, { matrix, dims }: LayerFeatures, title: string): FeatureGrid {
  return { ...grid, matrix, dims, layer: title, anchorFeatures: featuresAt(matrix, dims, grid.anchors) }
}

/**
 * Cosine similarity of every position's feature with the feature at each anchor (paper section 2.1). The matrix is read
 * only once. Each value is within 1e-6 of the value computed in float64.
 * @throws DegenerateFeatureError that names the position of an all-zero or non-finite feature
 * @throws CudaFailure if the CUDA card fails
 */
export async function similarityMaps(
  grid: FeatureGrid,
  threads: number,
  { cudaFeatures }: ExperimentPlace = {},
): Promise<SimilarityMaps> {
  const { matrix, dims, rows, cols, anchors, anchorFeatures } = grid
  const positions = rows * cols
  const maps = await cosineSimilarity({
    features: cudaFeatures ?? matrix.subarray(0, positions * dims),
    rows: positions,
    dims,
    anchors: anchorFeatures,
    anchorCount: anchors.length,
    threads,
  }).catch((error: unknown) => {
    throw degenerateError(error, grid)
  })
  const entries = anchors.map(({ name, row, col }, i) => {
    const map = maps.subarray(i * positions, (i + 1) * positions)
    return [name, { row, col, ...meanAndMin(map) }] as const
  })
  return { maps, anchors: Object.fromEntries(entries) as unknown as SimilarityMaps['anchors'] }
}

/** Copies the rows of a feature matrix that belong to the anchors, [anchors, dims]. */
export function featuresAt(matrix: Float32Array, dims: number, anchors: readonly Anchor[]): Float32Array {
  const features = new Float32Array(anchors.length * dims)
  anchors.forEach(({ index }, i) => {
    features.set(matrix.subarray(index * dims, (index + 1) * dims), i * dims)
  })
  return features
}

function degenerateError(error: unknown, grid: FeatureGrid): unknown {
  if (!(error instanceof DegenerateFeatureError)) return error
  const anchor = error.source === 'anchors' ? grid.anchors[error.row] : undefined
  const { row, col } = anchor ?? positionAt(error.row, grid)
  const faults = { zero: 'is all zero, so its cosine is undefined', nan: 'holds NaN', infinite: 'holds infinity' }
  return reworded(
    error,
    `${grid.layer}: the feature at position (${row}, ${col}) ${faults[error.reason]}; check the weights and the object`,
  )
}
