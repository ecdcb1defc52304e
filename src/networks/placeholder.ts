import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeTemporaryFolder, temporaryName } from '../files/temporaries.js'
import { graphOf } from './architectures/graph.js'
import { featuresOf } from './architectures/layer.js'
import { madeUpWeights } from './architectures/madeUpWeights.js'
import { graphsFolder } from './cache.js'
import { type CatalogEntry, catalogEntry, catalogModels, type GeneratorEntry } from './catalog.js'
import type { Generator } from './generator.js'
import { expectedWeightBytes } from './library.js'
import type { Network } from './network.js'
import { writeModel } from './onnx/model.js'
import { architectureOf, importedWeights } from './resolve.js'

/** In the place of a hash of weights, which it never is. */
const NO_HASH = 'placeholder'

const NO_FILE = { weightsPath: '', weightsSha256: NO_HASH }

/** Whether this stands for a network or generator whose weights are not here. */
export function isPlaceholder({ weightsSha256 }: Pick<Network, 'weightsSha256'>): boolean {
  return weightsSha256 === NO_HASH
}

/** Whether something is published whose weights are not here. */
export async function lacksWeights(id: string): Promise<boolean> {
  const entry = catalogModels().find((candidate) => candidate.id === id)
  return entry?.kind === 'published' && (await importedWeights(id)) === undefined
}

/** What a published network is without its weights; only `withGraph` makes it run. */
export function placeholderNetwork(entry: CatalogEntry): Network {
  const { id, title, input } = entry
  const layers = featuresOf(architectureOf(entry).layers)
  const about = { id, title, onnxPath: '', layers, input, inputSource: 'catalog' }
  return { ...about, ...NO_FILE, weightsBytes: expectedWeightBytes(entry) as number }
}

/** What a published generator is without its weights. */
export function placeholderGenerator(entry: GeneratorEntry): Generator {
  const { id, encoder, layer, feature } = entry
  const { input } = catalogEntry(encoder)
  const weightsBytes = expectedWeightBytes(entry) as number
  const about = { encoder, encoderSha256: null, layer, dims: entry.dims as number, feature, input }
  return { id, path: '', ...NO_FILE, weightsBytes, ...about }
}

/**
 * Calls `use` with a network that can be run: where it is a placeholder, with one of made-up weights, whose graph lies in
 * a temporary folder meanwhile. It takes the time that the real one takes; what it gives means nothing.
 *
 * @throws OutputError when the graph cannot be written; whatever `use` throws
 */
export async function withGraph<T>(network: Network, use: (network: Network) => Promise<T>): Promise<T> {
  if (!isPlaceholder(network)) return use(network)
  const folder = await makeTemporaryFolder()
  // Copies in the cache begin with it, and so are seen to be temporaries of this process.
  const name = temporaryName('made-up')
  try {
    const onnxPath = join(folder, `${name}.onnx`)
    const architecture = architectureOf(catalogEntry(network.id))
    await writeModel(onnxPath, graphOf(architecture, madeUpWeights(architecture.layers)))
    return await use({ ...network, onnxPath })
  } finally {
    await rm(folder, { recursive: true, force: true })
    await removeCopies(name)
  }
}

/** Changed copies that devices and reuse made of the graph. */
async function removeCopies(name: string): Promise<void> {
  const graphs = await readdir(graphsFolder()).catch((): string[] => [])
  const copies = graphs.filter((graph) => graph.startsWith(name))
  await Promise.all(copies.map((copy) => rm(join(graphsFolder(), copy), { recursive: true, force: true })))
}
