import { basename, dirname, extname } from 'node:path'
import { sha256 } from '../../files/sha256.js'
import { cachedGraph } from '../graphCache.js'
import type { Network } from '../network.js'
import { combinedSha256 } from '../onnxNetwork.js'
import type { CellShape, CellStep, CellSteps, WindowStep } from './cellSteps.js'
import { copyExternalFiles, externalFiles } from './externalData.js'
import { type GraphChanges, writeGraphCopy } from './graphCopy.js'
import type { GraphNodes } from './graphNodes.js'
import type { Initializer, Node, TypedInfo } from './model.js'

/** A network in two parts: the first computes cells, the second takes them, puts images' frames together, and goes on. */
export interface CellGraphs {
  /** Paths of the ONNX files. */
  readonly cells: string
  readonly rest: string
  /** What goes from the first to the second, [cells, channels, 1, 1] each. */
  readonly handedOn: readonly string[]
}

/** So many windows are gathered at a time; the numbers of cells are multiples of this. */
export const CELLS_AT_A_TIME = 128

/**
 * Names of inputs that the graphs take beside the image, which is [cells, 3, 1, 1] for the first one: normalised pixels. Index
 * tensors are int32.
 */
export const CELL_INPUTS = {
  /** Of the first graph, [cells, taps]: which cells of its input number `input` a step reads; their count: zeros. */
  gather: (output: string, input: number) => `shiftscope.gather.${input}.${output}`,
  /** Of the second graph: the cells of a tensor, as the first gave them. */
  cells: (tensor: string) => `shiftscope.cells.${tensor}`,
  /** Of the second graph, [images, rows * cols]: where in the cells each place of a tensor lies. */
  frames: (tensor: string) => `shiftscope.frames.${tensor}`,
} as const

/**
 * Writes a network's two parts.
 *
 * @param count of steps in the first part
 * @param gathers whether a step gathers the cells of its input, by `CELL_INPUTS.gather`
 * @param isChunked whether the first part gathers some windows at a time, as suits processors
 * @returns paths, in the cache of graphs
 * @throws InputError when the network's file is gone or damaged; OutputError when a copy cannot be written
 */
export async function cellGraphs(
  network: Pick<Network, 'onnxPath' | 'input' | 'layers'>,
  graph: GraphNodes,
  { steps, shapes }: CellSteps,
  count: number,
  gathers: ReadonlySet<string>,
  isChunked = true,
): Promise<CellGraphs> {
  const { onnxPath, input, layers } = network
  const first = steps.slice(0, count)
  const inFirst = new Set(first.map(({ node }) => node))
  const features = layers.map(({ name }) => name)
  const isMade = new Set(first.map(({ output }) => output))
  const rest = restNodes(graph, inFirst, isMade, features)
  const handedOn = [...isMade].filter(
    (name) => features.includes(name) || rest.some((node) => graph.nodes[node]?.inputs.includes(name)),
  )
  const shape = (name: string) => shapes.get(name) as CellShape
  const cellNodes = first.map((step) => cellStep(step, graph, shape, gathers, isChunked))
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
  const files = await externalFiles(onnxPath)
  const original = await combinedSha256(onnxPath, files)
  const stem = [...basename(onnxPath, extname(onnxPath))].slice(0, 40).join('')
  const write = (part: string, changes: GraphChanges) => {
    const described = { ...changes, kept: changes.kept && [[...changes.kept.nodes], [...changes.kept.constants]] }
    const digest = sha256(JSON.stringify([original, described])).slice(0, 16)
    const name = files.length === 0 ? `${stem}-${part}-${digest}.onnx` : `${stem}-${part}-${digest}/model.onnx`
    return cachedGraph(name, async (copy) => {
      await copyExternalFiles(onnxPath, files, dirname(copy))
      await writeGraphCopy(copy, onnxPath, changes)
    })
  }
  return { cells: await write('cells', cells), rest: await write('rest', frames), handedOn }
}

/** The nodes that lead from what the first part makes to the features. */
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

/** Nodes with those that make their constants, and the initializers of all of them. */
function kept({ nodes, constants }: GraphNodes, wanted: ReadonlySet<number>, names: ReadonlySet<string>) {
  const keptNodes = new Set(wanted)
  const needed = new Set([...names, ...[...wanted].flatMap((index) => nodes[index]?.inputs ?? [])])
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index] as GraphNodes['nodes'][number]
    if (keptNodes.has(index) || !node.outputs.some((name) => needed.has(name))) continue
    // What is made of the image is none of these: it comes by another name, or from a node that is kept.
    if (!isConstant(node, nodes, constants)) continue
    keptNodes.add(index)
    for (const name of node.inputs) needed.add(name)
  }
  return { nodes: keptNodes, constants: new Set([...needed].filter((name) => constants.has(name))) }
}

