import type { AxisWindow } from '../../onnx/graph/windows.js'

/**
 * The part of a network that can be computed cell by cell. A cell is one position of a tensor (a row and a column) with
 * all its channels. A step is a node that computes each cell of its output from a few cells of its inputs.
 */
export interface CellSteps {
  /** The steps, in the order of the graph's nodes. */
  readonly steps: readonly CellStep[]
  /** Shapes of the image and of all steps' outputs, by name. */
  readonly shapes: ReadonlyMap<string, CellShape>
  /** Why the first node that is not a step cannot be one. Undefined if all nodes are steps. */
  readonly reason: string | undefined
}

/** Shape of a tensor for one image. */
export interface CellShape {
  readonly channels: number
  readonly rows: number
  readonly cols: number
  /** Type of the elements, as in `ElementType`. */
  readonly elements: number
}

export type CellStep = WindowStep | MappingStep | PointwiseStep

export interface Step {
  readonly node: number
  readonly output: string
}

/** Computes a cell from several cells of one tensor: a convolution, a pool, or padding with zeros. */
export interface WindowStep extends Step {
  readonly kind: 'window'
  readonly input: string
  readonly rows: AxisWindow
  readonly cols: AxisWindow
  readonly operation: WindowOperation
}

/** Windows read zeros beyond the border, except for `maximum`. */
export type WindowOperation =
  | { readonly kind: 'convolution'; readonly groups: number; readonly weight: string; readonly bias: string | null }
  /** Instead of a cell beyond the border, a window reads one of its other cells twice. Its maximum stays the same. */
  | { readonly kind: 'maximum' }
  | { readonly kind: 'mean' }
  /** Each window has only one cell: a cell of the input, or zeros beyond the border. */
  | { readonly kind: 'padding' }

/** Kinds of operations that a node with a kernel can have. */
export type WindowKind = Exclude<WindowOperation['kind'], 'padding'>

/** Copies cells of the input to other positions, as padding with `edge` or `reflect` does. */
interface MappingStep extends Step {
  readonly kind: 'mapping'
  readonly input: string
  /** For each row of the output, the row of the input that is copied. */
  readonly rows: readonly number[]
  readonly cols: readonly number[]
}

/**
 * Computes a cell from the cells at the same position of one or several tensors, as Relu or Add does.
 */
interface PointwiseStep extends Step {
  readonly kind: 'pointwise'
  /** Names of the inputs that are not constants. */
  readonly inputs: readonly string[]
  /**
   * The channels that the step copies from its only input. If absent, the original node is copied into the first graph
   * of `CellGraphs`.
   */
  readonly channels?: readonly number[]
}
