import { createReadStream } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { UsageError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { sha256OfFile } from '../files/sha256.js'
import { graphFile } from './architectures/graphFile.js'
import { parametersOf } from './architectures/layer.js'
import { asCacheError, weightsFolder } from './cache.js'
import { catalogModels, checkNotAnother, isGenerator, isPublished, type ModelEntry, modelEntry } from './catalog.js'
import { fileSize } from './checkpoint/fileBytes.js'
import { elementCount } from './checkpoint/tensor.js'
import { checkExport } from './exported.js'
import { architectureOf, embeddedFile, importedWeights } from './resolve.js'

/** A network or generator of the catalog, and whether its weights are here. */
export interface NetworkStatus {
  readonly entry: ModelEntry
  readonly state: 'embedded' | 'present' | 'missing'
  /** The ONNX file or the imported checkpoint; null: missing. */
  readonly path: string | null
  readonly bytes: number | null
  /** About how many the weights are, whether they are here or not; null: not known. */
  readonly expectedBytes: number | null
}

/** Weights that have been copied into the cache. */
export interface ImportedWeights {
  readonly id: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Whether the file is one that its authors published; null: not known. */
  readonly published: boolean | null
}

/** Every network and generator of the catalog with its state. */
export async function listNetworks(): Promise<readonly NetworkStatus[]> {
  return Promise.all(
    catalogModels().map(async (entry): Promise<NetworkStatus> => {
      const path = entry.kind === 'embedded' ? embeddedFile(entry) : await importedWeights(entry.id)
      const bytes = path === undefined ? null : await sizeIfPresent(path)
      const expectedBytes = bytes ?? expectedWeightBytes(entry)
      if (path === undefined || bytes === null)
        return { entry, state: 'missing', path: null, bytes: null, expectedBytes }
      return { entry, state: entry.kind === 'embedded' ? 'embedded' : 'present', path, bytes, expectedBytes }
    }),
  )
}

/**
 * Copies a checkpoint into the cache as the weights of a published network or generator, after its graph has been built
 * from it, or the ONNX file of an exported network, after it has run; so a file that does not fit is never imported.
 * Weights that were imported before are replaced.
 *
 * @throws UsageError for an unknown or embedded one; InputError when the file is damaged or of another network;
 * OutputError when the cache cannot be written; the signal's reason
 */
export async function importWeights(
  id: string,
  file: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ImportedWeights> {
  const entry = modelEntry(id)
  if (entry.kind === 'embedded') throw new UsageError(`${id} is built in; there is nothing to import`)
  const bytes = await fileSize(file)
  const sha256 = await sha256OfFile(file)
  checkNotAnother(entry, file, sha256)
  const isExported = entry.kind === 'exported' && !isGenerator(entry)
  if (isExported) await checkExport(entry, file, signal)
  else await graphFile(architectureOf(entry), file, sha256)
  const path = join(weightsFolder(), `${id}${isExported ? '.onnx' : extname(file) || '.pth'}`)
  await copyToCache(file, path)
  await removeOthers(id, path)
  return { id, path, bytes, sha256, published: isPublished(entry, sha256) }
}

/** Bytes of the weights that the catalog knows of: as published, or as float32 takes; null: not known. */
export function expectedWeightBytes(entry: ModelEntry): number | null {
  if (entry.kind === 'exported') return isGenerator(entry) ? null : (entry.checkpoint?.bytes ?? null)
  if (entry.kind === 'embedded') return null
  const [source] = entry.sources
  if (typeof source?.bytes === 'number') return source.bytes
  const parameters = parametersOf(architectureOf(entry).layers)
  return Float32Array.BYTES_PER_ELEMENT * parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

async function copyToCache(file: string, path: string): Promise<void> {
  try {
    await writeFileAtomic(path, createReadStream(file, { highWaterMark: 1 << 20 }))
  } catch (error) {
    throw asCacheError(error)
  }
}

/** Earlier imports of the same id under other extensions. */
export async function removeOthers(id: string, keep: string): Promise<void> {
  const others = (await readdir(weightsFolder())).filter((name) => name.startsWith(`${id}.`) && name !== basename(keep))
  await Promise.all(others.map((name) => rm(join(weightsFolder(), name), { force: true })))
}

async function sizeIfPresent(path: string): Promise<number | null> {
  return stat(path).then(
    (status) => status.size,
    () => null,
  )
}
