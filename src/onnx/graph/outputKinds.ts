import { UsageError } from '../../errors.js'
import type { OutputKind } from '../../network.js'
import { elementCount } from '../../support/shape.js'
import { printable } from '../../support/text.js'
import type { GraphNodes } from '../format/graphNodes.js'
import { neededFor } from './links.js'
import { productsBefore, scoreLayerOf } from './products.js'
import { valueNode } from './scoreOrigin.js'
import { FEATURE_TYPES, isMap } from './shownTensor.js'

/** An output of a graph, as far as a run or the file shows it. */
export interface ShownOutput {
  readonly name: string
  readonly type: string
  /** Shape for one image; undefined if it is unknown, or if the output does not have one row per image. */
  readonly shape: readonly number[] | undefined
}

export interface KnownOutput extends ShownOutput {
  /** Undefined if the shape fits two kinds, and the graph does not tell which is right. */
  readonly kind: OutputKind | undefined
}

/** What a user says that a tensor is. */
export interface StatedKind {
  readonly name: string
  readonly kind: OutputKind
}

const LABELS: ReadonlySet<string> = new Set(['ArgMax', 'ArgMin'])
const INTEGERS: ReadonlySet<string> = new Set(['int64', 'int32'])
const EMBEDDING = /embed|hidden|latent|pooler/i
const MAIN = /logit|out|prob|score|pred/i
const AUXILIARY = /aux/i

/** A single score would be the answer to every image. */
export const NO_ANSWER =
  'but an answer needs a score for each of at least two classes; export the network with two scores'

/** Fewer tokens form no map that anyone reads. A small axis is more likely one of channels or of box coordinates. */
const SMALLEST_SQUARE = 3

/**
 * Decides what each output of a graph is. Types, shapes and operators decide most kinds. Vectors are class scores or
 * embeddings. These rules find the class scores; the first one that fits any vector counts:
 * 1. there are as many values as in one of the first `counts`, which are those of class names that come with the file;
 * 2. there are as many values as in one of the next `counts`, and so on;
 * 3. a score layer without an activation computes the values (see `scoreLayerOf`), and they are not the input of
 *    another one.
 * In 1 and 2, vectors without a score layer are class scores only if no vector with one fits.
 * @param stated kind of one output, which overrides the rules
 * @throws UsageError if the output cannot be of the stated kind
 */
export function outputKinds(
  graph: GraphNodes,
  outputs: readonly ShownOutput[],
  counts: readonly (readonly number[])[],
  stated?: StatedKind,
): readonly KnownOutput[] {
  const known = outputs.map((output) => {
    const own = stated?.name === output.name ? fittingKind(output, stated.kind) : undefined
    return { ...output, kind: own ?? shapeKind(graph, output) }
  })
  if (stated?.kind === 'scores') return known
  const vectors = known.filter(({ name, kind }) => kind === 'embedding' && name !== stated?.name)
  const scores = new Set(scoresAmong(graph, vectors, counts).map(({ name }) => name))
  return known.map((output) => (scores.has(output.name) ? { ...output, kind: 'scores' } : output))
}

/** The kind of an output by type, operator and shape alone. Every vector counts as an embedding. */
function shapeKind(graph: GraphNodes, { name, type, shape }: ShownOutput): OutputKind | undefined {
  if (INTEGERS.has(type) || LABELS.has(valueNode(graph, name)?.operator ?? '')) return 'labels'
  if (shape === undefined || FEATURE_TYPES[type] === undefined || elementCount(shape) < 2) return 'other'
  if (isVectorShape(shape)) return 'embedding'
  const [a = 0, b = 0, c] = shape
  if (shape.length === 2) return [a, b].some(areTokens) ? 'tokens' : undefined
  return shape.length === 3 && (a === b || b === c) ? 'map' : 'other'
}

/** Whether an axis may have the tokens of a square map, after at most two class tokens. */
function areTokens(size: number): boolean {
  const side = [0, 1, 2].map((before) => Math.sqrt(size - before)).find(Number.isInteger) ?? 0
  return side >= SMALLEST_SQUARE
}

export function isVectorShape(shape: readonly number[]): boolean {
  return shape.length > 0 && shape.length < 4 && !isMap({ type: '', shape: [1, ...shape] })
}

/** @throws UsageError if an output cannot be of the stated kind */
function fittingKind({ name, type, shape }: ShownOutput, kind: OutputKind): OutputKind {
  const isOfNumbers = FEATURE_TYPES[type] !== undefined || kind === 'labels' || kind === 'other'
  const isFitting = kind !== 'scores' || shape === undefined || isVectorShape(shape)
  if (kind === 'scores' && shape !== undefined && elementCount(shape) === 1)
    throw new UsageError(`the output "${printable(name)}" has one value for each image, ${NO_ANSWER}`)
  if (isOfNumbers && isFitting) return kind
  const found = isOfNumbers ? `the shape [${shape?.join(', ')}] for each image` : `values of type ${type}`
  throw UsageError.of`the output "${printable(name)}" has ${found}, so it cannot be read as ${kind}; use another \`outputKind\``
}

function scoresAmong(
  graph: GraphNodes,
  outputs: readonly ShownOutput[],
  counts: readonly (readonly number[])[],
): readonly ShownOutput[] {
  const vectors = outputs.filter(({ name }) => !EMBEDDING.test(name))
  const found = new Map(vectors.map((vector) => [vector, scoreLayerOf(graph, vector.name)]))
  const inputs = new Set([...found.values()].map((layer) => layer?.input))
  const heads = vectors.filter((vector) => found.get(vector)?.isActivated === false && !inputs.has(vector.name))
  const named = counts.map((lengths) => vectors.filter(({ shape = [] }) => lengths.includes(elementCount(shape))))
  const first = [...named, heads].find((fitting) => fitting.length > 0) ?? []
  const ofHeads = first.filter((vector) => heads.includes(vector))
  return ofHeads.length > 0 ? ofHeads : first
}

/**
 * The one of several outputs of the same kind that is read: the one named like `logits` or `output`, and not `aux`. If
 * there are none or several of them, it is the deepest, which depends on most nodes.
 */
export function mainOutput<T extends { readonly name: string }>(
  graph: GraphNodes,
  outputs: readonly T[],
): T | undefined {
  const named = outputs.filter(({ name }) => MAIN.test(name) && !AUXILIARY.test(name))
  const among = named.length > 0 ? named : outputs
  if (among.length < 2) return among[0]
  const depths = among.map(({ name }) => neededFor([name], graph).nodes.size)
  return among[depths.lastIndexOf(Math.max(...depths))]
}

/**
 * The input of the last fully connected layer that an output depends on. Usually, it is the embedding that belongs to
 * class scores.
 */
export function enteringOf(graph: GraphNodes, output: string): string | undefined {
  const layer = scoreLayerOf(graph, output)
  return layer !== undefined && !layer.isPooled ? layer.input : productsBefore(graph, output).at(-1)?.input
}