function isConstant(
  node: GraphNodes['nodes'][number],
  nodes: GraphNodes['nodes'],
  constants: GraphNodes['constants'],
): boolean {
  if (node.operator === 'Constant') return true
  return (
    node.inputs.length > 0 &&
    node.inputs.every((name) => {
      if (name === '' || constants.has(name)) return true
      const maker = nodes.find(({ outputs }) => outputs.includes(name))
      return maker !== undefined && isConstant(maker, nodes, constants)
    })
  )
}

/** What of the original the added nodes read. */
function constantsOf(nodes: readonly Node[]): Set<string> {
  const within = ({ attributes }: Node) =>
    Object.values(attributes).flatMap((value) =>
      typeof value === 'object' && 'graph' in value ? value.graph.nodes : [],
    )
  return new Set(nodes.flatMap((node) => [node, ...within(node)]).flatMap(({ inputs }) => inputs))
}

interface StepNodes {
  /** Nodes that stand as they are. */
  readonly verbatim: readonly number[]
  readonly renamed: Readonly<Record<number, readonly string[]>>
  readonly inputs: readonly TypedInfo[]
  readonly nodes: readonly Node[]
  readonly constants: readonly Initializer[]
}

function cellStep(
  step: CellStep,
  graph: GraphNodes,
  shape: (name: string) => CellShape,
  gathers: ReadonlySet<string>,
  isChunked: boolean,
): StepNodes {
  const { output } = step
  if (step.kind === 'mapping')
    return { verbatim: [], renamed: {}, inputs: [], nodes: [node('Identity', [step.input], output)], constants: [] }
  if (step.kind === 'window') return window(step, graph, shape, gathers.has(CELL_INPUTS.gather(output, 0)), isChunked)
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
      node('Reshape', [`${made}.taps`, list(constants, [-1, shape(name).channels, 1, 1])], made),
    )
    names.set(name, made)
  }
  const original = graph.nodes[step.node]?.inputs ?? []
  const renamed = names.size === 0 ? {} : { [step.node]: original.map((name) => names.get(name) ?? name) }
  return { verbatim: [step.node], renamed, inputs, nodes, constants }
}

/**
 * What a window step becomes. Its windows are gathered and reduced some at a time, so that they stay in the processor's cache;
 * where a device runs the graph, all at once.
 */
function window(
  step: WindowStep,
  { operatorSet }: GraphNodes,
  shape: (name: string) => CellShape,
  gathers: boolean,
  isChunked: boolean,
): StepNodes {
  const { input, output, operation, beyond } = step
  const { channels } = shape(input)
  const outputs = shape(output).channels
  const taps = step.rows.taps * step.cols.taps
  const writer = stepWriter(output, operatorSet)
  const { outside, inside, constants, part, reshape } = writer
  const inputs: TypedInfo[] = []
  const reduce = (read: string) => reduceWindows(step.operation, read, { taps, channels, outputs }, writer)
  let result: string
  if (!gathers) result = reduce(input)
  else {
    const index = CELL_INPUTS.gather(output, 0)
    inputs.push({ name: index, shape: [`cells.${output}`, taps], elements: 'int32' })
    let source = input
    if (beyond === 'zeros' && reachesBeyond(step, shape(input))) {
      const zeros = `shiftscope.zeros.${channels}`
      constants.push({ name: zeros, shape: [1, channels, 1, 1], float32: async () => new Float32Array(channels) })
      source = `shiftscope.bordered.${input}`
      outside.push(node('Concat', [input, zeros], source, { axis: 0 }))
    }
    const read = part('read')
    if (!isChunked || operation.kind === 'padding') {
      inside.push(node('Gather', [source, index], read))
      result = reduce(read)
    } else {
      const [chunks, chunk] = [part('chunks'), part('chunk')]
      reshape(outside, index, chunks, [-1, CELLS_AT_A_TIME, taps])
      inside.push(node('Gather', [source, chunk], read))
      const reduced = reduce(read)
      const body = {
        name: part('body'),
        inputs: [{ name: chunk, shape: [CELLS_AT_A_TIME, taps], elements: 'int32' as const }],
        outputs: [{ name: reduced, shape: [CELLS_AT_A_TIME, outputs] }],
        nodes: inside.splice(0),
      }
      result = part('all')
      inside.push(node('Scan', [chunks], result, { num_scan_inputs: 1, body: { graph: body } }))
    }
  }
  reshape(inside, result, output, [-1, outputs, 1, 1])
  return { verbatim: [], renamed: {}, inputs, nodes: [...outside, ...inside], constants }
}

