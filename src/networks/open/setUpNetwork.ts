import { InputError, UsageError, words } from '../../errors.js'
import type { Wording } from '../../message.js'
import type { Network } from '../../network.js'
import { cachedCopy } from '../../onnx/edit/cachedCopy.js'
import { type FeatureNodes, featureNodes } from '../../onnx/edit/featureNodes.js'
import type { GraphChanges } from '../../onnx/format/graphCopy.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
import { networkGraph } from '../../onnx/graph/analysis.js'
import { imageTensors } from '../../onnx/graph/links.js'
import { meaningNote, scaleOf } from '../../onnx/graph/outputMeaning.js'
import { valueNode } from '../../onnx/graph/scoreOrigin.js'
import { FEATURE_TYPES, isMap, type ShownTensor } from '../../onnx/graph/shownTensor.js'
import { type CellAxes, NO_CELLS } from '../../onnx/graph/spacing.js'
import { tokensOf } from '../../onnx/graph/tokens.js'
import { runsAlone } from '../../onnx/trial/independence.js'
import { checkEvaluationMode, scalesByBatch } from '../../onnx/trial/training.js'
import {
  type Trial,
  type TrialBatch,
  type TriedGraph,
  trialInput,
  trialRun,
  tryBatches,
} from '../../onnx/trial/trialRun.js'
import { elementCount } from '../../support/shape.js'
import { counted, listedNames, nearestNames, printable } from '../../support/text.js'
import type { CatalogEntry } from '../catalog/catalog.js'
import { wantedDetection } from '../detector/detection.js'
import type { FoundHead } from '../file/foundHead.js'
import type { NetworkFile } from '../file/networkFile.js'
import { type InputAdapter, imageInput, inputAdapter, isGrey } from '../input/inputAdapter.js'
import { inputRecipe } from '../input/recipe.js'
import type { Reference } from '../reference/reference.js'
import { classesOf } from './classes.js'
import { type GraphSetup, keepSetup, storedSetup } from './graphSetup.js'
import { defaultLayers, readableOutputs } from './outputs.js'

/** How to run a network: which graph, how pixels become its input, which outputs are read as layers, and their meaning. */
type NetworkSetup = GraphSetup & Pick<Network, 'inputSource' | 'classes' | 'head' | 'notes'>

/**
 * Decides how to read the chosen layers of a network. If the catalog does not describe all of them, a trial run finds
 * out. Features are float32, and are pooled if the reference says so. If the graph must be changed for this, a changed
 * copy is written.
 */
export async function setUpNetwork(file: NetworkFile): Promise<NetworkSetup> {
  const { reference, onnx, entry } = file
  const found = wantedDetection(file)
  const ofInput = await adapterOf(file)
  const added = found?.nodes(ofInput.input)
  const adapter = added ? { ...ofInput, changes: withNodes(ofInput.changes ?? {}, added) } : ofInput
  const { input, inputSource } = adapter
  const known = entry && catalogLayers(entry, reference.layers, onnx)
  const setup = known ? { onnxPath: onnx.path, layers: known, input } : await triedSetup(file, adapter, found)
  const { classes = classesOf(file, setup.layers), head } = found ?? {}
  const notes = head ? [] : meaningNotes(file, setup.layers, classes)
  return {
    ...{ ...setup, inputSource },
    ...(classes && { classes }),
    ...(head && { head }),
    ...(notes.length > 0 && { notes }),
  }
}

/** Decisions about outputs behind a Softmax, unless the user made them. */
function meaningNotes(
  { reference, onnx }: NetworkFile,
  layers: GraphSetup['layers'],
  classes: Network['classes'],
): readonly Wording[] {
  if (reference.scores !== undefined || reference.outputKind !== undefined) return []
  return layers.flatMap(({ name, isMap }) => {
    const isOutput = onnx.outputs.some((output) => output.name === name)
    const note = isOutput && isMap === undefined ? meaningNote(onnx.graph, name, classes?.layer) : undefined
    if (note === undefined) return []
    const remedy =
      name === classes?.layer
        ? words`state another meaning with \`scores\``
        : words`use \`outputKind scores\` if it has them`
    return [words`"${printable(name)}" is read as ${note}; ${remedy}`]
  })
}

/** The result of a trial is stored, so that the same reference needs no second one. */
async function triedSetup(file: NetworkFile, adapter: InputAdapter, head?: FoundHead): Promise<GraphSetup> {
  const { path, sha256 } = file.onnx
  const { layers, pool, tokens = null, outputKind } = file.reference
  // The names of classes decide which output has the class scores.
  const classes = file.names.map(({ names }) => names.length)
  const { input, changes } = adapter
  const key = { sha256, input, changes, choice: { layers, pool, tokens, outputKind, classes } }
  const stored = await storedSetup(path, key)
  if (stored !== undefined) return stored
  const setup = await measuredSetup(file, adapter, head)
  await keepSetup(path, key, setup)
  return setup
}

