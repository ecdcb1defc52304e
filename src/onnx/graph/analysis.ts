import type { Network, NetworkInput } from '../../network.js'
import { elementCount } from '../../support/shape.js'
import type { GraphNodes } from '../format/graphNodes.js'
import { ElementType } from '../format/messages.js'
import { readOnnxFile } from '../format/onnxFile.js'
import { ifFit } from './attributes.js'
import { imageTensors, isForeign, linksOf, OF_EXTENTS } from './links.js'
import { type KnownNode, type KnownTensor, MOST_VALUES, SHAPES, type Shape } from './shapes.js'
import { type Spacing, spacingsOf } from './spacing.js'
import { typeOf, VALUES } from './values.js'

/** What a graph tells about its tensors and nodes without running it. */
export interface GraphAnalysis {
  readonly graph: GraphNodes
  /** Name of the input tensor. */
  readonly image: string
  /** Number of images that the shapes are for. */
  readonly batch: number
  /** The tensors whose shapes are known, constants included, by name. */
  readonly tensors: ReadonlyMap<string, KnownTensor>
  /** Why the shapes of nodes' outputs are unknown, by the name of each node's first output. */
  readonly refusals: ReadonlyMap<string, string>
  /** The tensors that depend on the image, and how far apart their cells are. */
  readonly spacings: ReadonlyMap<string, Spacing>
}

/** If a graph takes any number of images, shapes are inferred for as many as in a trial run. */
const OPEN_BATCH = 2

const MOST_AXES = 16

type Input = Pick<NetworkInput, 'name' | 'rows' | 'cols'> & Partial<Pick<NetworkInput, 'batch'>>

const analysed = new WeakMap<object, GraphAnalysis>()

/**
 * Reads and analyses a network's graph. The result is cached as long as the `network` object exists.
 * @throws InputError if the file is missing or the graph cannot be read
 */
export function networkGraph(network: Pick<Network, 'onnxPath' | 'input'>): GraphAnalysis {
  const analysis = analysed.get(network) ?? analysedGraph(readOnnxFile(network.onnxPath).graph, network.input)
  analysed.set(network, analysis)
  return analysis
}

/** Its time grows only linearly with the number of nodes, whatever a file contains. */
export function analysedGraph(graph: GraphNodes, { name: image, rows, cols, batch: fixed }: Input): GraphAnalysis {
  const { nodes } = linksOf(graph)
  const batch = fixed ?? OPEN_BATCH
  const tensors = new Map<string, KnownTensor>(graph.constants)
  tensors.set(image, { shape: [batch, 3, rows, cols], type: ElementType.FLOAT, values: null })
  const refusals = new Map<string, string>()
  for (const node of nodes.values()) {
    const context = { node, inputs: node.inputs.map((name) => tensors.get(name)) }
    const refuse = (reason: string) => refusals.set(node.outputs[0] ?? '', reason)
    for (const [name, tensor] of outputsOf(context, refuse)) tensors.set(name, tensor)
  }
  return { graph, image, batch, tensors, refusals, spacings: spacingsOf(nodes.values(), image, tensors) }
}

/** Shape of a tensor for one image. Undefined if it is unknown, or if the first axis does not stand for the images. */
export function imageShape({ batch, tensors }: GraphAnalysis, name: string): Shape | undefined {
  const [images, ...shape] = tensors.get(name)?.shape ?? []
  return images === batch ? shape : undefined
}

/** Number of values of the largest tensor of one image that is known, the image included. */
export function largestTensor({ graph, image, batch, tensors }: GraphAnalysis): number {
  const names = [image, ...imageTensors(graph, image).map(({ name }) => name)]
  return names.reduce((most, name) => Math.max(most, elementCount(tensors.get(name)?.shape ?? [0]) / batch), 0)
}

function outputsOf(
  context: KnownNode,
  onRefusal: (reason: string) => void,
): readonly (readonly [string, KnownTensor])[] {
  const { node } = context
  const rule = isForeign(node) ? undefined : SHAPES.get(node.operator)
  const shapes = (rule && ifFit(() => rule(context), onRefusal)) ?? []
  const values = valuesOf(context, shapes)
  return node.outputs.flatMap((name, i) => {
    const shape = shapes[i]
    if (name === '' || shape === undefined || !isKnown(shape)) return []
    return [[name, { shape, type: typeOf(context), values }] as const]
  })
}

/** The values of a node's only output, if it is small and all its values are known. */
function valuesOf(context: KnownNode, [shape, ...others]: readonly Shape[]): readonly number[] | null {
  const { node, inputs } = context
  const rule = VALUES.get(node.operator)
  const isReady =
    OF_EXTENTS.has(node.operator) || inputs.every((input) => !input || (input.values && isSmall(input.shape)))
  if (rule === undefined || !isReady || shape === undefined || others.length > 0 || !isSmall(shape)) return null
  const values = ifFit(() => rule(context, shape))
  return values?.length === elementCount(shape) && values.every(Number.isFinite) ? values : null
}

/** A tensor without values may have a large axis, so each axis counts. */
function isSmall(shape: Shape): boolean {
  return isKnown(shape) && elementCount(shape) <= MOST_VALUES && shape.every((size) => size <= MOST_VALUES)
}

/** Files are not trusted, so sizes may be anything. */
function isKnown(shape: Shape): boolean {
  return (
    shape.length <= MOST_AXES &&
    shape.every((size) => Number.isInteger(size) && size >= 0) &&
    elementCount(shape) <= Number.MAX_SAFE_INTEGER
  )
}
