import type { GraphChanges, GraphNodes, Initializer, Node, TypedInfo } from '../../networks/index.js'
import { cachedCopy, type Network, outputOf } from '../../networks/index.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { CELL_INPUTS, integerList, node, type StepNodes, windowNodes } from './cellWindowNodes.js'

/**
 * Two ONNX graphs that compute the features together. The first computes distinct cells (see `CellSteps`). The second
 * copies them into whole activations and runs the other layers.
 */
export interface CellGraphs {
  /** Path of the first graph's ONNX file. */
  readonly cells: string
  /** Path of the second graph's ONNX file. */
  readonly rest: string
  /** Names of the tensors that the second graph reads from the first. Each has the shape [cells, channels, 1, 1]. */
  readonly handedOn: readonly string[]
}

export interface CellWork {
  readonly graphs: CellGraphs
  readonly steps: readonly CellStep[]
  readonly shapes: CellSteps['shapes']
}

/**
 * @param count number of steps in the first graph
 * @param gathers names of the index tensors that the first graph needs; made by `CELL_INPUTS.gather`
 */
export async function cellGraphs(
  network: Pick<Network, 'onnxPath' | 'input' | 'layers'>,
  graph: GraphNodes,
  { steps, shapes }: CellSteps,
  count: number,
  gathers: ReadonlySet<string>,
): Promise<CellGraphs> {
  const { onnxPath, input, layers } = network
  const first = steps.slice(0, count)
  const inFirst = new Set(first.map(({ node }) => node))
  const features = layers.map(outputOf)
  const isMade = new Set(first.map(({ output }) => output))
  const rest = restNodes(graph, inFirst, isMade, features)
  const handedOn = [...isMade].filter(
    (name) => features.includes(name) || rest.some((node) => graph.nodes[node]?.inputs.includes(name)),
  )
  const shape = (name: string) => shapes.get(name) as CellShape
  const cellNodes = first.map((step) => cellStep(step, graph, shape, gathers))
  const cells: GraphChanges = {
    kept: kept(
      graph,
      new Set(cellNodes.flatMap(({ verbatim }) => verbatim)),
      constantsOf(cellNodes.flatMap(({ nodes }) => nodes)),
    ),
    renamedInputs: Object.assign({}, ...cellNodes.map(({ renamed }) => renamed)),
    inputs: [{ name: input.name, shape: ['cells', 3, 1, 1] }, ...cellNodes.flatMap(({ inputs }) => inputs)],
    nodes: once(cellNodes.flatMap(({ nodes }) => nodes)),
    constants: onceNamed(cellNodes.flatMap(({ constants }) => constants)),
    outputs: handedOn,
  }
  const assembled = handedOn.map((name) => assembly(name, shape(name)))
  const frames: GraphChanges = {
    kept: kept(graph, new Set(rest), new Set()),
    inputs: assembled.flatMap(({ inputs }) => inputs),
    nodes: assembled.flatMap(({ nodes }) => nodes),
    constants: assembled.flatMap(({ constants }) => constants),
    outputs: features,
  }
  return {
    cells: (await cachedCopy(onnxPath, 'cells', cells)).path,
    rest: (await cachedCopy(onnxPath, 'rest', frames)).path,
    handedOn,
  }
}

/** Indices of the nodes that compute the features from the first graph's outputs. */
function restNodes(
  { nodes }: GraphNodes,
  inFirst: ReadonlySet<number>,
  isMade: ReadonlySet<string>,
  features: readonly string[],
): number[] {
  const wanted = new Set(features.filter((name) => !isMade.has(name)))
  const rest: number[] = []
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index] as GraphNodes['nodes'][number]
    if (inFirst.has(index) || !node.outputs.some((name) => wanted.has(name))) continue
    rest.push(index)
    for (const name of node.inputs) if (!isMade.has(name)) wanted.add(name)
  }
  return rest.reverse()
}

/**
 * Lists what a copy of the graph keeps: the wanted nodes, the constants that they read, and the nodes that compute such
 * constants.
 */
