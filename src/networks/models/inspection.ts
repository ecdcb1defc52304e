import { dirname, join } from 'node:path'
import { rm } from '../../files/retried.js'
import { makeTemporaryFolder } from '../../files/temporaries.js'
import type { Classes, Head, NetworkInput, OutputKind, Tokens } from '../../network.js'
import { writeGraphCopy } from '../../onnx/format/graphCopy.js'
import { ElementType } from '../../onnx/format/messages.js'
import { type OnnxFile, readOnnxFile, type TypedTensor } from '../../onnx/format/onnxFile.js'
import { analysedGraph, type GraphAnalysis } from '../../onnx/graph/analysis.js'
import { type ImageTensor, imageTensors } from '../../onnx/graph/links.js'
import { FEATURE_TYPES, isMap, type ShownTensor } from '../../onnx/graph/shownTensor.js'
import { connectedEnds, stageEnds } from '../../onnx/graph/stageEnds.js'
import { tokensOf } from '../../onnx/graph/tokens.js'
import { extentNodes } from '../../onnx/trial/extentNodes.js'
import { type TrialBatch, trialInput, trialRun, tryBatches } from '../../onnx/trial/trialRun.js'
import { elementCount } from '../../support/shape.js'
import { detectionOf } from '../detector/detection.js'
import type { FoundHead } from '../file/foundHead.js'
import { type NetworkFile, networkFile } from '../file/networkFile.js'
import type { InputAdapter } from '../input/inputAdapter.js'
import { classesOf } from '../open/classes.js'
import { defaultLayers } from '../open/outputs.js'
import { adapterOf } from '../open/setUpNetwork.js'
import { type GivenReference, parseReference } from '../reference/reference.js'

/** Inputs, outputs and readable tensors of a network. */
export interface ModelInspection {
  readonly path: string
  /** Inputs of the graph that are not constants. */
  readonly inputs: readonly TypedTensor[]
  /** How pixels become the network's input. `source` says where this was found, such as the name of a file. */
  readonly input: NetworkInput & { readonly source: string }
  /** How the graph takes pixels and computes, such as `channels last, bytes, 8-bit inside, batch of 1`. */
  readonly form: string
  /** Outputs of the graph, and what each of them is; `kind` is null if the graph does not tell. */
  readonly outputs: readonly (TypedTensor & { readonly kind: OutputKind | null })[]
  /** Tensors that you can read as features, in order of depth. */
  readonly tensors: readonly {
    readonly name: string
    /** ONNX operator that computes the tensor. */
    readonly op: string
    /** Shape for one image, such as [512, 7, 7]. */
    readonly shape: readonly number[]
    /** Number of values for one image. */
    readonly dims: number
    /** Element type, such as `float32`. */
    readonly type: string
    /** The map among the tokens of a transformer, if the graph tells it or the option `tokens` states it. */
    readonly tokens?: Tokens
    /**
     * True for tensors that are often chosen as features: the last feature map of each size, the output of each fully
     * connected layer, and the input of the last fully connected layer.
     */
    readonly suggested: boolean
    /** Whether Shiftscope reads the tensor if you name no layers. */
    readonly default: boolean
  }[]
  /** Classes of the output with class scores that is read by default, or of the head; null if unknown. */
  readonly classes: Classes | null
  /** How the outputs of a detector are read; null for other networks. In `boxes`, `?` stands for what nothing tells. */
  readonly head: Head | null
}

/**
 * Lists the tensors of a network that you can read as features: those that depend on the image and have one row per
 * image. It runs the network on a trial batch to learn their shapes.
 * @param model the network, named as in `openNetwork`
 * @throws UsageError for an unknown id or options that do not fit the network
 * @throws InputError for missing or damaged files
 * @throws the signal's reason after an abort
 */
