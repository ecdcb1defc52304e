import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError, UsageError } from '../../errors.js'
import { modelsFolder } from '../../files/package.js'
import { nearestNames } from '../../support/text.js'

const triple = z.tuple([z.number(), z.number(), z.number()]).readonly()

export const inputSchema = z.object({
  name: z.string(),
  rows: z.number().int().positive(),
  cols: z.number().int().positive(),
  batch: z.number().int().positive().nullable(),
  divisor: z.number(),
  mean: triple,
  std: triple,
  channelOrder: z.enum(['rgb', 'bgr', 'grey']),
})

const sourceSchema = z.object({
  url: z.string(),
  /** Name of the file in the cache and at mirrors; absent if it is the last part of `url`. */
  name: z.string().optional(),
  bytes: z.number().nullable(),
  /** SHA-256 in hexadecimal, or only its first digits if no more are published. */
  sha256: z.string(),
})

const modelSchema = z.object({
  id: z.string(),
  title: z.string(),
  /**
   * Origin of the weights.
   * - `embedded`: an ONNX file in this package.
   * - `published`: a checkpoint that its authors offer for download.
   */
  kind: z.enum(['embedded', 'published']),
  /** Preset of `reproduce` that includes this model; null if a study includes it only when the user names it. */
  preset: z.enum(['quick', 'paper']).nullable(),
  /** Path of an embedded ONNX file in the package's folder; null for a published network. */
  file: z.string().nullable(),
  /** SHA-256 of an embedded ONNX file; null for a published network. */
  sha256: z.string().nullable(),
  /** Published files with these weights, the newest first; none if embedded. Downloads try them in this order. */
  sources: z.array(sourceSchema).readonly(),
  /** SPDX identifier of the weights' licence; NOASSERTION if the authors state none. */
  licence: z.string(),
  paper: z.string(),
})

const networkSchema = modelSchema.extend({
  /** Number of training pictures of an embedded network. */
  samples: z.number().int().positive().optional(),
  /** Top-1 accuracy of an embedded network, 0 to 1: on white backgrounds, and on mixed ones as in its training. */
  accuracy: z.object({ white: z.number(), mixed: z.number() }).optional(),
  input: inputSchema,
  /**
   * Layers in order of depth.
   * - `dims` is the number of values per image; null for an embedded network, whose ONNX file states it.
   * - `norm` is the Euclidean norm of the layer's features for the test image of `verifyNetwork`; null if unknown.
   */
  layers: z.array(z.object({ name: z.string(), dims: z.number().nullable(), norm: z.number().nullable() })).readonly(),
})

const generatorSchema = modelSchema.extend({
  /** Id of the encoder: the network whose features the generator turns into images. */
  encoder: z.string(),
  layer: z.string(),
  /** Length of a feature vector; null if only the ONNX files state it. */
  dims: z.number().nullable(),
  /** Whether the generator was trained on features before or after the layer's ReLU. */
  feature: z.enum(['pre-relu', 'post-relu']),
  /** Euclidean norm of the image that the generator makes from the test feature of `verifyNetwork`; null if unknown. */
  norm: z.number().nullable(),
})

const pairSchema = z.object({
  plain: z.string(),
  variant: z.string(),
  /** How the variant differs from the plain network: by `anti-aliasing`, or by training without flips (`no-flips`). */
  kind: z.enum(['anti-aliasing', 'no-flips']),
})

const catalogSchema = z.object({
  networks: z.array(networkSchema).readonly(),
  /** Networks that are listed only because generators use their features. */
  encoders: z.array(networkSchema).readonly(),
  generators: z.array(generatorSchema).readonly(),
  /** Networks that studies compare, by id. */
  pairs: z.array(pairSchema).readonly(),
})

