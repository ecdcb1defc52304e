import type { Classes, Head, NetworkInput, OutputKind } from '../../network.js'
import type { GraphChanges } from '../../onnx/format/graphCopy.js'

/** A head that was recognised in an ONNX file. */
export interface FoundHead {
  /** If nothing tells how its outputs are stated, `head.boxes` has `?`. */
  readonly head: Head
  readonly classes: Classes
  /** The outputs from which the head's layer is computed, and what they are. */
  readonly outputs: readonly string[]
  readonly outputKind: OutputKind
  /** The layer in a list of tensors: in words, and its shape for one image. */
  readonly op: string
  readonly shape: readonly number[]
  /** Nodes that compute the layer. */
  readonly nodes: (input: Pick<NetworkInput, 'rows' | 'cols'>) => Required<Pick<GraphChanges, 'nodes' | 'constants'>>
}
