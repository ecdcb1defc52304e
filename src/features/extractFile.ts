import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES } from '../engine/scene/positions.js'
import { BLENDS } from '../engine/scene/task.js'
import { InputError } from '../errors.js'
import type { AnswerCounts } from '../experiments/answers/answers.js'
import { headOf } from '../experiments/answers/heads.js'
import { fileName } from '../files/fileName.js'
import { tryJson } from '../files/json.js'
import { encodeNpy, type NpyArray, readNpy } from '../files/npy.js'
import { packageVersion } from '../files/package.js'
import type { NewFile } from '../files/partialArrays.js'
import { readRegular } from '../files/regularFile.js'
import { sha256 } from '../files/sha256.js'
import { HEAD_KINDS, SCORE_MEANINGS } from '../network.js'
import { UNKNOWN_PATCH } from './extractionPage.js'

export const EXTRACT_FILE = 'extract.json'

export function arrayFile(layer: string): string {
  return `${fileName(layer)}.npy`
}

/** File with a layer's features at the anchors, [5, dims]. */
export function anchorFile(layer: string): string {
  return `anchors-${arrayFile(layer)}`
}

/** A layer that extract.json describes. The shape of its array is [rows, cols, dims]. */
interface Layer {
  readonly name: string
  readonly dims: number
  readonly data: Float32Array
  readonly shape: readonly number[]
  readonly anchorFeatures: Float32Array
  readonly equivariance?: readonly object[]
}

/**
 * Makes extract.json and the files with the features at the anchors. extract.json has a hash of each array, which shows
 * whether the array and extract.json belong together. After an interruption, they may not match, because two files
 * cannot be replaced at the same moment.
 */
export function extractFiles(
  extraction: { readonly layers: readonly Layer[] },
  origin: object,
): readonly [NewFile, ...NewFile[]] {
  const anchors = extraction.layers.map(({ name, dims, anchorFeatures }) => ({
    file: anchorFile(name),
    content: encodeNpy(anchorShape(dims), anchorFeatures),
  }))
  const layers = extraction.layers.map(({ name, dims, shape, data, equivariance }, i) => {
    const { file, content } = anchors[i]!
    return {
      name,
      dims,
      file: arrayFile(name),
      sha256: sha256(...encodeNpy(shape, data)),
      equivariance,
      anchors: { file, sha256: sha256(...content) },
    }
  })
  const description = { shiftscope: packageVersion(), ...extraction, layers, ...origin }
  return [{ file: EXTRACT_FILE, content: `${JSON.stringify(description, null, 2)}\n` }, ...anchors]
}

function anchorShape(dims: number): readonly number[] {
  return [ANCHOR_NAMES.length, dims]
}

/** The grid of positions, as in extract.json and in the result of `extract`. */
export const gridSchema = z.object({
  stride: z.number().int().positive(),
  size: z.number().int().positive(),
  rows: z.number().int(),
  cols: z.number().int(),
  frame: z.number().int().positive(),
})

export type DescribedGrid = z.infer<typeof gridSchema>

export const UNKNOWN_NETWORK = 'unknown network'

const scoresSchema = z.object({ meaning: z.enum(SCORE_MEANINGS), source: z.string() })

/** Contents of extract.json. Only the grid is required. */
export const descriptionSchema = gridSchema.extend({
  layers: z
    .array(
      z.object({
        name: z.string(),
        dims: z.number().int().positive(),
        sha256: z.string().optional(),
        anchors: z.object({ sha256: z.string() }).optional(),
      }),
    )
    .min(1)
    .refine((layers) => new Set(layers.map(({ name }) => name)).size === layers.length)
    // Otherwise the layers would be compared with features at different positions.
    .refine((layers) => new Set(layers.map(({ anchors }) => anchors === undefined)).size === 1)
    .optional(),
  model: z.string().default(UNKNOWN_NETWORK),
  weightsSha256: z.string().default(''),
  patch: z.string().default(UNKNOWN_PATCH),
  patchSha256: z.string().default(''),
  background: z.string().default(''),
  blend: z.enum(BLENDS).default('hard'),
  /** Name of the layer of class scores, what they mean, and the names of its classes by index; absent if unknown. */
  answers: z
    .object({
      layer: z.string(),
      head: z.enum(HEAD_KINDS).exactOptional(),
      threshold: z.number().exactOptional(),
      scores: scoresSchema,
      names: z.record(z.string(), z.string()),
    })
    .optional(),
})
export type ExtractionDescription = z.infer<typeof descriptionSchema>