/** Adds nodes and their constants to those that a graph gets anyway. */
function withNodes<T extends Added>(changes: T, { nodes = [], constants = [] }: Added): T {
  return {
    ...changes,
    nodes: [...(changes.nodes ?? []), ...nodes],
    constants: [...(changes.constants ?? []), ...constants],
  }
}

type Added = Pick<GraphChanges, 'nodes' | 'constants'>

/** Decides how pixels become the input of a network. For networks of the catalog, the catalog says so. */
export async function adapterOf({ reference, onnx, folders, entry }: NetworkFile): Promise<InputAdapter> {
  if (entry !== undefined) return { input: entry.input, inputSource: 'catalog', image: entry.input.name, changes: null }
  const image = imageInput(onnx)
  const kind = { bytes: image.type === 'uint8', grey: isGrey(image) }
  const recipe = await inputRecipe(onnx, folders, reference, kind)
  return inputAdapter(onnx, image, recipe, reference.inputSize)
}

/** The chosen layers, if the catalog describes all of them. If undefined, a trial run must find their shapes. */
function catalogLayers({ id, layers }: CatalogEntry, names: Reference['layers'], onnx: OnnxFile) {
  if (names?.length === 0) throw UsageError.of`\`layers\` is empty; leave it out, or name a layer of ${id}`
  const read = names === undefined ? layers : layers.filter(({ name }) => names.includes(name))
  if (names !== undefined && read.length < new Set(names).size) return undefined
  return read.map(({ name }) => ({ name, dims: statedDims(onnx, name) }))
}

export function statedDims({ path, outputs }: OnnxFile, name: string): number {
  const [, dims] = outputs.find((output) => output.name === name)?.shape ?? []
  if (typeof dims === 'number') return dims
  throw new InputError(`the output ${name} of ${path} is missing or has no fixed length; install Shiftscope again`)
}

/** What the trial runs are to find out. */
interface Wanted {
  readonly file: NetworkFile
  readonly adapter: InputAdapter
  /** The layer of a head. It has the best of several values, so rounding may show. */
  readonly ofHead: readonly string[]
  /** The outputs from which it is computed. They are compared between batches instead of the layer. */
  readonly compared: readonly string[]
  /** The layers that the user or the head names, or all outputs of which `defaultLayers` chooses. */
  readonly candidates: readonly string[]
  readonly isStated: boolean
}

interface FirstTrial extends TrialBatch<Trial> {
  /** The graph with all candidates as outputs. */
  readonly plain: TriedGraph
}

interface FeatureTensor extends FeatureNodes, Pick<CellAxes, 'tokens'> {
  readonly tensor: ShownTensor & { readonly name: string }
}

interface SecondTrial extends Trial {
  /** The graph whose outputs are the features. */
  readonly graph: TriedGraph
}

/** Finds out by trial runs how to read the chosen layers. */
async function measuredSetup(
  file: NetworkFile,
  adapter: InputAdapter,
  head: FoundHead | undefined,
): Promise<GraphSetup> {
  const wanted = wantedTensors(file, adapter, head)
  const first = await firstTrial(wanted)
  const read = featureTensors(wanted, first)
  const second = await secondTrial(wanted, first, read)
  const { graph, tensors, ...level } = second
  const oneAtATime = mustRunAlone(wanted, first, read, second)
  const { pool = 'none' } = file.reference
  return {
    onnxPath: graph.path,
    ...level,
    input: { ...adapter.input, batch: oneAtATime ? 1 : first.fixedBatch },
    ...(oneAtATime && { oneAtATime: true }),
    layers: featureLayers(read, tensors),
    ...(pool !== 'none' && read.some(({ tensor }) => isMap(tensor)) && { pool }),
  }
}

function wantedTensors(file: NetworkFile, adapter: InputAdapter, found: FoundHead | undefined): Wanted {
  const ofHead = found ? [found.head.layer] : []
  const { layers = found && ofHead } = file.reference
  const made = imageTensors(file.onnx.graph, adapter.image).map(({ name }) => name)
  return {
    file,
    adapter,
    ofHead,
    compared: found?.outputs ?? [],
    candidates: layerNames(file, adapter, [...made, ...ofHead], layers),
    isStated: layers !== undefined,
  }
}

