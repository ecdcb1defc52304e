import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { totalStride } from '../../../src/engine/reuse/totalStride.js'
import type { GraphNode, GraphNodes } from '../../../src/networks/onnx/graphNodes.js'
import { readOnnxFile } from '../../../src/networks/onnx/onnxFile.js'

/** The stride up to a tensor; of a graph whose image has so many pixels a side. */
function strideOf(graph: GraphNodes, output: string, side: number): number | undefined {
  const cells = cellSteps(graph, { name: 'image', rows: side, cols: side })
  return totalStride({ graph, cells }, 'image', output)
}

function node(operator: string, inputs: readonly string[], output: string, strides?: readonly number[]): GraphNode {
  const windows =
    strides &&
    ([
      ['kernel_shape', strides],
      ['strides', strides],
    ] as const)
  return { operator, domain: '', inputs, outputs: [output], attributes: new Map(windows) }
}

describe('total stride', () => {
  it.each([
    ['models/tiny-alexnet', 'conv1', 4],
    ['models/tiny-alexnet', 'fc8', 32],
    ['models/tiny-alexnet-aa', 'conv1', 2],
    ['models/tiny-alexnet-aa', 'fc6', 32],
    ['test/golden/exports/resnet18', 'feature', 32],
    ['test/golden/exports/squeezenet', 'feature', 8],
    // Patches that a transformer embeds.
    ['test/golden/exports/vit', 'feature', 16],
  ])('of %s up to %s is %i', (name, layer, stride) => {
    const { graph } = readOnnxFile(fileURLToPath(new URL(`../../../${name}.onnx`, import.meta.url)))
    expect(strideOf(graph, layer, name.startsWith('models') ? 224 : 64)).toBe(stride)
  })

  it.each<[string, GraphNode[], number | undefined]>([
    ['is 1 of a pixel', [node('Relu', ['image'], 'map')], 1],
    ['is 1 of windows that state no stride', [node('MaxPool', ['image'], 'map')], 1],
    ['is that of the coarser branch', [node('MaxPool', ['image'], 'a', [2, 2]), node('Add', ['image', 'a'], 'map')], 2],
    [
      'counts no stride after all places were mixed',
      [node('MaxPool', ['image'], 'a', [4, 4]), node('Reshape', ['a'], 'b'), node('MaxPool', ['b'], 'map', [2, 2])],
      4,
    ],
    ['counts no stride of a pool over the whole map', [node('MaxPool', ['image'], 'map', [64, 64])], 1],
    [
      'goes on where a map is multiplied with its own mean',
      [
        node('GlobalAveragePool', ['image'], 'a'),
        node('Mul', ['image', 'a'], 'b'),
        node('MaxPool', ['b'], 'map', [2, 2]),
      ],
      2,
    ],
    ['is not known where rows and columns differ', [node('MaxPool', ['image'], 'map', [2, 1])], undefined],
    [
      'is not known after resizing, whatever follows',
      [node('Resize', ['image'], 'a'), node('MaxPool', ['a'], 'map', [2, 2])],
      undefined,
    ],
    [
      'is not known where that of a branch is not',
      [node('Resize', ['image'], 'a'), node('Add', ['image', 'a'], 'map')],
      undefined,
    ],
    ['is not known of a tensor that is not made of the image', [node('MaxPool', ['other'], 'map', [2, 2])], undefined],
  ])('%s', (_, nodes, stride) => {
    expect(strideOf({ nodes, constants: new Map(), operatorSet: 17 }, 'map', 64)).toBe(stride)
  })
})
