import { UsageError } from '../../errors.js'
import type { OutputKind } from '../../network.js'
import type { GraphNodes } from '../../onnx/format/graphNodes.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
import {
  enteringOf,
  isVectorShape,
  type KnownOutput,
  mainOutput,
  outputKinds,
  type StatedKind,
} from '../../onnx/graph/outputKinds.js'
import { FEATURE_TYPES, type ShownTensor } from '../../onnx/graph/shownTensor.js'
import { listedNames, printable } from '../../support/text.js'
import { IMAGENET_COUNTS } from '../classes/names.js'
import type { NetworkFile } from '../file/networkFile.js'

type OutputFile = Pick<NetworkFile, 'onnx' | 'reference' | 'names' | 'name'>
export type ShownTensors = ReadonlyMap<string, ShownTensor>

/** Only so many outputs are looked at, the last ones, because the time for each grows with the graph. */
const MOST_OUTPUTS = 100

/**
 * Decides what each of the last outputs of a network is.
 * @param tensors tensors as a run on `batch` images showed them; for other outputs, the shapes in the file count
 * @throws UsageError if the option `outputKind` does not fit the network
 */
export function readOutputs(
  { onnx, reference, names, name: network }: OutputFile,
  tensors: ShownTensors,
  batch: number,
): readonly KnownOutput[] {
  const outputs = onnx.outputs.slice(-MOST_OUTPUTS).map((output) => {
    const { type, shape } = tensors.get(output.name) ?? output
    const [rows, ...own] = shape
    const isKnown = (rows === batch || shape === output.shape) && own.every((size) => typeof size === 'number')
    return { name: output.name, type, shape: isKnown ? own : undefined }
  })
  const counts = [names.map((list) => list.names.length), IMAGENET_COUNTS]
  return outputKinds(onnx.graph, outputs, counts, statedKind(onnx, network, reference.outputKind))
}

/** Parses the option `outputKind`: a kind for the only output, or NAME=KIND. */
function statedKind({ outputs }: OnnxFile, network: string, text: string | undefined): StatedKind | undefined {
  if (text === undefined) return undefined
  const [, given, kind] = /^(?:(.*)=)?(.*)$/s.exec(text) as unknown as [string, string | undefined, OutputKind]
  const names = outputs.map(({ name }) => name)
  const name = given ?? (names.length === 1 ? names[0] : undefined)
  if (name !== undefined && names.includes(name)) return { name, kind }
  const cause = name === undefined ? 'several outputs' : `no output "${printable(name)}"`
  throw UsageError.of`${network} has ${cause}; use \`outputKind NAME=${kind}\` with one of its outputs ${listedNames(names)}`
}

/** The tensors that may be read by default: outputs of numbers, and the inputs of their last fully connected layers. */
export function readableOutputs({ outputs, graph }: OnnxFile, image: string): readonly string[] {
  const numbers = outputs.slice(-MOST_OUTPUTS).filter(({ type }) => FEATURE_TYPES[type] !== undefined)
  const read = numbers.length > 0 ? numbers : outputs.slice(-1)
  return [...new Set(read.flatMap(({ name }) => [...embeddingOf(graph, image, name), name]))]
}

/**
 * What is read by default: `main`, which is the output with class scores or else another one, and its embedding. The
 * embedding is another output, or else the input of the last fully connected layer, if this is a vector. For the
 * parameters, see `readOutputs`.
 * @returns also `names`, with the embedding first
 */
export function defaultLayers(file: OutputFile, image: string, tensors: ShownTensors, batch: number) {
  const { graph } = file.onnx
  const known = readOutputs(file, tensors, batch)
  const mainOf = (...kinds: readonly KnownOutput['kind'][]) =>
    mainOutput(
      graph,
      known.filter(({ kind }) => kinds.includes(kind)),
    )
  const embedding = mainOf('embedding')
  const scores = mainOf('scores')
  const rest = known.findLast(({ type }) => FEATURE_TYPES[type] !== undefined) ?? known.at(-1)!
  const main = scores ?? embedding ?? mainOf('tokens', 'map', 'boxes', undefined) ?? rest
  const before = scores && embedding ? [embedding.name] : embeddingOf(graph, image, main.name)
  return { known, main, names: [...before.filter((name) => isVector(tensors.get(name), batch)), main.name] }
}

function isVector(tensor: ShownTensor | undefined, batch: number): boolean {
  const { type = '', shape: [rows, ...own] = [] } = tensor ?? {}
  return FEATURE_TYPES[type] !== undefined && rows === batch && isVectorShape(own)
}

function embeddingOf(graph: GraphNodes, image: string, output: string): readonly string[] {
  const entering = enteringOf(graph, output)
  return entering === undefined || entering === image || entering === output ? [] : [entering]
}