/** Tries the graph itself, to see the shapes of all tensors that may be read. */
async function firstTrial(wanted: Wanted): Promise<FirstTrial> {
  const { file, adapter, compared, candidates } = wanted
  const { reference, onnx } = file
  const plain = await triedGraph(file, changesFor(wanted, candidates))
  const names = [...new Set([...compared, ...candidates])]
  const attempt = (batch: number) =>
    trialRun(plain, { input: trialInput(adapter.input, batch), names }, reference.signal)
  const stated = adapter.input.batch ?? (scalesByBatch(onnx.graph) ? 1 : null)
  const tried = await tryBatches(stated, attempt, ({ tensors }) =>
    chosenLayers(wanted, tensors, 2)
      .slice(reference.layers === undefined ? -1 : 0)
      .every((name) => tensors.get(name)?.shape[0] === 2),
  )
  return { ...tried, plain }
}

function chosenLayers(
  { file, adapter, candidates, isStated }: Wanted,
  tensors: Trial['tensors'],
  batch: number,
): readonly string[] {
  return isStated ? candidates : checkedNames(file, defaultLayers(file, adapter.image, tensors, batch))
}

/** The tensor of each chosen layer, with the nodes that turn it into features. */
function featureTensors(wanted: Wanted, { shown, batch, fixedBatch, plain }: FirstTrial): readonly FeatureTensor[] {
  const { file, adapter } = wanted
  const run = { onnxPath: plain.path, input: { ...adapter.input, batch: fixedBatch } }
  return chosenLayers(wanted, shown.tensors, batch).map((name) => {
    const scale = scaleOf(file.onnx.graph, name)
    const tensor = { ...shown.tensors.get(name)!, name, scale }
    return { tensor, ...checkedFeatures(file, tensor, batch, run) }
  })
}

/** Tries the graph whose outputs are the features, if it is not the one of the first trial. */
async function secondTrial(
  wanted: Wanted,
  { plain, shown, batch }: FirstTrial,
  read: readonly FeatureTensor[],
): Promise<SecondTrial> {
  const { file, adapter, candidates } = wanted
  const isPlain = read.every(({ nodes }) => nodes.length === 0) && read.length === candidates.length
  if (isPlain) return { ...shown, graph: plain }
  const changes = changesFor(
    wanted,
    read.map(({ tensor }) => tensor.name),
  )
  const graph = await triedGraph(file, withFeatures(changes, read))
  const asked = { input: trialInput(adapter.input, batch), names: read.map(({ output }) => output) }
  const { optimization } = shown
  return { ...(await trialRun({ ...graph, optimization }, asked, file.reference.signal)), graph }
}

/** Whether an image must run alone, because its values depend on the others of its batch. */
function mustRunAlone(
  { file, adapter, ofHead, compared }: Wanted,
  { shown, fixedBatch }: FirstTrial,
  read: readonly FeatureTensor[],
  { tensors }: SecondTrial,
): boolean {
  const isAlone = (name: string, tensor: ShownTensor | undefined) =>
    !ofHead.includes(name) && runsAlone(file.name, `layer "${name}"`, tensor?.dependence, fixedBatch === null)
  // All are checked, because a check may throw.
  const tried = [
    ...[...compared, ...read.map(({ tensor }) => tensor.name)].map((name) => isAlone(name, shown.tensors.get(name))),
    ...read.map(({ tensor: { name }, output }) => isAlone(name, tensors.get(output))),
  ]
  return tried.includes(true) || (adapter.input.batch === null && scalesByBatch(file.onnx.graph))
}

function featureLayers(read: readonly FeatureTensor[], tensors: Trial['tensors']): GraphSetup['layers'] {
  return read.map(({ tensor: { name, shape }, tokens, output }) => {
    const tensor = tensors.get(output)!
    return {
      name,
      dims: elementCount(tensor.shape.slice(1)),
      ...(isMap(tensor) && { isMap: true }),
      ...(output !== name && { output }),
      ...(tokens && { tokens: { ...tokens, channels: shape[3 - tokens.axis]! } }),
    }
  })
}

/** The changes that make tensors outputs of the graph. */
function changesFor({ file, adapter }: Wanted, names: readonly string[]): GraphChanges {
  const outputs = file.onnx.outputs.map(({ name }) => name)
  return { ...adapter.changes, outputs: names.filter((name) => !outputs.includes(name)) }
}

async function triedGraph({ onnx, name }: NetworkFile, changes: GraphChanges): Promise<TriedGraph> {
  const isChanged = changes.outputs.length > 0 || changes.madeInput !== undefined
  const { path } = isChanged ? await cachedCopy(onnx, 'layers', changes) : onnx
  return { path, name, bytes: onnx.bytes }
}