/** A network of the catalog. */
export type CatalogEntry = Readonly<z.infer<typeof networkSchema>>
/** A generator of the catalog. A generator makes images from a network's features. */
export type GeneratorEntry = Readonly<z.infer<typeof generatorSchema>>
/** A network or generator of the catalog. */
export type ModelEntry = CatalogEntry | GeneratorEntry
export type PairKind = z.infer<typeof pairSchema>['kind']
export type WeightsSource = Readonly<z.infer<typeof sourceSchema>>

let known: z.infer<typeof catalogSchema> | undefined

function sections(): z.infer<typeof catalogSchema> {
  known ??= catalogSchema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'catalog.json'), 'utf8')))
  return known
}

/** The networks that studies compare, in the order of models/catalog.json. */
export function catalog(): readonly CatalogEntry[] {
  return sections().networks
}

export function catalogPairs(): readonly Readonly<z.infer<typeof pairSchema>>[] {
  return sections().pairs
}

export function listGenerators(): readonly GeneratorEntry[] {
  return sections().generators
}

/** All networks and generators, including the encoders that studies do not compare. */
export function catalogModels(): readonly ModelEntry[] {
  const { networks, encoders, generators } = sections()
  return [...networks, ...encoders, ...generators]
}

export function isGenerator(entry: ModelEntry): entry is GeneratorEntry {
  return 'encoder' in entry
}

export function modelEntry(id: string): ModelEntry {
  const entries = catalogModels()
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry) return entry
  throw new UsageError(`no network or generator is called ${meant(id, entries)}; use one of ${idsOf(entries)}`)
}

export function catalogEntry(id: string): CatalogEntry {
  const { networks, encoders } = sections()
  const entries = [...networks, ...encoders]
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry) return entry
  const remedy = `use one of ${idsOf(entries)}, or the path of an .onnx file`
  if (listGenerators().some((generator) => generator.id === id))
    throw new UsageError(`${id} is not a network but a generator, which makes images from features; ${remedy}`)
  throw new UsageError(`no network is called ${meant(id, entries)}; ${remedy}`)
}

export function generatorEntry(id: string): GeneratorEntry {
  const entries = listGenerators()
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry) return entry
  const isNetwork = catalogModels().some((model) => model.id === id)
  const cause = isNetwork ? `${id} is a network, not a generator` : `no generator is called "${id}"`
  const ids = entries.map((candidate) => candidate.id)
  throw new UsageError(`${cause}; the most similar generators are ${nearestNames(id, ids, 3).join(', ')}`)
}

/** An unknown id in quotes, and the most similar ones. */
function meant(id: string, entries: readonly ModelEntry[]): string {
  const ids = entries.map((candidate) => candidate.id)
  return `"${id}" (most similar: ${nearestNames(id, ids, 3).join(', ')})`
}

function idsOf(entries: readonly ModelEntry[]): string {
  return entries.map(({ id }) => id).join(', ')
}

/** Whether `sha256` is the hash of the entry's embedded file, or of one of its published files. */
export function isPublished(entry: ModelEntry, sha256: string): boolean {
  if (entry.sha256 !== null) return sha256 === entry.sha256
  return entry.sources.some((source) => sha256.startsWith(source.sha256))
}

/**
 * The hash decides which entry the file belongs to, because the weights of two entries may have equal shapes.
 * @throws InputError if the file belongs to another entry
 */
export function checkNotAnother(entry: ModelEntry, path: string, sha256: string): void {
  const isFile = ({ sources }: ModelEntry) => sources.some((source) => source.sha256 === sha256)
  const other = isFile(entry) ? undefined : catalogModels().find(isFile)
  if (other)
    throw new InputError(`${path} is the published file of ${other.id}, not of ${entry.id}; use it for ${other.id}`)
}

/**
 * In SPDX, NOASSERTION means that no licence is stated. The prefix LicenseRef- marks licences that SPDX does not list.
 */
export function licenceText(licence: string): string {
  return licence === 'NOASSERTION' ? 'none stated' : licence.replace(/^LicenseRef-/, '')
}

export function weightsCommand({ id }: Pick<ModelEntry, 'id'>): string {
  return `shiftscope models pull ${id}`
}
