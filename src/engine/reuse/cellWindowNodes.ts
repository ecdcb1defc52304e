import type { GraphNodes } from '../../onnx/format/graphNodes.js'
import { ElementType } from '../../onnx/format/messages.js'
import { newNode } from '../../onnx/format/newNode.js'
import type { Initializer, Node, TensorInfo } from '../../onnx/format/onnxModel.js'
import type { CellShape, WindowStep } from './cellStep.js'
import { CELL_INPUTS, CELLS_AT_A_TIME } from './cells.js'
import { reaches } from './cellWindows.js'

export interface StepNodes {
  /** Nodes that are copied from the network's graph: the index of each, and the names of its inputs in the copy. */
  readonly copied: readonly (readonly [node: number, inputs: readonly string[]])[]
  readonly inputs: readonly TensorInfo[]
  readonly nodes: readonly Node[]
  readonly constants: readonly Initializer[]
}

/**
 * Makes the nodes of a convolution, a pool or padding. They gather and reduce CELLS_AT_A_TIME windows at a time, so
 * that these stay in the processor's cache.
 * @param gathers whether an index tensor says which input cells to read; otherwise, cell i reads only input cell i
 */
export function windowNodes(
  step: WindowStep,
  { operatorSet }: GraphNodes,
  shape: (name: string) => CellShape,
  gathers: boolean,
): StepNodes {
  const { input, output, operation } = step
  const { channels } = shape(input)
  const outputs = shape(output).channels
  const taps = step.rows.taps * step.cols.taps
  const writer = stepWriter(output, operatorSet)
  const { outside, inside, constants, part, reshape } = writer
  const inputs: TensorInfo[] = []
  const reduce = (read: string) => reduceWindows(step.operation, read, { taps, channels, outputs }, writer)
  let result: string
  if (!gathers) result = reduce(input)
  else {
    const index = CELL_INPUTS.gather(output, 0)
    inputs.push({ name: index, shape: [`cells.${output}`, taps], elements: ElementType.INT32 })
    let source = input
    const isBordered = reaches(step.rows, shape(input).rows) || reaches(step.cols, shape(input).cols)
    if (operation.kind !== 'maximum' && isBordered) {
      const zeros = `shiftscope.zeros.${channels}`
      constants.push({ name: zeros, shape: [1, channels, 1, 1], float32: async () => new Float32Array(channels) })
      source = `shiftscope.bordered.${input}`
      outside.push(newNode('Concat', [input, zeros], source, { axis: 0 }))
    }
    const read = part('read')
    if (operation.kind === 'padding') {
      inside.push(newNode('Gather', [source, index], read))
      result = reduce(read)
    } else {
      const [chunks, chunk] = [part('chunks'), part('chunk')]
      reshape(outside, index, chunks, [-1, CELLS_AT_A_TIME, taps])
      inside.push(newNode('Gather', [source, chunk], read))
      const reduced = reduce(read)
      const body = {
        name: part('body'),
        inputs: [{ name: chunk, shape: [CELLS_AT_A_TIME, taps], elements: ElementType.INT32 }],
        outputs: [{ name: reduced, shape: [CELLS_AT_A_TIME, outputs] }],
        nodes: inside.splice(0),
      }
      result = part('all')
      inside.push(newNode('Scan', [chunks], result, { num_scan_inputs: 1, body: { graph: body } }))
    }
  }
  reshape(inside, result, output, [-1, outputs, 1, 1])
  return { copied: [], inputs, nodes: [...outside, ...inside], constants }
}