/** @throws UsageError if it is unclear what the output is that would be read */
function checkedNames(file: NetworkFile, { known, main, names }: ReturnType<typeof defaultLayers>) {
  const { name, shape = [], kind } = main
  if (kind !== undefined) return names
  const option = `outputKind ${known.length > 1 ? `${printable(name)}=` : ''}`
  throw UsageError.of`the output "${printable(name)}" of ${file.name} has the shape [${shape.join(', ')}] for each image, which fits tokens and boxes; say which with \`${option}tokens\` or \`${option}boxes\`, or name other \`layers\``
}

function withFeatures(plain: GraphChanges, added: readonly FeatureNodes[]): GraphChanges {
  const outputs = added.flatMap(({ nodes, output }) => (nodes.length > 0 ? [output] : []))
  return added.reduce(withNodes, { ...plain, outputs: [...plain.outputs, ...outputs] })
}

/**
 * The tensors that may be read: the given ones, or those of which `defaultLayers` chooses.
 * @param readable tensors that depend on the image
 */
function layerNames(
  file: NetworkFile,
  { image }: InputAdapter,
  readable: readonly string[],
  layers: Reference['layers'],
): readonly string[] {
  const { name, onnx } = file
  const names = [...new Set(layers ?? readableOutputs(onnx, image))]
  checkEvaluationMode(name, onnx.graph)
  const outputs = onnx.outputs.map((output) => output.name)
  if (names.length === 0)
    throw UsageError.of`\`layers\` is empty; leave it out, or name a layer of ${name}, such as one of its outputs ${listedNames(outputs)}`
  // Outputs are always accepted, because `readable` lacks those that depend on the image only through a subgraph.
  const known = new Set([...outputs, ...readable])
  const unknown = names.find((wanted) => !known.has(wanted))
  if (unknown === undefined) return names
  const shown = `"${printable(unknown)}"`
  const cause = onnx.tensors.has(unknown)
    ? `the tensor ${shown} of ${name} does not depend on the image`
    : `${name} has no tensor ${shown}`
  throw new UsageError(
    `${cause}; the most similar tensors that can be read are ${listedNames(nearestNames(unknown, readable, 5))}; the outputs are ${listedNames(outputs)}. For a list of all tensors, run "shiftscope models inspect NETWORK"`,
  )
}

/** Says what to do with a network that gives no features or class scores, but only the index of the best class. */
function labelMessage(network: string, { graph }: OnnxFile, { name, type }: ShownTensor & { readonly name: string }) {
  const [before] = valueNode(graph, name)?.inputs ?? []
  const layer = before === undefined ? '' : words`, such as \`layers ${printable(before)}\``
  return words`${network} has no output with features: "${printable(name)}" has values of type ${type}; name the layer that they are computed from${layer}, or export the network with its class scores as an output`
}

/** Nodes that turn a tensor into features, after a check that it can be read. */
function checkedFeatures(
  { reference, onnx, name: network }: NetworkFile,
  tensor: ShownTensor & { readonly name: string },
  batch: number,
  run: Pick<Network, 'onnxPath' | 'input'>,
): FeatureNodes & Pick<CellAxes, 'tokens'> {
  const { name, type, shape } = tensor
  if (FEATURE_TYPES[type] === undefined && reference.layers === undefined)
    throw new InputError(labelMessage(network, onnx, tensor))
  if (FEATURE_TYPES[type] === undefined)
    throw new InputError(
      `layer "${printable(name)}" of ${network} has values of type ${type}, but features must be ${Object.keys(FEATURE_TYPES).join(', ')}; name another layer`,
    )
  if (shape[0] !== batch || shape.length === 1 || shape.some((size) => size <= 0))
    throw new InputError(
      `layer "${printable(name)}" of ${network} has the shape [${shape.join(', ')}] for ${counted(batch, 'image')}, but features need one row per image; name another layer`,
    )
  const { pool = 'none', tokens: before } = reference
  if (!isMap(tensor)) return { ...featureNodes(name, tensor, pool, NO_CELLS), tokens: null }
  const graph = networkGraph(run)
  const tokens = tokensOf(tensor, graph, before) ?? null
  if (before !== undefined && shape.length === 3 && tokens === null)
    throw UsageError.of`layer "${printable(name)}" has the shape [${shape.join(', ')}], and no axis has a square map after ${counted(before, 'token')}; use another number of \`tokens\``
  const axes = graph.spacings.get(name)?.axes ?? null
  return { ...featureNodes(name, tensor, pool, { axes, tokens }), tokens }
}
