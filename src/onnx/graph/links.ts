import { addTo } from '../../support/lists.js'
import type { GraphNode, GraphNodes } from '../format/graphNodes.js'
import { PRESERVING } from './shapes.js'

/** How tensors link the nodes of a graph. */
export interface GraphLinks {
  /**
   * The nodes by index in the file. Each comes after the nodes whose outputs it reads. If the file lists them so, they
   * keep their order.
   */
  readonly nodes: ReadonlyMap<number, GraphNode>
  /** The node that computes each tensor, by the tensor's name. */
  readonly makers: ReadonlyMap<string, GraphNode>
  /** The nodes that read each tensor. */
  readonly readers: ReadonlyMap<string, readonly GraphNode[]>
  /** Names of the initializers, and of the tensors that nodes compute from constants alone; also the empty name. */
  readonly constants: ReadonlySet<string>
}

const known = new WeakMap<GraphNodes, GraphLinks>()

/** The result is cached as long as the `graph` object exists. */
export function linksOf(graph: GraphNodes): GraphLinks {
  const links = known.get(graph) ?? madeLinks(graph)
  known.set(graph, links)
  return links
}

function madeLinks({ nodes: listed, constants: initializers }: GraphNodes): GraphLinks {
  const makers = new Map(listed.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  // An empty name stands for an optional input or output that is left out.
  makers.delete('')
  const indices = new Map(listed.map((node, index) => [node, index]))
  const nodes = new Map(inOrder(listed, makers).map((node) => [indices.get(node)!, node]))
  const readers = new Map<string, GraphNode[]>()
  const constants = new Set([...initializers.keys(), ''])
  for (const node of nodes.values()) {
    for (const name of new Set(node.inputs)) addTo(readers, name, node)
    if (isConstantNode(node, constants)) for (const output of node.outputs) constants.add(output)
  }
  return { nodes, makers, readers, constants }
}

function inOrder(nodes: readonly GraphNode[], makers: ReadonlyMap<string, GraphNode>): readonly GraphNode[] {
  const sorted = new Set<GraphNode>()
  const seen = new Set<GraphNode>()
  const stack = [...nodes].reverse()
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    // A damaged file may have a cycle, so a node waits only once for those that it reads.
    const missing = seen.has(node) ? [] : node.inputs.flatMap((name) => makers.get(name) ?? [])
    seen.add(node)
    const before = missing.filter((other) => !sorted.has(other))
    stack.push(...before)
    if (before.length === 0) sorted.add(stack.pop()!)
  }
  return [...sorted]
}

function isConstantNode({ operator, inputs }: GraphNode, constants: ReadonlySet<string>): boolean {
  return operator === 'Constant' || (inputs.length > 0 && inputs.every((name) => constants.has(name)))
}

/**
 * The node that computes a tensor, then the one that computes an input of this node, and so on.
 * @param inputOf the input to follow; undefined to end with this node
 */
export function pathBack(
  graph: GraphNodes,
  tensor: string,
  inputOf: (node: GraphNode) => string | undefined,
): readonly GraphNode[] {
  const { makers } = linksOf(graph)
  const path: GraphNode[] = []
  let node = makers.get(tensor)
  // A damaged file may have a cycle. A path without one is no longer than the list of nodes.
  while (node !== undefined && path.length < makers.size) {
    path.push(node)
    node = makers.get(inputOf(node) ?? '')
  }
  return path
}

/** Whether a node's operator belongs to another set than ONNX's own one. */
export function isForeign({ domain }: GraphNode): boolean {
  return domain !== '' && domain !== 'ai.onnx'
}

export interface ImageTensor {
  readonly name: string
  readonly operator: string
  /** An earlier tensor of the list with the same type and shape; undefined if only a run tells them. */
  readonly like?: string
}

/** Operators whose outputs depend only on a tensor's shape, not on its values. */
export const OF_EXTENTS: ReadonlySet<string> = new Set(['Shape', 'Size'])

/** The tensors of a graph that depend on its image, in the order of its nodes. Each can be read as a layer. */
export function imageTensors(graph: GraphNodes, image: string): readonly ImageTensor[] {
  const made = new Set([image])
  const tensors: ImageTensor[] = []
  for (const node of linksOf(graph).nodes.values()) {
    const { operator, inputs, outputs } = node
    if (OF_EXTENTS.has(operator) || !inputs.some((name) => made.has(name))) continue
    const [first = ''] = inputs
    const isLike =
      !isForeign(node) && PRESERVING.has(operator) && outputs.length === 1 && first !== image && made.has(first)
    for (const name of outputs.filter((output) => output !== '')) {
      made.add(name)
      tensors.push({ name, operator, ...(isLike && { like: first }) })
    }
  }
  return tensors
}

/**
 * Finds the nodes that are needed to compute `tensors`, and the constants that these nodes read.
 * @param given names of tensors that are known without their nodes
 * @returns `nodes` has indices; `read` has the names of `tensors` and of all inputs of the nodes
 */
export function neededFor(tensors: readonly string[], graph: GraphNodes, given: ReadonlySet<string> = new Set()) {
  const read = new Set(tensors)
  const needed = new Set<number>()
  for (const [index, node] of [...linksOf(graph).nodes].reverse()) {
    if (!node.outputs.some((name) => read.has(name) && !given.has(name))) continue
    needed.add(index)
    // An empty name stands for an optional input that is left out.
    for (const name of node.inputs) if (name !== '') read.add(name)
  }
  return { read, nodes: needed, constants: new Set([...read].filter((name) => graph.constants.has(name))) }
}
