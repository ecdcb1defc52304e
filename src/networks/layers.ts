import { InputError, UsageError } from '../errors.js'
import { counted, listedNames, nearestNames, printable } from '../support/text.js'
import { elementCount } from './checkpoint/tensor.js'
import { keepReading, knownReading, type LayerReading } from './layerReading.js'
import type { FeatureLayer, NetworkInput, Pool } from './network.js'
import { cachedCopy } from './onnx/cachedCopy.js'
import { FEATURE_TYPES, type FeatureNodes, featureNodes, isMap, type ShownTensor } from './onnx/featureNodes.js'
import { type ImageTensor, imageTensors } from './onnx/graph/links.js'
import { productsBefore } from './onnx/graph/products.js'
import { checkEvaluationMode, scalesByBatch } from './onnx/graph/training.js'
import type { GraphChanges } from './onnx/graphCopy.js'
import { checkIndependence } from './onnx/independence.js'
import type { TypedTensor } from './onnx/onnxFile.js'
import { type TriedModel, trialRun, tryBatches } from './onnx/trialRun.js'
import type { LayerChoice, NetworkSource } from './source.js'

/**
 * Finds out by a trial run how to read the chosen tensors of a network as features. Features are float32. They are
 * pooled if `choice` says so. If the graph must be changed for this, a changed copy is written. The result is stored,
 * so that the same choice needs no second trial run.
 */
export async function readLayers(source: NetworkSource, choice: LayerChoice): Promise<LayerReading> {
  const { model, input, changes } = source
  const key = { sha256: model.sha256, input, changes, choice: { layers: choice.layers, pool: choice.pool } }
  const known = await knownReading(model.path, key)
  if (known !== undefined) return known
  const reading = await measuredLayers(source, choice)
  await keepReading(model.path, key, reading)
  return reading
}

interface LayerPlan {
  readonly names: readonly string[]
  /** Whether the user named the layers. If not, layers that cannot be read as features are left out. */
  readonly isChosen: boolean
  /** All tensors that are computed from the image. */
  readonly made: readonly ImageTensor[]
  /** Changes to the graph, after which the tensors in `names` are outputs of the graph. */
  readonly changes: GraphChanges
}

async function measuredLayers(source: NetworkSource, choice: LayerChoice): Promise<LayerReading> {
  const { pool = 'none', signal } = choice
  const { name } = source
  const plan = layerPlan(source, choice)
  const tried = await triedModel(source, plan.changes)
  const { shown, batch, fixedBatch } = await tryTensors(source, plan, tried, signal)
  const input = { ...source.input, batch: fixedBatch }
  const read = readTensors(name, plan, shown.tensors, batch, pool)
  const added = read.map(({ features }) => features)
  if (read.every(({ tensor, features }) => features.output === tensor.name))
    return { onnxPath: tried.path, ...shown.level, input, layers: read.map(({ tensor }) => layerOf(tensor)) }
  const final = { ...(await triedModel(source, withFeatures(plan.changes, added))), ...shown.level }
  const outputs = added.map(({ output }) => output)
  const { tensors, ...level } = await trialRun(final, { input: trialInput(input, batch), names: outputs }, signal)
  return {
    onnxPath: final.path,
    ...level,
    input,
    layers: read.map(({ tensor, features: { output } }) => {
      const feature = { name: tensor.name, ...(tensors.get(output) as ShownTensor) }
      checkIndependence(name, `layer "${tensor.name}"`, feature)
      const layer = layerOf(feature)
      return output === tensor.name ? layer : { ...layer, output }
    }),
    ...(pool !== 'none' && read.some(({ tensor }) => isMap(tensor)) && { pool }),
  }
}

function layerPlan(source: NetworkSource, { layers }: LayerChoice): LayerPlan {
  const { model, name, changes, input } = source
  const names = layers === undefined ? defaultLayers(source) : [...new Set(layers)]
  checkEvaluationMode(name, model.graph)
  const made = imageTensors(model.graph, changes?.madeInput ?? input.name)
  checkTensors(source, names, made)
  const hidden = names.filter((wanted) => !model.outputs.some((output) => output.name === wanted))
  return { names, isChosen: layers !== undefined, made, changes: { ...changes, outputs: hidden } }
}

async function triedModel({ model, name }: NetworkSource, changes: GraphChanges): Promise<TriedModel> {
  const isChanged = changes.outputs.length > 0 || changes.madeInput !== undefined
  const { path } = isChanged ? await cachedCopy(model, 'layers', changes) : model
  return { path, name, bytes: model.bytes }
}

