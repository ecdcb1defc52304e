import type { Node } from './model.js'

/**
 * Nodes that output the extents of tensors instead of their values, so that little data leaves the run; `trialShapes` reads
 * them from a copy of the graph.
 */
export function extentNodes(names: readonly string[]): readonly Node[] {
  return names.map((name) => {
    const output = extentOf(name)
    return { operator: 'Shape', name: `${output}.node`, inputs: [name], outputs: [output], attributes: {} }
  })
}

/** The output that holds a tensor's extents. */
export function extentOf(name: string): string {
  return `shiftscope.extent.${name}`
}
