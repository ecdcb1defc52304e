import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.js'
import { modelsFolder } from '../files/package.js'

const triple = z.tuple([z.number(), z.number(), z.number()]).readonly()

const inputSchema = z.object({
  name: z.string(),
  rows: z.number(),
  cols: z.number(),
  batch: z.number().nullable(),
  divisor: z.number(),
  mean: triple,
  std: triple,
  channelOrder: z.enum(['rgb', 'bgr']),
})

const sourceSchema = z.object({
  url: z.string(),
  /** Size of the file; null: not known. */
  bytes: z.number().nullable(),
  /** In hexadecimal; where only its beginning is known (part of the file's name), the beginning. */
  sha256: z.string(),
})

const entrySchema = z.object({
  id: z.string(),
  title: z.string(),
  family: z.enum(['alexnet', 'resnet', 'mobilenet']),
  /** Embedded: an ONNX file of this package. Published: a checkpoint that its authors offer for download. */
  kind: z.enum(['embedded', 'published']),
  /** Embedded networks: the ONNX file, relative to the package's folder. */
  file: z.string().nullable(),
  /** Embedded networks: SHA-256 of the ONNX file. */
  sha256: z.string().nullable(),
  /** Published networks: files with the same weights, the current one first. */
  sources: z.array(sourceSchema).readonly(),
  /** SPDX identifier of the weights' licence. */
  licence: z.string(),
  /** The publication that introduced the network. */
  paper: z.string(),
  input: inputSchema,
  /**
   * In order of depth; where `dims` is null, the ONNX file says it. `norm`: of the features of the test image, where it
   * is known (see verification.ts).
   */
  layers: z.array(z.object({ name: z.string(), dims: z.number().nullable(), norm: z.number().nullable() })).readonly(),
})

/** A network that is known by name. */
export type CatalogEntry = Readonly<z.infer<typeof entrySchema>>
export type WeightsSource = Readonly<z.infer<typeof sourceSchema>>

let entries: readonly CatalogEntry[] | undefined

/** The networks that are known by name, in the order of models/catalog.json. */
export function catalog(): readonly CatalogEntry[] {
  entries ??= z.array(entrySchema).parse(JSON.parse(readFileSync(join(modelsFolder(), 'catalog.json'), 'utf8')))
  return entries
}

/** @throws UsageError for an id that is not in the catalog */
export function catalogEntry(id: string, entries: readonly CatalogEntry[] = catalog()): CatalogEntry {
  const entry = entries.find((candidate) => candidate.id === id)
  if (entry) return entry
  const known = entries.map((candidate) => candidate.id)
  throw new UsageError(`no network is called "${id}"; use one of ${known.join(', ')}, or the path of an .onnx file`)
}

/** Whether a file is the embedded one, or one of the published ones; null: not enough is known about them to tell. */
export function isPublished(entry: CatalogEntry, sha256: string): boolean | null {
  if (entry.sha256 !== null) return sha256 === entry.sha256
  if (entry.sources.length === 0) return null
  return entry.sources.some((source) => sha256.startsWith(source.sha256))
}

/** The command that brings the weights of a published network. */
export function weightsCommand({ id, sources }: CatalogEntry): string {
  return sources.length > 0 ? `shiftscope models pull ${id}` : `shiftscope models import ${id} FILE`
}
