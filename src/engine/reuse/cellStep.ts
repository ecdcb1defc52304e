/**
 * A part of a network that can be computed place by place: every node gives one spatial place of its output, all channels
 * of it, from a few places of its inputs. Such a place is called a cell.
 */
export interface CellSteps {
  /** In the order of the graph. */
  readonly steps: readonly CellStep[]
  /** Shapes of the image and of all tensors that the steps make, by name. */
  readonly shapes: ReadonlyMap<string, CellShape>
  /** Shapes of constants, those that nodes make of others too. */
  readonly constants: ReadonlyMap<string, readonly number[]>
  /** Why the first node that is none of them is none; undefined where all are. */
  readonly reason: string | undefined
}

/** Of one image. */
export interface CellShape {
  readonly channels: number
  readonly rows: number
  readonly cols: number
}

/** Output i reads inputs `i * stride - before + t * dilation` for t below `taps`, as far as they exist. */
export interface AxisWindow {
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  /** Number of outputs. */
  readonly length: number
}

export type CellStep = WindowStep | MappingStep | PointwiseStep

/** What every step has. */
export interface Step {
  /** Of the node in the graph. */
  readonly node: number
  readonly output: string
}

/** A cell of several cells of one tensor. */
export interface WindowStep extends Step {
  readonly kind: 'window'
  readonly input: string
  readonly rows: AxisWindow
  readonly cols: AxisWindow
  /** What stands for cells beyond the border: zeros, or nothing, so that another cell of the window may. */
  readonly beyond: 'zeros' | 'nothing'
  readonly operation: WindowOperation
}

export type WindowOperation =
  | { readonly kind: 'convolution'; readonly groups: number; readonly weight: string; readonly bias: string | null }
  | { readonly kind: 'maximum' }
  | { readonly kind: 'mean' }
  /** One tap: the cell itself, or zeros. */
  | { readonly kind: 'padding' }

/** The same cells at other places. */
interface MappingStep extends Step {
  readonly kind: 'mapping'
  readonly input: string
  /** Of each row the row of the input. */
  readonly rows: readonly number[]
  readonly cols: readonly number[]
}

/** A cell of the cells at the same place of some tensors; the node stands as it is. */
interface PointwiseStep extends Step {
  readonly kind: 'pointwise'
  /** Those that are not constants. */
  readonly inputs: readonly string[]
}