function tryTensors(
  { input, model }: NetworkSource,
  { names, isChosen }: LayerPlan,
  tried: TriedModel,
  signal: AbortSignal | undefined,
) {
  const needed = isChosen ? names : names.slice(-1)
  const attempt = async (batch: number) => {
    const { tensors, ...level } = await trialRun(tried, { input: trialInput(input, batch), names }, signal)
    return { level, tensors: names.map((name) => ({ name, ...(tensors.get(name) as ShownTensor) })) }
  }
  return tryBatches(input.batch ?? (scalesByBatch(model.graph) ? 1 : null), attempt, ({ tensors }) =>
    tensors.every(({ name, shape }) => shape[0] === 2 || !needed.includes(name)),
  )
}

function readTensors(
  model: string,
  { names, isChosen, made }: LayerPlan,
  tensors: readonly NamedTensor[],
  batch: number,
  pool: Pool,
) {
  const reshaped = new Set(made.flatMap(({ name, operator }) => (RESHAPES.has(operator) ? [name] : [])))
  return tensors
    .filter((tensor) => isChosen || tensor.name === names.at(-1) || isVector(tensor, batch))
    .map((tensor) => {
      const shown = { ...checkedTensor(model, tensor, batch), isReshaped: reshaped.has(tensor.name) }
      return { tensor, features: featureNodes(tensor.name, shown, pool) }
    })
}

const RESHAPES: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'])

interface NamedTensor extends ShownTensor {
  readonly name: string
}

function layerOf(tensor: NamedTensor): FeatureLayer {
  const { name, shape } = tensor
  return { name, dims: elementCount(shape.slice(1)), ...(isMap(tensor) && { isMap: true }) }
}

function withFeatures(plain: GraphChanges, added: readonly FeatureNodes[]): GraphChanges {
  const nodes = added.flatMap((features) => features.nodes)
  const made = new Set(nodes.flatMap(({ outputs }) => outputs))
  return {
    ...plain,
    outputs: [...plain.outputs, ...added.map(({ output }) => output).filter((output) => made.has(output))],
    nodes: [...(plain.nodes ?? []), ...nodes],
    constants: added.flatMap(({ constants }) => constants),
  }
}

export function defaultLayers({ model, input, changes }: NetworkSource): readonly string[] {
  const last = (model.outputs.at(-1) as TypedTensor).name
  const image = changes?.madeInput ?? input.name
  const entering = productsBefore(model.graph, last).at(-1)?.input
  return entering === undefined || entering === image || entering === last ? [last] : [entering, last]
}

function checkTensors({ name, model }: NetworkSource, names: readonly string[], made: readonly ImageTensor[]): void {
  const outputs = model.outputs.map((output) => output.name)
  if (names.length === 0)
    throw new UsageError(
      `\`layers\` is empty; leave it out, or name a layer of ${name}, such as one of its outputs ${listedNames(outputs)}`,
    )
  const readable = made.map((tensor) => tensor.name)
  // Outputs are always accepted, because `made` lacks those that depend on the image only through a subgraph.
  const known = new Set([...outputs, ...readable])
  const unknown = names.find((wanted) => !known.has(wanted))
  if (unknown === undefined) return
  const shown = `"${printable(unknown)}"`
  const cause = model.tensors.has(unknown)
    ? `the tensor ${shown} of ${name} does not depend on the image`
    : `${name} has no tensor ${shown}`
  throw new UsageError(
    `${cause}; the most similar tensors that can be read are ${listedNames(nearestNames(unknown, readable, 5))}; the outputs are ${listedNames(outputs)}. For a list of all tensors, run "shiftscope models inspect NETWORK"`,
  )
}

function trialInput({ name, rows, cols }: NetworkInput, batch: number) {
  return { name, shape: [batch, 3, rows, cols] }
}

/** Whether a tensor is read by default, although it is not the last output. */
export function isVector(tensor: ShownTensor, batch: number): boolean {
  return (
    FEATURE_TYPES[tensor.type] !== undefined && tensor.shape[0] === batch && !isMap(tensor) && tensor.shape.length < 5
  )
}

function checkedTensor(model: string, tensor: NamedTensor, batch: number): NamedTensor {
  const { name, type, shape } = tensor
  if (FEATURE_TYPES[type] === undefined)
    throw new InputError(
      `layer "${printable(name)}" of ${model} has values of type ${type}, but features must be ${Object.keys(FEATURE_TYPES).join(', ')}; name another layer`,
    )
  if (shape[0] === batch && shape.length > 1 && shape.every((size) => size > 0)) {
    checkIndependence(model, `layer "${name}"`, tensor)
    return tensor
  }
  throw new InputError(
    `layer "${printable(name)}" of ${model} has the shape [${shape.join(', ')}] for ${counted(batch, 'image')}, but features need one row per image; name another layer`,
  )
}
