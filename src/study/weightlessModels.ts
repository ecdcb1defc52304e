import {
  catalogEntry,
  chooseGenerator,
  type GeneratorEntry,
  lacksWeights,
  type Network,
  type NetworkChoice,
  placeholderGenerator,
  placeholderNetwork,
  withOwnLayers,
} from '../networks/index.js'
import type { NetworkWithGenerators } from './generators.js'

/** A placeholder for a network whose weights are neither named nor here; undefined: they are. */
export async function weightlessNetwork({ model, weights, layers }: NetworkChoice): Promise<Network | undefined> {
  if (weights !== undefined || !(await lacksWeights(model))) return undefined
  return withOwnLayers(placeholderNetwork(catalogEntry(model)), layers)
}

/** A network with its generators, placeholders in the place of those whose weights are neither named nor here. */
export async function orPlaceholders(
  network: Network,
  entries: readonly GeneratorEntry[],
  weights: Readonly<Record<string, string>>,
): Promise<NetworkWithGenerators> {
  const generators = entries.map(async (entry) => {
    const { id } = entry
    if (weights[id] === undefined && (await lacksWeights(id))) return placeholderGenerator(entry)
    return chooseGenerator(id, weights[id])
  })
  return { network, generators: await Promise.all(generators) }
}