/** Collects the nodes of a step. Those in `outside` run once; those in `inside` run for each group of windows. */
function stepWriter(output: string, operatorSet: number) {
  const outside: Node[] = []
  const inside: Node[] = []
  const constants: Initializer[] = []
  return {
    outside,
    inside,
    constants,
    /** Makes a name that is unique to this step. */
    part: (what: string) => `shiftscope.${what}.${output}`,
    reshape: (nodes: Node[], from: string, to: string, sizes: readonly number[]) => {
      nodes.push(newNode('Reshape', [from, integerList(constants, sizes)], to))
    },
    transpose: (nodes: Node[], from: string, to: string, perm: readonly number[]) => {
      nodes.push(newNode('Transpose', [from], to, { perm }))
    },
    product: (rows: string, matrix: string, bias: string | null, to: string) => {
      if (bias !== null) inside.push(newNode('Gemm', [rows, matrix, bias], to))
      // Before operator set 11, Gemm requires a bias.
      else inside.push(newNode(operatorSet >= 11 ? 'Gemm' : 'MatMul', [rows, matrix], to))
    },
    /** Adds a node that reduces axis 1. The axis is an attribute in old operator sets, and an input in newer ones. */
    reduction: (operator: 'ReduceMax' | 'ReduceMean' | 'ReduceSum', from: string, to: string) => {
      const asInput = operatorSet >= (operator === 'ReduceSum' ? 13 : 18)
      inside.push(
        asInput
          ? newNode(operator, [from, integerList(constants, [1])], to, { keepdims: 0 })
          : newNode(operator, [from], to, { axes: [1], keepdims: 0 }),
      )
    },
  }
}

/** The operator that reduces a window without weights. */
const REDUCTIONS = { maximum: 'ReduceMax', mean: 'ReduceMean' } as const

/**
 * Adds nodes that reduce each window to one cell: from [cells, taps, channels, 1, 1] to [cells, outputs]. Returns the
 * name of the result.
 */
function reduceWindows(
  operation: WindowStep['operation'],
  read: string,
  { taps, channels, outputs }: { readonly taps: number; readonly channels: number; readonly outputs: number },
  { outside, inside, part, reshape, transpose, reduction, product }: ReturnType<typeof stepWriter>,
): string {
  const windows = part('windows')
  if (operation.kind === 'padding') return read
  if (operation.kind !== 'convolution') {
    reshape(inside, read, windows, [-1, taps, channels])
    reduction(REDUCTIONS[operation.kind], windows, part('reduced'))
    return part('reduced')
  }
  const { groups, weight, bias } = operation
  const [own, made] = [channels / groups, outputs / groups]
  // ONNX Runtime computes the matrix of the weights only once, when it opens the graph.
  const [turned, matrix, sums] = [part('turned'), part('matrix'), part('sums')]
  if (groups === 1) {
    transpose(outside, weight, turned, [2, 3, 1, 0])
    reshape(outside, turned, matrix, [taps * channels, outputs])
    reshape(inside, read, windows, [-1, taps * channels])
    product(windows, matrix, bias, sums)
    return sums
  }
  if (own === 1 && made === 1) {
    reshape(outside, weight, turned, [channels, taps])
    transpose(outside, turned, matrix, [1, 0])
    reshape(inside, read, windows, [-1, taps, channels])
    inside.push(newNode('Mul', [windows, matrix], part('products')))
    reduction('ReduceSum', part('products'), sums)
  } else {
    reshape(outside, weight, part('groups'), [groups, made, own, taps])
    transpose(outside, part('groups'), turned, [0, 3, 2, 1])
    reshape(outside, turned, matrix, [groups, taps * own, made])
    reshape(inside, read, windows, [-1, taps, groups, own])
    transpose(inside, windows, part('apart'), [2, 0, 1, 3])
    reshape(inside, part('apart'), part('rows'), [groups, -1, taps * own])
    inside.push(newNode('MatMul', [part('rows'), matrix], part('products')))
    transpose(inside, part('products'), part('together'), [1, 0, 2])
    reshape(inside, part('together'), sums, [-1, outputs])
  }
  if (bias === null) return sums
  inside.push(newNode('Add', [sums, bias], part('biased')))
  return part('biased')
}

/** Adds a constant list of integers and returns its name. Equal lists get the same name. */
export function integerList(constants: Initializer[], int64: readonly number[]): string {
  const name = `shiftscope.list.${int64.join('.')}`
  constants.push({ name, shape: [int64.length], int64 })
  return name
}