export async function inspectModel(
  model: string,
  options: Omit<GivenReference, 'model'> = {},
): Promise<ModelInspection> {
  const file = await networkFile(parseReference({ model, ...options, weightsOption: 'weights FILE' }))
  const adapter = await adapterOf(file)
  const { path, graph, inputs, outputs } = file.onnx
  const { input, inputSource, image } = adapter
  const made = imageTensors(graph, image)
  const defaultsOf = (shown: Shown, batch: number) => defaultLayers(file, image, shown, batch)
  // Some graphs claim to accept any batch size, but contain a fixed one. The number of images in the output then differs
  // from that in the input.
  const isWhole = (shown: Shown) => (shown.get(defaultsOf(shown, 2).main.name)?.shape[0] ?? 2) === 2
  const { shown, batch, analysis } = await allShapes(file, adapter, made, isWhole)
  const { known, main, names } = defaultsOf(shown, batch)
  const readable = made.flatMap(({ name, operator }) => {
    const tensor = shown.get(name)
    const isRead =
      tensor && FEATURE_TYPES[tensor.type] !== undefined && tensor.shape.length > 1 && tensor.shape[0] === batch
    if (!isRead) return []
    const tokens = tokensOf({ name, ...tensor }, analysis, file.reference.tokens)
    return {
      name,
      operator,
      ...tensor,
      ...(tokens && { tokens }),
      dims: elementCount(tensor.shape.slice(1)),
      isMap: isMap(tensor),
    }
  })
  const own = file.entry?.layers.map(({ name }) => name) ?? []
  const found = detectionOf(file)
  const isReadable = main.kind !== undefined && FEATURE_TYPES[main.type] !== undefined
  const usual = isReadable && !found ? names : []
  const read = new Set(own.length > 0 ? own : usual)
  const suggested = new Set([...read, ...stageEnds(graph, readable), ...connectedEnds(graph, main.name, readable)])
  const tensors = readable.map(({ name, operator, type, shape, dims, tokens }) => ({
    name,
    op: operator,
    shape: shape.slice(1),
    dims,
    type,
    ...(tokens && { tokens }),
    suggested: suggested.has(name),
    default: read.has(name),
  }))
  const layers = readable.filter(({ name }) => read.has(name))
  return {
    path,
    inputs,
    input: { ...input, name: image, source: inputSource },
    form: formOf(file.onnx, adapter, inputs[0]!),
    outputs: outputs.map((output) => {
      const knownOutput = known.find(({ name }) => name === output.name)
      const { shape, kind: own = null } = knownOutput ?? { kind: 'other' as const, shape: undefined }
      const kind = found?.outputs.includes(output.name) ? found.outputKind : own
      return { ...output, ...(shape && { shape: [output.shape[0] ?? '?', ...shape] }), kind }
    }),
    tensors: [...tensors, ...headTensors(found)],
    classes: found?.classes ?? classesOf(file, layers) ?? null,
    head: found?.head ?? null,
  }
}

type Shown = ReadonlyMap<string, ShownTensor>

const QUANTISED = /Quantize|QLinear|QGemm|Integer$/

function formOf({ graph }: OnnxFile, { input, changes }: InputAdapter, { type }: TypedTensor): string {
  const isChannelsLast = changes?.nodes?.some(({ operator }) => operator === 'Transpose')
  const types = new Set([...graph.constants.values()].map((constant) => constant.type))
  const isQuantised = graph.nodes.some(({ operator }) => QUANTISED.test(operator))
  const inside = isQuantised ? ['8-bit inside'] : types.has(ElementType.FLOAT16) ? ['float16 inside'] : []
  return [
    isChannelsLast ? 'channels last' : 'channels first',
    type === 'uint8' ? 'bytes' : type,
    ...inside,
    input.batch === null ? 'any batch size' : `batch of ${input.batch}`,
    `operator set ${graph.operatorSet}`,
  ].join(', ')
}

function headTensors(found: FoundHead | undefined): ModelInspection['tensors'] {
  if (found === undefined) return []
  const { head, op, shape } = found
  const of = { op, type: 'float32', suggested: true, default: true }
  return [{ name: head.layer, shape, dims: elementCount(shape), ...of }]
}

/** Runs the graph on two images, or on as many as it accepts, to learn the types and shapes of tensors. */
async function allShapes(
  { reference, name, onnx }: NetworkFile,
  { input, changes }: InputAdapter,
  made: readonly ImageTensor[],
  isWhole: (shown: Shown) => boolean,
): Promise<TrialBatch<Shown> & { readonly analysis: GraphAnalysis }> {
  const names = made.flatMap(({ name, like }) => (like === undefined ? [name] : []))
  const folder = await makeTemporaryFolder()
  try {
    const copy = join(folder, 'model.onnx')
    const { path, files } = onnx
    await writeGraphCopy(copy, path, {
      ...changes,
      outputs: [],
      nodes: [...(changes?.nodes ?? []), ...extentNodes(names)],
    })
    const data = files.length > 0 && { dataFolder: dirname(path) }
    const analysis = analysedGraph(readOnnxFile(copy).graph, input)
    const attempt = async (batch: number) => {
      // Optimisations might remove the added nodes, and would take longer than the run.
      const tried = { path: copy, ...data, name, bytes: onnx.bytes, optimization: 'disabled' } as const
      const asked = { input: trialInput(input, batch), names, byExtents: true }
      const shown = new Map((await trialRun(tried, asked, reference.signal)).tensors)
      for (const { name: output, like } of made) {
        const same = like === undefined ? undefined : shown.get(like)
        if (same !== undefined) shown.set(output, same)
      }
      return shown
    }
    return { ...(await tryBatches(input.batch, attempt, isWhole)), analysis }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
