import { realpath } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import { checkOptions, kinds } from '../checkedOptions.js'
import { checkCount } from '../checks.js'
import { availableCores } from '../cores.js'
import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { endIfStopped, throwIfStopped, UsageError } from '../errors.js'
import { type ExperimentPlace, onCard, parseCardDevice, requiredCard } from '../experiments/card.js'
import { similarityMaps } from '../experiments/similarity.js'
import { makeWritableFolder, writeFileAtomic } from '../files/atomic.js'
import { writeNpy } from '../files/npy.js'
import { PAPER_LIMITS } from '../page/paperLimits.js'
import { type ColourLimits, checkLimits } from '../plot/colormap.js'
import { checkDrawable, similarityPicture } from '../report/similarityPicture.js'
import { type DescribedGrid, gridSchema } from './extractFile.js'
import {
  eachLayer,
  type FeatureArray,
  type FeatureLayers,
  hasLayers,
  type LayerResults,
  openFeatures,
} from './features.js'

export interface SimilarityOptions {
  /** Where to write the maps, float32 [5, rows, cols]; nowhere by default, and not of several layers. */
  readonly out?: string
  /** Where to draw the maps as one PNG, its axes in pixels where the stride is known; as with `out` nowhere by default. */
  readonly png?: string
  /** Ends of the picture's colour scale; the paper's 0.88 and 1 by default. */
  readonly limits?: ColourLimits
  /** Threads of the similarity kernel; all cores by default. */
  readonly threads?: number
  /**
   * `auto` (default), `cpu`, `cuda` or `cuda:INDEX`. `auto` is the processor, which compares features in less time than they
   * take to a card. On either the cosines are within a float32 rounding of the float64 value.
   */
  readonly device?: string
  readonly signal?: AbortSignal
}

export interface Similarity {
  readonly rows: number
  readonly cols: number
  readonly dims: number
  readonly anchors: Readonly<
    Record<
      AnchorName,
      {
        /** Index of the anchor's position in the array. */
        readonly row: number
        readonly col: number
        /** The same place in pixels, if the file's extract.json says the stride. */
        readonly pixel?: { readonly row: number; readonly col: number }
        /** Mean and minimum of the cosine over all positions. */
        readonly mean: number
        readonly min: number
      }
    >
  >
  /** [5, rows, cols] in the order of the anchors. */
  readonly maps: Float32Array
  /** `cpu`, or a CUDA device as `cuda:0`. */
  readonly device: string
  /** What the driver calls the card; null for the processor. */
  readonly adapter: string | null
}

/**
 * Cosine similarity of every position's feature with the features at the five anchors (paper section 2.1). In features of a
 * coarser stride an anchor is the position nearest to its place on the stride-1 grid, where the stride is known.
 * @param features a .npy file as `extract` writes it, an array in memory, or what `extract` gave: then of each layer
 * @throws InputError for a file that is not such an array, a feature that is all zero (its position is named), or a grid that
 *   is too large for a picture; UsageError for an array that is none, a picture whose name does not end in .png, or if a result
 *   would replace the features' file; OutputError for a folder that cannot be written; an abort rejects with the signal's
 *   reason, and then nothing is written
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
  checkOptions(options, {
    optional: {
      ...{ out: kinds.text, png: kinds.text, limits: kinds.limits },
      ...{ threads: kinds.number, device: kinds.text, signal: kinds.signal },
    },
  })
  checkPicture(options)
  checkCount('`threads`', options.threads ?? 1)
  if (!hasLayers(features)) return similarityOf(features, options)
  for (const name of ['out', 'png'] as const)
    if (options[name] !== undefined)
      throw new UsageError(`\`${name}\` takes the maps of one layer; hand over one of the layers`)
  const known = gridSchema.safeParse(features)
  return eachLayer(features, (layer) => similarityOf(layer, options, known.data))
}

async function similarityOf(
  features: string | FeatureArray,
  { out, png, limits = PAPER_LIMITS, threads = availableCores(), device = 'auto', signal }: SimilarityOptions,
  given?: DescribedGrid,
): Promise<Similarity> {
  throwIfStopped(signal)
  const { name: deviceName, index } = parseCardDevice(device)
  const card = deviceName === 'cuda' ? requiredCard(index) : undefined
  const grid = await openFeatures(features, given)
  const { layer: name, rows, cols, dims, described } = grid
  for (const [option, path] of Object.entries({ out, png }))
    if (path !== undefined && typeof features === 'string' && (await isSameFile(features, path)))
      throw new UsageError(`${path} is the file of the features; choose another name with \`${option}\``)
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
  const entries = grid.anchors.map(({ name, index, ...pixel }) => {
    const { mean, min } = result.anchors[name]
    const place = { row: Math.floor(index / cols), col: index % cols }
    return [name, { ...place, ...(described && { pixel }), mean, min }] as const
  })
  const byName = Object.fromEntries(entries) as Similarity['anchors']
  const ran = { device: card === undefined ? 'cpu' : `cuda:${card.index}`, adapter: card?.name ?? null }
  return { rows, cols, dims, anchors: byName, maps: result.maps, ...ran }
}

function checkPicture({ out, png, limits }: SimilarityOptions): void {
  if (limits !== undefined) checkLimits(limits)
  if (png === undefined) {
    if (limits !== undefined) throw new UsageError('`limits` are those of a picture; name its file with `png`')
    return
  }
  if (extname(png).toLowerCase() !== '.png')
    throw new UsageError(`${png} does not end in .png, which is what \`png\` writes; choose such a name`)
  if (out !== undefined && resolve(out) === resolve(png))
    throw new UsageError(`${png} is named by \`out\` too; choose another name with \`png\``)
}

async function isSameFile(file: string, out: string): Promise<boolean> {
  return (await realpath(file)) === (await realpath(out).catch(() => undefined))
}