function kept({ nodes, constants }: GraphNodes, wanted: ReadonlySet<number>, names: ReadonlySet<string>) {
  const fixed = new Set(constants.keys())
  const makers = new Set<number>()
  for (const [index, { operator, inputs, outputs }] of nodes.entries()) {
    const isFixed = inputs.length > 0 && inputs.every((name) => name === '' || fixed.has(name))
    if (operator !== 'Constant' && !isFixed) continue
    makers.add(index)
    for (const name of outputs) fixed.add(name)
  }
  const keptNodes = new Set(wanted)
  const needed = new Set([...names, ...[...wanted].flatMap((index) => nodes[index]?.inputs ?? [])])
  for (let index = nodes.length - 1; index >= 0; index--) {
    const { inputs = [], outputs = [] } = nodes[index] ?? {}
    if (!makers.has(index) || !outputs.some((name) => needed.has(name))) continue
    keptNodes.add(index)
    for (const name of inputs) needed.add(name)
  }
  return { nodes: keptNodes, constants: new Set([...needed].filter((name) => constants.has(name))) }
}

/** Names of all tensors that the added nodes read. Of these, `kept` keeps only constants of the original graph. */
function constantsOf(nodes: readonly Node[]): Set<string> {
  const within = ({ attributes }: Node) =>
    Object.values(attributes).flatMap((value) =>
      typeof value === 'object' && 'graph' in value ? value.graph.nodes : [],
    )
  return new Set(nodes.flatMap((node) => [node, ...within(node)]).flatMap(({ inputs }) => inputs))
}

function cellStep(
  step: CellStep,
  graph: GraphNodes,
  shape: (name: string) => CellShape,
  gathers: ReadonlySet<string>,
): StepNodes {
  const { output } = step
  if (step.kind === 'mapping')
    return { verbatim: [], renamed: {}, inputs: [], nodes: [node('Identity', [step.input], output)], constants: [] }
  if (step.kind === 'window') return windowNodes(step, graph, shape, gathers.has(CELL_INPUTS.gather(output, 0)))
  const inputs: TypedInfo[] = []
  const nodes: Node[] = []
  const constants: Initializer[] = []
  const names = new Map<string, string>()
  for (const [i, name] of step.inputs.entries()) {
    const index = CELL_INPUTS.gather(output, i)
    if (!gathers.has(index)) continue
    const made = `${index}.read`
    inputs.push({ name: index, shape: [`cells.${output}`, 1], elements: 'int32' })
    nodes.push(
      node('Gather', [name, index], `${made}.taps`),
      node('Reshape', [`${made}.taps`, integerList(constants, [-1, shape(name).channels, 1, 1])], made),
    )
    names.set(name, made)
  }
  const original = graph.nodes[step.node]?.inputs ?? []
  const renamed = names.size === 0 ? {} : { [step.node]: original.map((name) => names.get(name) ?? name) }
  return { verbatim: [step.node], renamed, inputs, nodes, constants }
}

function assembly(name: string, { channels, rows, cols }: CellShape) {
  const [cells, frames] = [CELL_INPUTS.cells(name), CELL_INPUTS.frames(name)]
  const constants: Initializer[] = []
  const part = (what: string) => `shiftscope.${what}.${name}`
  const nodes = [
    node('Gather', [cells, frames], part('places')),
    node('Reshape', [part('places'), integerList(constants, [-1, rows, cols, channels])], part('frame')),
    node('Transpose', [part('frame')], name, { perm: [0, 3, 1, 2] }),
  ]
  const inputs: TypedInfo[] = [
    { name: cells, shape: [`cells.${name}`, channels, 1, 1] },
    { name: frames, shape: ['N', rows * cols], elements: 'int32' },
  ]
  return { inputs, nodes, constants }
}

function once(nodes: readonly Node[]): Node[] {
  return [...new Map(nodes.map((node) => [node.outputs[0], node])).values()]
}

function onceNamed(constants: readonly Initializer[]): Initializer[] {
  return [...new Map(constants.map((constant) => [constant.name, constant])).values()]
}
