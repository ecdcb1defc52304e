import { z } from 'zod'
import type { DeviceRequest } from '../../engine/devices/device.js'
import { openExecution } from '../../engine/open/executionRequest.js'
import { NOTHING, sceneOf } from '../../engine/scene/scene.js'
import { UsageError } from '../../errors.js'
import { type ArithmeticModels, openArithmeticModels } from '../../experiments/arithmetic/models.js'
import type { Network } from '../../network.js'
import { catalogEntry, listGenerators } from '../../networks/catalog/catalog.js'
import { checkGenerator, chooseGenerator, type Generator } from '../../networks/open/generator.js'
import { chooseNetwork } from '../../networks/open/openNetwork.js'
import { isOwnNetwork, parseReference } from '../../networks/reference/reference.js'
import type { Progress } from '../../progress.js'
import { type GivenOptions, schemas } from '../../support/optionChecks.js'
import { byIds } from './checkpointModels.js'

const texts = z.array(z.string()).readonly()

export const GENERATOR_OPTIONS = {
  /**
   * Id of a network in the catalog, or path of a checkpoint, also as `NAME=ID` or `NAME=FILE`. By default, the network
   * on whose features the generators were trained, or tiny-alexnet if no generators are given.
   */
  model: z.string().exactOptional(),
  /**
   * Ids of generators in the catalog, at most one per layer. By default, all generators that the catalog has for the
   * network.
   */
  generators: texts.exactOptional(),
  /** Layers to decode; by default every layer with a generator. */
  layers: texts.exactOptional(),
  /** Checkpoints to use instead of the catalog's weights, by id of the network or generator. */
  weights: schemas.files.readonly().exactOptional(),
  /** Whether the generators were trained on features after ReLU, as in the original DeePSiM release. */
  postRelu: z.boolean().exactOptional(),
  signal: schemas.signal.exactOptional(),
}

export interface GeneratorChoice extends GivenOptions<typeof GENERATOR_OPTIONS> {}

/**
 * A network, and the generators that turn features of its layers into images. The generators are in the order of their
 * layers. Without generators, features are compared but not decoded.
 */
export interface NetworkWithGenerators {
  readonly network: Network
  readonly generators: readonly Generator[]
}

const DEFAULT_MODEL = 'tiny-alexnet'

/** Chooses a network and generators for its layers. The network computes features only of layers with a generator. */
export async function chooseGenerators(choice: GeneratorChoice): Promise<NetworkWithGenerators> {
  const { layers, signal } = choice
  const given = choice.model === undefined ? [] : [choice.model]
  const { models, weights } = await byIds({ models: given, weights: choice.weights ?? {} })
  const [known] = models
  const asked = choice.generators ?? knownGenerators(known ?? DEFAULT_MODEL, layers).map(({ id }) => id)
  const generators: Generator[] = []
  for (const id of asked) {
    const feature = stageOf(id, choice.postRelu)
    generators.push(await chooseGenerator(id, { weights: weights[id], feature }))
  }
  const [first] = generators
  if (first === undefined) throw UsageError.of`\`generators\` is an empty list; name at least one, or leave it out`
  const model = known ?? first.encoder
  const { id } = parseReference({ model })
  const stray = Object.keys(weights).find((one) => one !== id && !asked.includes(one))
  if (stray !== undefined)
    throw UsageError.of`\`weights\` names ${stray}, which this command does not use; it uses ${[id, ...asked].join(', ')}`
  const wanted = [...new Set(layers ?? generators.map(({ layer }) => layer))]
  const own = { weights: weights[id], weightsOption: `weights ${id}=FILE` }
  const network = await chooseNetwork({ model, layers: wanted, signal, ...own })
  for (const layer of wanted) {
    const fitting = generators.find((generator) => generator.layer === layer) ?? first
    checkGenerator(fitting, network, layer)
  }
  for (const generator of generators) {
    const { id, layer } = generator
    if (!wanted.includes(layer)) checkGenerator(generator, network, wanted[0]!)
    const twin = generators.find((other) => other !== generator && other.layer === layer)
    if (twin !== undefined)
      throw new UsageError(`${id} and ${twin.id} both make images from ${layer}; leave one of them out`)
  }
  const inOrder = network.layers.map(({ name }) => generators.find(({ layer }) => layer === name)!)
  return { network, generators: inOrder }
}

function knownGenerators(given: string, layers: readonly string[] | undefined) {
  const { model } = parseReference({ model: given })
  if (!isOwnNetwork(given)) catalogEntry(model)
  const all = listGenerators()
  const own = all.filter(({ encoder }) => encoder === model)
  if (own.length === 0) {
    const encoders = [...new Set(all.map(({ encoder }) => encoder))].join(', ')
    throw new UsageError(`the catalog has no generators for ${model}; use another network (${encoders})`)
  }
  const missing = layers?.find((layer) => !own.some((generator) => generator.layer === layer))
  if (missing !== undefined) {
    const known = own.map(({ layer }) => layer).join(', ')
    throw new UsageError(
      `${model} has no generator for layer ${missing}, only for ${known}; choose one of these layers`,
    )
  }
  return own.filter(({ layer }) => layers === undefined || layers.includes(layer))
}

/**
 * Returns `post-relu` (the generator takes features after ReLU) if the option `postRelu` is set. The exception is a
 * catalog generator for the last layer of its network, because that layer has no ReLU.
 */
function stageOf(id: string, postRelu = false): Generator['feature'] | undefined {
  const entry = listGenerators().find((generator) => generator.id === id)
  if (!postRelu || entry === undefined) return undefined
  return catalogEntry(entry.encoder).layers.at(-1)?.name === entry.layer ? undefined : 'post-relu'
}

/**
 * Opens a network and its generators for a few images. It uses the processor unless a GPU is named, because trying a
 * GPU would take longer than the work. Arithmetic always uses float32, also in a study of units in float16.
 */
export async function openWithGenerators(
  { network, generators }: NetworkWithGenerators,
  images: number,
  request: DeviceRequest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<ArithmeticModels> {
  const encoder = await openExecution({
    network,
    scene: sceneOf(NOTHING),
    images,
    request: { ...request, name: request.name === 'auto' ? 'cpu' : request.name, precision: 'fp32' },
    wished: {},
    reuse: 'off',
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
  return openArithmeticModels(encoder, generators)
}
