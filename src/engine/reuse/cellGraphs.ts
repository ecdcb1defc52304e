import type { Network } from '../../network.js'
import { outputOf } from '../../network.js'
import { cachedCopy } from '../../onnx/edit/cachedCopy.js'
import type { GraphChanges } from '../../onnx/format/graphCopy.js'
import type { GraphNodes } from '../../onnx/format/graphNodes.js'
import { ElementType } from '../../onnx/format/messages.js'
import { newNode } from '../../onnx/format/newNode.js'
import { readHashedOnnx } from '../../onnx/format/onnxFile.js'
import type { Initializer, Node, TensorInfo } from '../../onnx/format/onnxModel.js'
import { neededFor } from '../../onnx/graph/links.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { CELL_INPUTS } from './cells.js'
import { integerList, type StepNodes, windowNodes } from './cellWindowNodes.js'
import type { Keys } from './keys.js'

/**
 * Two ONNX graphs that compute the features together. The first computes distinct cells (see `CellSteps`). The second
 * copies them into whole activations and runs the other layers.
 */
export interface CellGraphs {
  /** Path of the first graph's ONNX file. */
  readonly cells: string
  /** Path of the second graph's ONNX file. */
  readonly rest: string
  /**
   * Path of an ONNX file that computes the compared tensors from whole images. Absent if these are the features, which
   * the network's own file computes.
   */
  readonly whole?: string
  /** Names of the tensors that the second graph reads from the first. Each has the shape [cells, channels, 1, 1]. */
  readonly handedOn: readonly string[]
}

export interface CellWork {
  readonly graphs: CellGraphs
  readonly steps: readonly CellStep[]
  readonly shapes: CellSteps['shapes']
}

/**
 * @param compared the tensors that stand for the features in a check of reuse (see `comparedLayers`)
 * @param count number of steps in the first graph
 * @param sources the cells that each step reads from each of its inputs (see `Keys`)
 */
export async function cellGraphs(
  network: Pick<Network, 'onnxPath' | 'input' | 'layers'>,
  graph: GraphNodes,
  compared: readonly string[],
  { steps, shapes }: CellSteps,
  count: number,
  sources: Keys['sources'],
): Promise<CellGraphs> {
  const { onnxPath, input, layers } = network
  const first = steps.slice(0, count)
  const made = new Set(first.map(({ output }) => output))
  const features = layers.map(outputOf)
  const outputs = [...new Set([...features, ...compared])]
  const needed = neededFor(outputs, graph, made)
  const isHandedOn = ({ node, output }: CellStep) => needed.read.has(output) && !needed.nodes.has(node)
  const handedOn = first.filter(isHandedOn).map(({ output }) => output)
  const shape = (name: string) => shapes.get(name)!
  const cellNodes = first.map((step) => stepNodes(step, graph, shape, sources))
  const added = once(cellNodes.flatMap(({ nodes }) => nodes))
  const copied = new Map(cellNodes.flatMap(({ copied }) => copied))
  const makers = neededFor([...[...copied.values()].flat(), ...namesReadBy(added)], graph, made)
  const cells: GraphChanges = {
    kept: { nodes: new Set([...copied.keys(), ...makers.nodes]), constants: makers.constants },
    renamedInputs: Object.fromEntries(copied),
    inputs: [{ name: input.name, shape: ['cells', 3, 1, 1] }, ...cellNodes.flatMap(({ inputs }) => inputs)],
    nodes: added,
    constants: once(cellNodes.flatMap(({ constants }) => constants)),
    outputs: handedOn,
  }
  const assembled = handedOn.map((name) => assembly(name, shape(name)))
  const rest: GraphChanges = {
    kept: needed,
    inputs: assembled.flatMap(({ inputs }) => inputs),
    nodes: assembled.flatMap(({ nodes }) => nodes),
    constants: assembled.flatMap(({ constants }) => constants),
    outputs,
  }
  const whole: GraphChanges = {
    kept: neededFor(compared, graph),
    inputs: [{ name: input.name, shape: [input.batch ?? 'N', 3, input.rows, input.cols] }],
    outputs: compared,
  }
  const onnx = await readHashedOnnx(onnxPath)
  return {
    cells: (await cachedCopy(onnx, 'cells', cells)).path,
    rest: (await cachedCopy(onnx, 'rest', rest)).path,
    ...(features.some((name, i) => name !== compared[i]) && { whole: (await cachedCopy(onnx, 'whole', whole)).path }),
    handedOn,
  }
}

