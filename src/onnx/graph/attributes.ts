import type { GraphConstant, GraphNode } from '../format/graphNodes.js'

/**
 * Thrown if a node is not as expected. The message is the end of a sentence that begins with the node's name, such as
 * `has no kernel`.
 */
export class UnfitNode extends Error {}

/** The result of `find`; undefined if a node is not as expected. */
export function ifFit<T>(find: () => T, onRefusal?: (reason: string) => void): T | undefined {
  try {
    return find()
  } catch (error) {
    if (error instanceof UnfitNode) onRefusal?.(error.message)
    // Axes and sizes of a damaged file may be out of range.
    else if (!(error instanceof RangeError)) throw error
    return undefined
  }
}

export function numberAttribute({ attributes }: GraphNode, name: string, otherwise: number): number {
  const value = attributes.has(name) ? attributes.get(name) : otherwise
  if (typeof value !== 'number') throw new UnfitNode(`has ${name} of an unexpected kind`)
  return value
}

export function textAttribute({ attributes }: GraphNode, name: string, otherwise: string): string {
  const value = attributes.has(name) ? attributes.get(name) : otherwise
  if (typeof value !== 'string') throw new UnfitNode(`has ${name} of an unexpected kind`)
  return value
}

export function listAttribute({ attributes }: GraphNode, name: string): readonly number[] | undefined {
  if (!attributes.has(name)) return undefined
  const value = attributes.get(name)
  if (!Array.isArray(value)) throw new UnfitNode(`has ${name} of an unexpected kind`)
  return value
}

export function tensorAttribute({ attributes }: GraphNode, name: string): GraphConstant | undefined {
  const value = attributes.get(name)
  return typeof value === 'object' && value !== null && 'type' in value ? value : undefined
}