/** @throws InputError if extract.json cannot be read or is damaged, because its hashes are needed to check arrays */
export async function readDescription(folder: string): Promise<ExtractionDescription | undefined> {
  const path = join(folder, EXTRACT_FILE)
  const text = await readRegular(path).catch((error: NodeJS.ErrnoException) => {
    // `readRegular` refuses a pipe or another special file by an error without a code. Such a file counts as missing.
    if (error.code === undefined || error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new InputError(`cannot read ${path}: ${error.message}`)
  })
  if (text === undefined) return undefined
  const { data, error } = descriptionSchema.safeParse(tryJson(text.toString()))
  if (data !== undefined) return data
  const what = error.issues[0]?.path.join('.')
  throw new InputError(
    `${path} is damaged${what ? ` (${what})` : ''}; run the extract command again, or remove the file`,
  )
}

/**
 * Leaves out the layer of a head, such as a detector's scores and boxes, which are no features.
 * @throws InputError if there is no other one; the message names `source`, such as a file
 */
export function layersOfFeatures<T extends { readonly name: string }>(
  layers: readonly T[],
  answers: Pick<AnswerCounts, 'layer' | 'head'> | undefined,
  source: string,
): readonly T[] {
  const content = headOf(answers?.head).reader?.content
  const found = layers.filter(({ name }) => content === undefined || name !== answers?.layer)
  if (found.length > 0 || layers.length === 0) return found
  throw new InputError(
    `${source} has only ${content}, which are no features. Run reproduce or explore to see whether it finds the object, or run extract again with an embedding layer`,
  )
}

/**
 * Reads the extract.json in the folder of an array.
 * @returns undefined if there is none, or if it lists layers and none has this file's name
 * @throws InputError if extract.json is damaged, or if it describes a different array under this file's name
 */
export async function describedBeside(
  file: string,
  { shape, data }: NpyArray,
): Promise<ExtractionDescription | undefined> {
  const description = await readDescription(dirname(file))
  if (description?.layers === undefined) return description
  const layer = layerOf(file, description)
  if (layer === undefined) return undefined
  layersOfFeatures([layer], description.answers, file)
  const isWritten = layer.sha256 === undefined || layer.sha256 === sha256(...encodeNpy(shape, data))
  if (layer.dims === shape.at(-1) && isWritten) return description
  throw unlikeDescription(file)
}

/**
 * Reads the features at the anchors that `extract` stored beside an array, [5, dims].
 * @returns undefined if extract.json lists none
 * @throws InputError if their file is missing, or if it is not the one that extract.json describes
 */
export async function anchorsBeside(
  file: string,
  description: Pick<ExtractionDescription, 'layers'>,
): Promise<Float32Array | undefined> {
  const layer = layerOf(file, description)
  if (layer?.anchors === undefined) return undefined
  const path = join(dirname(file), anchorFile(layer.name))
  const { shape, data } = await readNpy(path).catch((error: unknown) => {
    throw new InputError(`cannot read ${path}, which ${EXTRACT_FILE} lists; ${REMEDY}`, { cause: error })
  })
  const isWritten = layer.anchors.sha256 === sha256(...encodeNpy(shape, data))
  if (shape.join() === anchorShape(layer.dims).join() && isWritten) return data
  throw unlikeDescription(path)
}

function layerOf(file: string, { layers = [] }: Pick<ExtractionDescription, 'layers'>) {
  return layers.find(({ name }) => arrayFile(name) === basename(file))
}

const REMEDY = `run the extract command again, or remove ${EXTRACT_FILE}`

function unlikeDescription(file: string): InputError {
  return new InputError(
    `${file} does not match ${EXTRACT_FILE} in its folder, because one of them is damaged or from another extraction; ${REMEDY}`,
  )
}
