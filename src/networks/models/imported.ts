import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { UsageError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { inCache, weightsFolder } from '../../files/cacheFolder.js'
import { regularSize } from '../../files/regularFile.js'
import { rm } from '../../files/retried.js'
import { checkText } from '../../support/optionChecks.js'
import { catalogModels, isPublished, type ModelEntry, modelEntry } from '../catalog/catalog.js'
import { catalogFile } from '../file/networkFile.js'
import { embeddedFile, expectedWeightBytes, importedWeights } from '../file/weights.js'

/** A network or generator of the catalog, and whether its weights are on this machine. */
export interface NetworkStatus {
  readonly entry: ModelEntry
  /** Whether the weights are part of the package (`embedded`), in the cache (`present`) or `missing`. */
  readonly state: 'embedded' | 'present' | 'missing'
  /** Path of the ONNX file or checkpoint; null if missing. */
  readonly path: string | null
  /** Size in bytes of the file at `path`; null if missing. */
  readonly bytes: number | null
  /** Approximate size of the weights in bytes, also stated if they are missing; null if unknown. */
  readonly expectedBytes: number | null
}

/** Weights that `importWeights` copied into the cache. */
export interface ImportedWeights {
  readonly id: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Whether the file is one that the authors published. */
  readonly published: boolean
}

/** Lists all networks and generators of the catalog, and whether their weights are on this machine. */
export async function listNetworks(): Promise<readonly NetworkStatus[]> {
  return Promise.all(
    catalogModels().map(async (entry): Promise<NetworkStatus> => {
      const path = entry.kind === 'embedded' ? embeddedFile(entry) : await importedWeights(entry)
      const bytes = path === undefined ? null : await regularSize(path).catch(() => null)
      const expectedBytes = bytes ?? expectedWeightBytes(entry)
      if (path === undefined || bytes === null)
        return { entry, state: 'missing', path: null, bytes: null, expectedBytes }
      return { entry, state: entry.kind === 'embedded' ? 'embedded' : 'present', path, bytes, expectedBytes }
    }),
  )
}

/**
 * Copies weights into the cache, where they replace earlier weights of the same network. Before that, it builds the
 * graph from the file. A file that does not fit is not imported.
 * @param id network or generator in the catalog
 * @param file checkpoint of a published network or generator
 * @throws UsageError for an argument that is no text, or for an unknown or embedded network
 * @throws InputError if the file is missing, damaged or of another network
 * @throws OutputError if the cache cannot be written
 */
export async function importWeights(id: string, file: string): Promise<ImportedWeights> {
  checkText(id, 'the network')
  checkText(file, 'a file')
  const entry = modelEntry(id)
  if (entry.kind === 'embedded') throw new UsageError(`${id} is built in; there is nothing to import`)
  const { weightsBytes: bytes, weightsSha256: sha256 } = (await catalogFile(entry, file)).weights
  const path = join(weightsFolder(), `${id}${extname(file) || '.pth'}`)
  await inCache(writeFileAtomic(path, createReadStream(file, { highWaterMark: 1 << 20 })))
  await removeOthers(id, path)
  return { id, path, bytes, sha256, published: isPublished(entry, sha256) }
}

/** Removes earlier imports of the same id with other file extensions. */
export async function removeOthers(id: string, keep: string): Promise<void> {
  const others = (await readdir(weightsFolder())).filter((name) => name.startsWith(`${id}.`) && name !== basename(keep))
  await Promise.all(others.map((name) => rm(join(weightsFolder(), name), { force: true })))
}
