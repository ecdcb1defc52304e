import { readFile, realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { checkCount } from '../checks.js'
import { ANCHOR_NAMES, type Anchor, type AnchorName, anchorPositions } from '../engine/positions.js'
import { endIfStopped, UsageError } from '../errors.js'
import { type ExperimentPlace, onCard, parseCardDevice, requiredCard } from '../experiments/card.js'
import { similarityMaps } from '../experiments/similarity.js'
import { writeNpy } from '../files/npy.js'
import { readFeatures } from './featureFile.js'

export interface SimilarityOptions {
  /** .npy file, float32 [rows, cols, dims], as `extract` writes it. */
  readonly file: string
  /** Where to write the maps, float32 [5, rows, cols]; nowhere by default. */
  readonly out?: string
  /** Threads of the similarity kernel; all cores by default. */
  readonly threads?: number
  /**
   * `auto` (default), `cpu`, `cuda` or `cuda:INDEX`. `auto` is the processor, which compares features in less time than they
   * take to a card. On either the cosines are within a float32 rounding of the float64 value.
   */
  readonly device?: string
  readonly signal?: AbortSignal
}

/** One anchor of a feature file. */
export interface AnchorSimilarity {
  /** Index of the anchor's position in the file. */
  readonly row: number
  readonly col: number
  /** The same place in pixels, if the file's extract.json says the stride. */
  readonly pixel?: { readonly row: number; readonly col: number }
  /** Mean and minimum of the cosine over all positions. */
  readonly mean: number
  readonly min: number
}

export interface Similarity {
  readonly rows: number
  readonly cols: number
  readonly dims: number
  readonly anchors: Readonly<Record<AnchorName, AnchorSimilarity>>
  /** [5, rows, cols] in the order of the anchors. */
  readonly maps: Float32Array
  /** `cpu`, or a CUDA device as `cuda:0`. */
  readonly device: string
  /** What the driver calls the card; null for the processor. */
  readonly adapter: string | null
}

/**
 * Cosine similarity of every position of a feature file with the five anchors. In a file of a coarser
 * stride an anchor is the position nearest to its place on the stride-1 grid.
 * @throws InputError if the file is not such an array, or names the position of an all-zero feature; UsageError if the
 * maps would replace it, or for a device that compares no features; DeviceError where CUDA is asked for and cannot be used;
 * InterruptedError, and then nothing is written
 */
export async function similarity({
  file,
  out,
  threads = availableParallelism(),
  device = 'auto',
  signal,
}: SimilarityOptions): Promise<Similarity> {
  checkCount('--threads', threads)
  const { name, index } = parseCardDevice(device)
  const card = name === 'cuda' ? requiredCard(index) : undefined
  const { rows, cols, dims, matrix } = await readFeatures(file)
  if (out !== undefined && (await isSameFile(file, out)))
    throw new UsageError(`${out} is the file of the features; choose another name with --out`)
  const stride = await strideBeside(file, rows, cols)
  const anchors = nearestAnchors(rows, cols, stride)
  const grid = { layer: file, matrix, dims, rows, cols, stride: 1, anchors }
  const compare = (place: ExperimentPlace) => similarityMaps(grid, threads, place)
  const result = await (card === undefined
    ? compare({})
    : onCard(card, grid, (cudaFeatures) => compare({ cudaFeatures })))
  endIfStopped(signal)
  if (out !== undefined) await writeNpy(out, [ANCHOR_NAMES.length, rows, cols], result.maps)
  const entries = ANCHOR_NAMES.map((name) => {
    const { row, col, mean, min } = result.anchors[name]
    const pixel = stride === undefined ? {} : { pixel: { row: row * stride.stride, col: col * stride.stride } }
    return [name, { row, col, ...pixel, mean, min }] as const
  })
  const byName = Object.fromEntries(entries) as Similarity['anchors']
  const ran = { device: card === undefined ? 'cpu' : `cuda:${card.index}`, adapter: card?.name ?? null }
  return { rows, cols, dims, anchors: byName, maps: result.maps, ...ran }
}

async function isSameFile(file: string, out: string): Promise<boolean> {
  return (await realpath(file)) === (await realpath(out).catch(() => undefined))
}

/** Stride, and positions along an axis at stride 1. */
interface Stride {
  readonly stride: number
  readonly side: number
}

const descriptionSchema = z.object({
  stride: z.number().int().positive(),
  size: z.number().int().positive(),
  rows: z.number().int(),
  cols: z.number().int(),
  frame: z.number().int().positive(),
})

/** What the extract.json in the file's folder says of the grid, if there is one that fits the file. */
async function strideBeside(file: string, rows: number, cols: number): Promise<Stride | undefined> {
  const text = await readFile(join(dirname(file), 'extract.json'), 'utf8').catch(() => 'null')
  const parsed = descriptionSchema.safeParse(tryJson(text))
  if (!parsed.success || parsed.data.rows !== rows || parsed.data.cols !== cols) return undefined
  const { stride, size, frame } = parsed.data
  const side = frame - size + 1
  const positions = Math.ceil(side / stride)
  return rows === positions && cols === positions ? { stride, side } : undefined
}

function nearestAnchors(rows: number, cols: number, stride: Stride | undefined): readonly Anchor[] {
  if (stride === undefined) {
    const vertical = anchorPositions(rows)
    return anchorPositions(cols).map(({ name, col }, i) => {
      const row = (vertical[i] as (typeof vertical)[number]).row
      return { name, row, col, index: row * cols + col }
    })
  }
  const nearest = (place: number, count: number) => Math.min(count - 1, Math.round(place / stride.stride))
  return anchorPositions(stride.side).map(({ name, row, col }) => {
    const at = { row: nearest(row, rows), col: nearest(col, cols) }
    return { name, ...at, index: at.row * cols + at.col }
  })
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
