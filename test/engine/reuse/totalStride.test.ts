import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { totalStride } from '../../../src/engine/reuse/totalStride.js'
import { graphOf } from '../../../src/networks/architectures/graph.js'
import { parametersOf } from '../../../src/networks/architectures/layer.js'
import { mobilenetV2 } from '../../../src/networks/architectures/mobilenetV2.js'
import type { GraphNode, GraphNodes } from '../../../src/networks/onnx/graphNodes.js'
import { writeModel } from '../../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../../src/networks/onnx/onnxFile.js'
import { weight } from '../../support/formulas.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const path = (below: string) => fileURLToPath(new URL(`../../../${below}`, import.meta.url))
const inFolder = temporaryFolder()
const squeezenet = path('../shared/data/squeezenet1_1.onnx')
if (!existsSync(squeezenet)) console.log(`skipped: SqueezeNet's total stride, as ${squeezenet} is absent`)

/** The stride of a graph whose image is `image`, of a frame of so many pixels a side. */
function strideOf(graph: GraphNodes, output: string, image = 'image', side = 224): number | undefined {
  const cells = cellSteps(graph, { name: image, rows: side, cols: side })
  return totalStride({ graph, cells }, image, output)
}

describe('total stride', () => {
  it.each(
    ['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip'].flatMap((id) =>
      [['conv1', id === 'tiny-alexnet-aa' ? 2 : 4] as const, ['fc6', 32] as const, ['fc8', 32] as const].map(
        ([layer, stride]) => [id, layer, stride] as const,
      ),
    ),
  )('of %s up to %s is %i', (id, layer, stride) => {
    expect(strideOf(readOnnxFile(path(`models/${id}.onnx`)).graph, layer)).toBe(stride)
  })

  it('of MobileNetV2, which ends in a mean over the map, is 32', async () => {
    const shapes = new Map(parametersOf(mobilenetV2.layers).map(({ key, shape }) => [key, shape]))
    const read = async (key: string) => weight(key, shapes.get(key) as readonly number[])
    await writeModel(inFolder('net.onnx'), graphOf(mobilenetV2, { path: '', read }))
    expect(strideOf(readOnnxFile(inFolder('net.onnx')).graph, 'fc')).toBe(32)
  })

  it.skipIf(!existsSync(squeezenet))('of SqueezeNet 1.1 is 16', () => {
    const graph = readOnnxFile(squeezenet).graph
    for (const layer of ['/features/features.12/Concat_output_0', 'output'])
      expect(strideOf(graph, layer, 'input')).toBe(16)
  })

  it('of patches that a transformer embeds is their side', () => {
    const graph = readOnnxFile(path('test/golden/exports/vit.onnx')).graph
    expect(strideOf(graph, graph.nodes.at(-1)?.outputs[0] as string, 'image', 64)).toBe(16)
  })

  const pool = (inputs: string[], output: string, strides: number[], kernel = strides): GraphNode => ({
    ...{ operator: 'MaxPool', domain: '', inputs, outputs: [output] },
    attributes: new Map([
      ['kernel_shape', kernel],
      ['strides', strides],
    ]),
  })
  const plain = (operator: string, inputs: string[], output: string): GraphNode => ({
    ...{ operator, domain: '', inputs, outputs: [output], attributes: new Map() },
  })
  it.each([
    ['is that of the coarser branch', [pool(['image'], 'a', [2, 2]), plain('Add', ['image', 'a'], 'map')], 2],
    [
      'counts no stride after all places were mixed',
      [pool(['image'], 'a', [4, 4]), plain('Reshape', ['a'], 'b'), pool(['b'], 'map', [2, 2])],
      4,
    ],
    ['counts no stride of a pool over the whole map', [pool(['image'], 'map', [64, 64])], 1],
    [
      'goes on where a map is multiplied with its own mean',
      [plain('GlobalAveragePool', ['image'], 'a'), plain('Mul', ['image', 'a'], 'b'), pool(['b'], 'map', [2, 2])],
      2,
    ],
    ['is not known where rows and columns differ', [pool(['image'], 'map', [2, 1])], undefined],
    ['is not known after resizing', [plain('Resize', ['image'], 'map')], undefined],
    ['is not known of a tensor that is not made of the image', [pool(['other'], 'map', [2, 2])], undefined],
  ])('%s', (_, nodes, stride) => {
    const graph = { nodes, constants: new Map(), operatorSet: 17 }
    expect(strideOf(graph, 'map', 'image', 64)).toBe(stride)
  })
})
