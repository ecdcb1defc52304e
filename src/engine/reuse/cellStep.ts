/**
 * A part of a network that can be computed place by place. A place with all its channels is called a cell. Every node
 * computes each cell of its output from a few cells of its inputs.
 */
export interface CellSteps {
  /** In the order of the graph. */
  readonly steps: readonly CellStep[]
  /** Shapes of the image and of all tensors that the steps make, by name. */
  readonly shapes: ReadonlyMap<string, CellShape>
  /** Shapes of constants, including those that nodes compute from other constants. */
  readonly constants: ReadonlyMap<string, readonly number[]>
  /** Why the first node that is not a step cannot be one; undefined if all nodes are steps. */
  readonly reason: string | undefined
}

/** Shape of a tensor for one image. */
export interface CellShape {
  readonly channels: number
  readonly rows: number
  readonly cols: number
}

/** Output i reads the inputs `i * stride - before + t * dilation` with t from 0 to `taps` - 1, as far as they exist. */
export interface AxisWindow {
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  /** Number of outputs. */
  readonly length: number
}

export type CellStep = WindowStep | MappingStep | PointwiseStep

/** Properties of every step. */
export interface Step {
  /** Index of the node in the graph. */
  readonly node: number
  readonly output: string
}

/** Computes a cell from several cells of one tensor. */
export interface WindowStep extends Step {
  readonly kind: 'window'
  readonly input: string
  readonly rows: AxisWindow
  readonly cols: AxisWindow
  /** Value of cells beyond the border: zeros, or nothing, so that another cell of the window takes their place. */
  readonly beyond: 'zeros' | 'nothing'
  readonly operation: WindowOperation
}

export type WindowOperation =
  | { readonly kind: 'convolution'; readonly groups: number; readonly weight: string; readonly bias: string | null }
  | { readonly kind: 'maximum' }
  | { readonly kind: 'mean' }
  /** One tap: the cell itself, or zeros. */
  | { readonly kind: 'padding' }

/** Copies cells of the input to other places, as in a border that repeats them. */
interface MappingStep extends Step {
  readonly kind: 'mapping'
  readonly input: string
  /** For each row, the row of the input that it copies. */
  readonly rows: readonly number[]
  readonly cols: readonly number[]
}

/** Computes a cell from the cells at the same place of some tensors. The node stays unchanged. */
interface PointwiseStep extends Step {
  readonly kind: 'pointwise'
  /** Inputs that are not constants. */
  readonly inputs: readonly string[]
}
