import { type FeatureLayer, type Network, type NetworkInput, outputOf, type Precision } from '../../network.js'
import { castNode } from '../format/castNode.js'
import type { GraphChanges } from '../format/graphCopy.js'
import { ElementType } from '../format/messages.js'
import { newNode } from '../format/newNode.js'
import { readHashedOnnx } from '../format/onnxFile.js'
import type { Node, TensorInfo } from '../format/onnxModel.js'
import { cachedCopy } from './cachedCopy.js'
import { halfPrecisionChanges } from './halfPrecision.js'

/**
 * Inputs of a graph that makes its images itself: it draws a patch (the picture of an object) on a background. The
 * padded patch is the patch with a transparent border of one pixel. Each channel of the padded patch has the shape
 * [patch rows + 2, patch cols + 2]; the flattened channels follow one another.
 */
export const SCENE_INPUTS = {
  /** float32 [3 * padded pixels]: normalised colours times opacity, 0 where transparent. */
  paddedPatch: 'shiftscope.patch',
  /** float32 [padded pixels]: 1 - opacity. */
  transparency: 'shiftscope.transparency',
  /**
   * float32 [N, 3, rows, cols]: normalised background. N may be 1 if all images share it. Rows and cols may be 1 if it
   * has a single colour.
   */
  background: 'shiftscope.background',
  /** int32 [3, 1, 1]: the index in the padded patch at which each channel starts. */
  channels: 'shiftscope.channels',
  /**
   * int32 [N, 1, rows, 1]: for each row of the image, the row of the padded patch to draw there. The value is the
   * index at which this row starts.
   */
  rows: 'shiftscope.rows',
  /** int32 [N, 1, 1, cols]: for each column of the image, the column of the padded patch to draw there. */
  cols: 'shiftscope.cols',
} as const

/** Name of the output that holds a layer's features in a graph that `compositingGraph` made. */
export function featureOutput(layer: FeatureLayer, precision: Precision): string {
  return precision === 'fp16' ? `shiftscope.features.${layer.name}` : outputOf(layer)
}

/**
 * Copies a network's graph and adds nodes that draw the patch on the background. A device then receives two index
 * vectors per image (`rows` and `cols`) instead of the whole image. The sum of `channels`, `rows` and `cols` is each
 * pixel's index in the padded patch. The graph computes image = colours * opacity + background * (1 - opacity), as
 * `native/core/composite.h` defines it.
 * @param precision float type in which the network runs. The images are always drawn in float32, and the outputs that
 * `featureOutput` names are float32, too.
 */
export async function compositingGraph(
  network: Pick<Network, 'onnxPath' | 'input' | 'layers'>,
  precision: Precision = 'fp32',
): Promise<string> {
  const { onnxPath, input } = network
  const converted = precision === 'fp16' ? halfPrecision(network) : { outputs: [], nodes: compositingNodes(input.name) }
  const changes: GraphChanges = { ...converted, madeInput: input.name, inputs: sceneInputs(input) }
  return (await cachedCopy(await readHashedOnnx(onnxPath), 'composited', changes)).path
}

function sceneInputs({ rows, cols, batch }: NetworkInput): readonly TensorInfo[] {
  const N = batch ?? 'N'
  return [
    { name: SCENE_INPUTS.paddedPatch, shape: ['padded_values'] },
    { name: SCENE_INPUTS.transparency, shape: ['padded_pixels'] },
    { name: SCENE_INPUTS.background, shape: ['backgrounds', 3, 'background_rows', 'background_cols'] },
    { name: SCENE_INPUTS.channels, shape: [3, 1, 1], elements: ElementType.INT32 },
    { name: SCENE_INPUTS.rows, shape: [N, 1, rows, 1], elements: ElementType.INT32 },
    { name: SCENE_INPUTS.cols, shape: [N, 1, 1, cols], elements: ElementType.INT32 },
  ]
}

/**
 * Changes for float16: the finished images are converted to float16, and the features are converted back at the end.
 */
function halfPrecision({ onnxPath, input, layers }: Pick<Network, 'onnxPath' | 'input' | 'layers'>) {
  const { nodes, renamedInputs } = halfPrecisionChanges(onnxPath)
  const outputs = layers.map((layer) => featureOutput(layer, 'fp16'))
  return {
    outputs,
    renamedInputs,
    retyped: true,
    nodes: [
      ...compositingNodes('shiftscope.image'),
      castNode('shiftscope.image', input.name, ElementType.FLOAT16),
      ...nodes,
      ...layers.map((layer) => castNode(outputOf(layer), featureOutput(layer, 'fp16'), ElementType.FLOAT)),
    ],
  }
}

function compositingNodes(image: string): readonly Node[] {
  return [
    newNode('Add', [SCENE_INPUTS.rows, SCENE_INPUTS.cols], 'shiftscope.pixel'),
    newNode('Add', ['shiftscope.pixel', SCENE_INPUTS.channels], 'shiftscope.value'),
    newNode('Gather', [SCENE_INPUTS.paddedPatch, 'shiftscope.value'], 'shiftscope.object'),
    newNode('Gather', [SCENE_INPUTS.transparency, 'shiftscope.pixel'], 'shiftscope.clear'),
    newNode('Mul', ['shiftscope.clear', SCENE_INPUTS.background], 'shiftscope.ground'),
    newNode('Add', ['shiftscope.object', 'shiftscope.ground'], image),
  ]
}
