import { realpath } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES, type AnchorName } from '../engine/scene/positions.js'
import { endIfStopped, throwIfStopped, UsageError } from '../errors.js'
import { type ExperimentPlace, namedCard, onCard } from '../experiments/maps/card.js'
import { similarityMaps } from '../experiments/maps/cosines.js'
import { positionAt } from '../experiments/maps/grid.js'
import { makeWritableFolder, writeFileAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { PAPER_LIMITS } from '../plot/colormap.js'
import { colourLimits } from '../plot/colourLimits.js'
import { checkCount } from '../support/checks.js'
import { availableCores } from '../support/machine.js'
import { type CheckedOptions, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import type { DescribedGrid } from './extractFile.js'
import {
  type FeatureArray,
  type FeatureLayers,
  hasLayers,
  type LayerResults,
  measureLayers,
  openAnchored,
} from './features.js'
import { checkDrawable, similarityPicture } from './similarityPicture.js'

const OPTIONS = {
  /**
   * Path of a .npy file for the maps, float32 [5, rows, cols]; only for the features of a single layer. By default
   * nothing is written.
   */
  out: z.string().exactOptional(),
  /**
   * Path of a PNG file for a picture of the maps; only for the features of a single layer. Its axes are in pixels if
   * the stride is known. By default nothing is drawn.
   */
  png: z.string().exactOptional(),
  /** Lowest and highest value of the picture's colour scale; by default 0.88 and 1, as in the paper. */
  limits: colourLimits.exactOptional(),
  /** Number of threads that compute the cosines; all cores by default. */
  threads: z
    .number()
    .superRefine((count) => checkCount('threads', count))
    .default(availableCores),
  /**
   * Device that computes the cosines: `auto` (default), `cpu`, `cuda` or `cuda:INDEX`. `auto` is the processor, which
   * is faster than copying the features to a GPU. Processor and GPU are both accurate to float32 rounding.
   */
  device: z.string().default('auto'),
  signal: schemas.signal.exactOptional(),
}

/** Options of `similarity`. */
export interface SimilarityOptions extends GivenOptions<typeof OPTIONS> {}

type Checked = CheckedOptions<typeof OPTIONS>

/** Similarity maps of one layer and their means. */
export interface Similarity {
  readonly rows: number
  readonly cols: number
  /** Number of values per position. */
  readonly dims: number
  readonly anchors: Readonly<
    Record<
      AnchorName,
      {
        /**
         * Row and column of the grid that are nearest to the anchor. If the stride is unknown, the corners and the center
         * of the grid.
         */
        readonly row: number
        readonly col: number
        /** Position of the anchor in pixels, which need not be on the grid; absent if the stride is unknown. */
        readonly pixel?: { readonly row: number; readonly col: number }
        /** Mean and minimum cosine over all positions. */
        readonly mean: number
        readonly min: number
      }
    >
  >
  /** If nearby positions replaced anchors whose features are missing: which ones, in pixels. */
  readonly moved?: string
  /** Cosine of each position with each anchor, [5, rows, cols], in the order of `ANCHOR_NAMES`. */
  readonly maps: Float32Array
  /** Device that computed the cosines: `cpu`, or a CUDA device such as `cuda:0`. */
  readonly device: string
  /** Name of the GPU as its driver gives it; null for the processor. */
  readonly adapter: string | null
}

/**
 * Compares the feature at every position with those at the five anchors by cosine similarity (paper section 2.1). The
 * features at the anchors are in a result of `extract`, and in a file beside the array that it wrote. If they are
 * missing, the nearest positions of the grid replace the anchors; see `moved`.
 * @param features path of a .npy file that `extract` wrote, an array in memory, or a result of `extract`. For a result
 *   of `extract`, the function returns one result per layer.
 * @throws InputError for a file that holds no features or is damaged, or for a grid too large to draw; with the code
 *   `ERR_SHIFTSCOPE_DEGENERATE_FEATURE` for a feature that is all zero or not finite
 * @throws UsageError for invalid options, an invalid array in memory, or an `out` or `png` that would replace the
 *   features' file
 * @throws DeviceError if you name a CUDA device that cannot be used
 * @throws OutputError for a folder that cannot be written
 * @throws the signal's reason after an abort, and then nothing is written
 */
export async function similarity(features: string | FeatureArray, options?: SimilarityOptions): Promise<Similarity>
export async function similarity(
  features: FeatureLayers,
  options?: SimilarityOptions,
): Promise<LayerResults<Similarity>>
export async function similarity(
  features: string | FeatureArray | FeatureLayers,
  options: SimilarityOptions = {},
): Promise<Similarity | LayerResults<Similarity>> {
  const checked = parseOptions(options, OPTIONS)
  checkPicture(checked)
  for (const name of ['out', 'png'] as const)
    if (hasLayers(features) && checked[name] !== undefined)
      throw UsageError.of`\`${name}\` needs a single layer, but you passed several; pass one of them`
  return measureLayers(features, (layer, grid) => similarityOf(layer, checked, grid))
}

async function similarityOf(
  features: string | FeatureArray,
  { out, png, limits = PAPER_LIMITS, threads, device, signal }: Checked,
  given?: DescribedGrid,
): Promise<Similarity> {
  throwIfStopped(signal)
  const card = namedCard(device)
  const grid = await openAnchored(features, given)
  const { layer: name, rows, cols, dims, described, moved } = grid
  for (const [option, path] of Object.entries({ out, png }))
    if (path !== undefined && typeof features === 'string' && (await isSameFile(features, path)))
      throw UsageError.of`${path} contains the features and cannot be overwritten; choose another name with \`${option}\``
  if (png !== undefined) {
    checkDrawable({ name, rows, cols })
    await makeWritableFolder(dirname(png))
  }
  const compare = (place: ExperimentPlace) => similarityMaps(grid, threads, place)
  const result = await (card === undefined
    ? compare({})
    : onCard(card, grid, (cudaFeatures) => compare({ cudaFeatures })))
  endIfStopped(signal)
  if (out !== undefined) await writeNpy(out, [ANCHOR_NAMES.length, rows, cols], result.maps)
  if (png !== undefined) {
    const maps = { name: basename(name), rows, cols, maps: result.maps, placement: described }
    await writeFileAtomic(png, await similarityPicture(maps, limits))
  }
  const entries = grid.anchors.map(({ name, row, col }, i) => {
    const { mean, min } = result.anchors[name]
    const place = positionAt(grid.nearest[i]!, { cols, stride: 1 })
    return [name, { ...place, ...(described && { pixel: { row, col } }), mean, min }] as const
  })
  const byName = Object.fromEntries(entries) as Similarity['anchors']
  const ran = { device: card === undefined ? 'cpu' : `cuda:${card.index}`, adapter: card?.name ?? null }
  return { rows, cols, dims, anchors: byName, ...(moved && { moved }), maps: result.maps, ...ran }
}

function checkPicture({ out, png, limits }: Checked): void {
  if (png === undefined) {
    if (limits !== undefined)
      throw UsageError.of`\`limits\` sets the colour scale of a picture, but you did not ask for a picture; name its file with \`png\``
    return
  }
  if (extname(png).toLowerCase() !== '.png')
    throw new UsageError(`${png} does not end in .png; choose a name that does`)
  if (out !== undefined && resolve(out) === resolve(png))
    throw UsageError.of`\`out\` and \`png\` both name ${png}; choose another name with \`png\``
}

async function isSameFile(file: string, out: string): Promise<boolean> {
  return (await realpath(file)) === (await realpath(out).catch(() => undefined))
}