/** Collects the nodes of a step: those that run once, and those that run for its windows. */
function stepWriter(output: string, operatorSet: number) {
  const outside: Node[] = []
  const inside: Node[] = []
  const constants: Initializer[] = []
  return {
    outside,
    inside,
    constants,
    /** A name that belongs to this step. */
    part: (what: string) => `shiftscope.${what}.${output}`,
    reshape: (nodes: Node[], from: string, to: string, sizes: readonly number[]) => {
      nodes.push(node('Reshape', [from, list(constants, sizes)], to))
    },
    transpose: (nodes: Node[], from: string, to: string, perm: readonly number[]) => {
      nodes.push(node('Transpose', [from], to, { perm }))
    },
    /** Over axis 1, which is gone; an attribute once, an input from some version on. */
    reduction: (operator: 'ReduceMax' | 'ReduceMean' | 'ReduceSum', from: string, to: string) => {
      const asInput = operatorSet >= (operator === 'ReduceSum' ? 13 : 18)
      inside.push(
        asInput
          ? node(operator, [from, list(constants, [1])], to, { keepdims: 0 })
          : node(operator, [from], to, { axes: [1], keepdims: 0 }),
      )
    },
  }
}

/** Nodes that make [cells, outputs] of windows [cells, taps, channels, 1, 1]. @returns the name of what they make */
function reduceWindows(
  operation: WindowStep['operation'],
  read: string,
  { taps, channels, outputs }: { readonly taps: number; readonly channels: number; readonly outputs: number },
  { outside, inside, part, reshape, transpose, reduction }: ReturnType<typeof stepWriter>,
): string {
  const windows = part('windows')
  if (operation.kind === 'padding') return read
  if (operation.kind !== 'convolution') {
    reshape(inside, read, windows, [-1, taps, channels])
    reduction(operation.kind === 'maximum' ? 'ReduceMax' : 'ReduceMean', windows, part('reduced'))
    return part('reduced')
  }
  const { groups, weight, bias } = operation
  const [own, made] = [channels / groups, outputs / groups]
  // ONNX Runtime makes the matrix of [outputs, channels / groups, rows, cols] when it opens the graph.
  const [turned, matrix, sums] = [part('turned'), part('matrix'), part('sums')]
  if (groups === 1) {
    transpose(outside, weight, turned, [2, 3, 1, 0])
    reshape(outside, turned, matrix, [taps * channels, outputs])
    reshape(inside, read, windows, [-1, taps * channels])
    inside.push(node('Gemm', [windows, matrix, ...(bias === null ? [] : [bias])], sums))
    return sums
  }
  if (own === 1 && made === 1) {
    reshape(outside, weight, turned, [channels, taps])
    transpose(outside, turned, matrix, [1, 0])
    reshape(inside, read, windows, [-1, taps, channels])
    inside.push(node('Mul', [windows, matrix], part('products')))
    reduction('ReduceSum', part('products'), sums)
  } else {
    reshape(outside, weight, part('groups'), [groups, made, own, taps])
    transpose(outside, part('groups'), turned, [0, 3, 2, 1])
    reshape(outside, turned, matrix, [groups, taps * own, made])
    reshape(inside, read, windows, [-1, taps, groups, own])
    transpose(inside, windows, part('apart'), [2, 0, 1, 3])
    reshape(inside, part('apart'), part('rows'), [groups, -1, taps * own])
    inside.push(node('MatMul', [part('rows'), matrix], part('products')))
    transpose(inside, part('products'), part('together'), [1, 0, 2])
    reshape(inside, part('together'), sums, [-1, outputs])
  }
  if (bias === null) return sums
  inside.push(node('Add', [sums, bias], part('biased')))
  return part('biased')
}

function reachesBeyond({ rows, cols }: WindowStep, shape: CellShape): boolean {
  return (['rows', 'cols'] as const).some((axis) => {
    const { taps, stride, dilation, before, length } = { rows, cols }[axis]
    return before > 0 || (length - 1) * stride - before + (taps - 1) * dilation >= shape[axis]
  })
}

function assembly(name: string, { channels, rows, cols }: CellShape) {
  const [cells, frames] = [CELL_INPUTS.cells(name), CELL_INPUTS.frames(name)]
  const constants: Initializer[] = []
  const part = (what: string) => `shiftscope.${what}.${name}`
  const nodes = [
    node('Gather', [cells, frames], part('places')),
    node('Reshape', [part('places'), list(constants, [-1, rows, cols, channels])], part('frame')),
    node('Transpose', [part('frame')], name, { perm: [0, 3, 1, 2] }),
  ]
  const inputs: TypedInfo[] = [
    { name: cells, shape: [`cells.${name}`, channels, 1, 1] },
    { name: frames, shape: ['N', rows * cols], elements: 'int32' },
  ]
  return { inputs, nodes, constants }
}

/** A list of whole numbers as a constant, which equal lists share. */
function list(constants: Initializer[], int64: readonly number[]): string {
  const name = `shiftscope.list.${int64.join('.')}`
  constants.push({ name, shape: [int64.length], int64 })
  return name
}

function node(operator: string, inputs: readonly string[], output: string, attributes: Node['attributes'] = {}): Node {
  return { operator, name: `${output}.node`, inputs, outputs: [output], attributes }
}

function once(nodes: readonly Node[]): Node[] {
  return [...new Map(nodes.map((node) => [node.outputs[0], node])).values()]
}

function onceNamed(constants: readonly Initializer[]): Initializer[] {
  return [...new Map(constants.map((constant) => [constant.name, constant])).values()]
}
