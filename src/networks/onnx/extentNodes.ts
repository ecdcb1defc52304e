import type { Node } from './model.js'

/**
 * Nodes that give the extents of tensors, for a copy of a graph in which `trialShapes` reads them: next to nothing leaves
 * the run.
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