/** Names of all tensors that nodes read, including nodes in the bodies of other nodes. */
function namesReadBy(nodes: readonly Node[]): string[] {
  const within = ({ attributes }: Node) =>
    Object.values(attributes).flatMap((value) =>
      typeof value === 'object' && 'graph' in value ? value.graph.nodes : [],
    )
  return nodes.flatMap((node) => [node, ...within(node)]).flatMap(({ inputs }) => inputs)
}

function stepNodes(
  step: CellStep,
  graph: GraphNodes,
  shape: (name: string) => CellShape,
  sources: Keys['sources'],
): StepNodes {
  const { output } = step
  const gathers = (input: number) => Boolean(sources.get(output)?.[input])
  if (step.kind === 'mapping')
    return { copied: [], inputs: [], nodes: [newNode('Identity', [step.input], output)], constants: [] }
  if (step.kind === 'window') return windowNodes(step, graph, shape, gathers(0))
  const inputs: TensorInfo[] = []
  const nodes: Node[] = []
  const constants: Initializer[] = []
  const names = new Map<string, string>()
  for (const [i, name] of step.inputs.entries()) {
    if (!gathers(i)) continue
    const index = CELL_INPUTS.gather(output, i)
    const made = `${index}.read`
    inputs.push({ name: index, shape: [`cells.${output}`, 1], elements: ElementType.INT32 })
    nodes.push(
      newNode('Gather', [name, index], `${made}.taps`),
      newNode('Reshape', [`${made}.taps`, integerList(constants, [-1, shape(name).channels, 1, 1])], made),
    )
    names.set(name, made)
  }
  if (step.channels !== undefined) {
    const [input = ''] = step.inputs
    const list = (int64: readonly number[]) => integerList(constants, int64)
    nodes.push(selection(output, step.channels, names.get(input) ?? input, graph.operatorSet, list))
    return { copied: [], inputs, nodes, constants }
  }
  const original = graph.nodes[step.node]?.inputs ?? []
  const renamed = original.map((name) => names.get(name) ?? name)
  return { copied: [[step.node, renamed]], inputs, nodes, constants }
}

/**
 * Copies channels. Slice copies a run of them several times as fast as Gather, but has another form before set 10.
 * @param list adds a constant list of integers and returns its name
 */
function selection(
  output: string,
  channels: readonly number[],
  input: string,
  operatorSet: number,
  list: (int64: readonly number[]) => string,
): Node {
  const [begin = 0] = channels
  if (operatorSet >= 10 && channels.every((channel, i) => channel === begin + i))
    return newNode('Slice', [input, list([begin]), list([begin + channels.length]), list([1])], output)
  return newNode('Gather', [input, list(channels)], output, { axis: 1 })
}

function assembly(name: string, { channels, rows, cols, elements }: CellShape) {
  const [cells, frames] = [CELL_INPUTS.cells(name), CELL_INPUTS.frames(name)]
  const constants: Initializer[] = []
  const part = (what: string) => `shiftscope.${what}.${name}`
  const nodes = [
    newNode('Gather', [cells, frames], part('places')),
    newNode('Reshape', [part('places'), integerList(constants, [-1, rows, cols, channels])], part('frame')),
    newNode('Transpose', [part('frame')], name, { perm: [0, 3, 1, 2] }),
  ]
  const inputs: TensorInfo[] = [
    { name: cells, shape: [`cells.${name}`, channels, 1, 1], elements },
    { name: frames, shape: ['N', rows * cols], elements: ElementType.INT32 },
  ]
  return { inputs, nodes, constants }
}

function once<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()]
}
