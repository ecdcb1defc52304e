import { UsageError } from '../../errors.js'
import type { Network } from '../../network.js'
import { type GeneratorEntry, listGenerators } from '../../networks/catalog/catalog.js'
import { checkWeights } from '../../networks/file/weights.js'
import { chooseNetwork } from '../../networks/open/openNetwork.js'
import { ownOptionsFor, parseReference } from '../../networks/reference/reference.js'
import { checkPairs } from '../../results/store/pairs.js'
import { byIds } from '../arithmetic/checkpointModels.js'
import { chooseGenerators, type NetworkWithGenerators } from '../arithmetic/generators.js'
import type { ResolvedOptions } from './options.js'

export async function withIds(options: ResolvedOptions): Promise<ResolvedOptions> {
  const { unitModels, arithmeticModels, weights } = options
  const units = await byIds({ models: unitModels, weights })
  const arithmetic = await byIds({ models: arithmeticModels, weights })
  return {
    ...options,
    unitModels: units.models,
    arithmeticModels: arithmetic.models,
    weights: { ...units.weights, ...arithmetic.weights },
  }
}

function generatorsOf(given: string, { layers }: ResolvedOptions): readonly GeneratorEntry[] {
  const { model } = parseReference({ model: given })
  const own = listGenerators().filter(({ encoder }) => encoder === model)
  const wanted = layersOf(given, layers)
  return own.filter(({ layer }) => wanted === undefined || wanted.includes(layer))
}

function checkGivenWeights(options: ResolvedOptions): void {
  const { unitModels, arithmeticModels, weights } = options
  const generators = [...new Set(arithmeticModels)].flatMap((model) => generatorsOf(model, options))
  const models = [...unitModels, ...arithmeticModels].map(idOf)
  const used = [...new Set([...models, ...generators.map(({ id }) => id)])]
  const stray = Object.keys(weights).find((id) => !used.includes(id))
  if (stray === undefined) return
  throw UsageError.of`\`weights\` names ${stray}, which this study does not use. It uses ${used.join(', ')}; to change that, see \`models\`, \`layers\` and \`experiments\``
}

/** @throws InputError that names all networks and generators without weights; see `checkWeights` */
export async function checkStudyWeights(options: ResolvedOptions): Promise<void> {
  const { unitModels, arithmeticModels, weights } = options
  const networks = [...unitModels, ...arithmeticModels].map((model) => parseReference({ model }))
  const generators = arithmeticModels.flatMap((model) => generatorsOf(model, options))
  await checkWeights([
    ...networks.map(({ model, id }) => ({ model, weights: weights[id] })),
    ...generators.map(({ id }) => ({ model: id, weights: weights[id] })),
  ])
}

/** Opens the networks in which objects are measured. */
export async function networksOf(options: ResolvedOptions): Promise<readonly Network[]> {
  checkGivenWeights(options)
  checkModels(options)
  const networks: Network[] = []
  for (const model of new Set(options.unitModels)) networks.push(await networkOf(model, options))
  checkPairs(
    options.pairs ?? [],
    networks.map(({ id }) => id),
  )
  return networks
}

function networkOf(model: string, options: ResolvedOptions): Promise<Network> {
  const { layers, pool, weights, signal } = options
  const own = ownOptionsFor(model, options)
  const id = idOf(model)
  const read = { layers: layersOf(model, layers), pool, weights: weights[id], signal }
  return chooseNetwork({ model, ...own, ...read, weightsOption: `weights ${id}=FILE` })
}

/** Opens a network, and all generators in the catalog that belong to it and to a layer of the study. */
export async function networkWithGenerators(model: string, options: ResolvedOptions): Promise<NetworkWithGenerators> {
  const entries = generatorsOf(model, options)
  if (entries.length === 0) return { network: await networkOf(model, options), generators: [] }
  // The option `pool` is left out, because generators are trained on features that are not pooled.
  const ids = entries.map(({ id }) => id)
  const used = Object.entries(options.weights).filter(([id]) => id === idOf(model) || ids.includes(id))
  const choice = { model, generators: ids, weights: Object.fromEntries(used) }
  return chooseGenerators({ ...choice, ...(options.signal && { signal: options.signal }) })
}

function layersOf(model: string, layers: ResolvedOptions['layers']): readonly string[] | undefined {
  if (layers === undefined || isList(layers)) return layers
  return layers[model] ?? layers[idOf(model)]
}

function isList(layers: NonNullable<ResolvedOptions['layers']>): layers is readonly string[] {
  return Array.isArray(layers)
}

function idOf(model: string): string {
  return parseReference({ model }).id
}

/** Refuses layers of other networks. */
function checkModels({ unitModels, arithmeticModels, layers }: ResolvedOptions): void {
  const models = [...new Set([...unitModels, ...arithmeticModels])]
  const ids = models.map(idOf)
  const known = new Set([...models, ...ids])
  const stray = layers === undefined || isList(layers) ? undefined : Object.keys(layers).find((id) => !known.has(id))
  if (stray !== undefined)
    throw UsageError.of`\`layers\` names ${stray}, which this study does not use. Its networks are ${ids.join(', ')}`
}
