import { InputError, UsageError, words } from '../../errors.js'
import type { Classes, Network } from '../../network.js'
import { chooseNetwork } from '../../networks/open/openNetwork.js'
import { checkIds, isOwnNetwork, OWN_OPTIONS } from '../../networks/reference/reference.js'
import { NO_ANSWER } from '../../onnx/graph/outputKinds.js'
import { optionsIn } from '../../support/optionChecks.js'
import type { ResolvedConsistency } from './options.js'

/** A network with class scores, which are its only layer. */
export interface Classifier extends Network {
  readonly classes: Classes
}

/** Opens the networks of a study of photographs. */
export async function classifiersOf(options: ResolvedConsistency): Promise<readonly Classifier[]> {
  const { models } = options
  const [own] = Object.keys(optionsIn(options, OWN_OPTIONS))
  if (own !== undefined && models.length > 1 && !models.some(isOwnNetwork))
    throw UsageError.of`\`${own}\` is for networks outside the catalog, and this call has none; leave it out`
  const networks: Classifier[] = []
  for (const model of models) {
    const isForOwn = models.length > 1 && !isOwnNetwork(model)
    const read = Object.fromEntries(
      Object.entries(options).filter(([name]) => !(isForOwn && name in OWN_OPTIONS)),
    ) as ResolvedConsistency
    const network = await chooseNetwork({ ...read, model, weightsOption: 'weights FILE' })
    networks.push(classifierOf(network, options))
    checkIds(networks.map(({ id }, i) => [models[i]!, id]))
  }
  return networks
}

/** @throws InputError for a network without class scores */
function classifierOf(network: Network, options: Pick<ResolvedConsistency, 'layers'>): Classifier {
  const { classes, layers } = network
  const layer = layers.find(({ name }) => name === classes?.layer)
  if (classes !== undefined && layer !== undefined) return { ...network, classes, layers: [layer] }
  const has = options.layers === undefined ? 'no output' : words`no output among \`layers ${options.layers.join(',')}\``
  if (layers.at(-1)?.dims === 1)
    throw new InputError(`${network.id} has an output of one value for each image, ${NO_ANSWER}`)
  throw InputError.of`${network.id} has ${has} that holds class scores, so it gives no answers to compare; use a classifier, or say which output has them with \`outputKind NAME=scores\``
}
