import { basename, dirname, extname } from 'node:path'
import { sha256 } from '../../files/sha256.js'
import { cachedGraph } from '../graphCache.js'
import type { Network, NetworkInput } from '../network.js'
import { combinedSha256 } from '../onnxNetwork.js'
import { copyExternalFiles, externalFiles } from './externalData.js'
import { type GraphChanges, writeGraphCopy } from './graphCopy.js'
import type { Node, TypedInfo } from './model.js'

/**
 * Inputs of a graph that composites its images by itself, in place of the images. The window is the patch with a border
 * of one transparent pixel: [rows + 2, cols + 2], flattened, its channels one after another.
 */
export const SCENE_INPUTS = {
  /** float32 [3 * window pixels]: normalised colours times opacity, 0 where transparent. */
  window: 'shiftscope.window',
  /** float32 [window pixels]: 1 - opacity. */
  transparency: 'shiftscope.transparency',
  /** float32 [3, rows, cols] or [3, 1, 1]: normalised background. */
  background: 'shiftscope.background',
  /** int32 [3, 1, 1]: where each channel of the window begins. */
  channels: 'shiftscope.channels',
  /** int32 [N, 1, rows, 1]: where the window's row begins that each row of the frame shows. */
  rows: 'shiftscope.rows',
  /** int32 [N, 1, 1, cols]: the window's column that each column of the frame shows. */
  cols: 'shiftscope.cols',
} as const

/**
 * A network's graph with compositing in front, for devices to which images would have to be sent: what goes up for a
 * batch are two index vectors an image. The sum of both gathers the window, and
 * image = window * opacity + (1 - opacity) * background, as `native/core/composite.h` defines it.
 *
 * @returns path of the ONNX file, in the cache of graphs
 * @throws InputError when the network's file is gone or damaged; OutputError when the copy cannot be written
 */
export async function compositingGraph({ onnxPath, input }: Pick<Network, 'onnxPath' | 'input'>): Promise<string> {
  const changes = compositingChanges(input)
  const files = await externalFiles(onnxPath)
  const original = await combinedSha256(onnxPath, files)
  const digest = sha256(JSON.stringify([original, changes])).slice(0, 16)
  const stem = [...basename(onnxPath, extname(onnxPath))].slice(0, 40).join('')
  const name = files.length === 0 ? `${stem}-composited-${digest}.onnx` : `${stem}-composited-${digest}/model.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(onnxPath, files, dirname(copy))
    await writeGraphCopy(copy, onnxPath, changes)
  })
}

function compositingChanges({ name, rows, cols, batch }: NetworkInput): GraphChanges {
  const N = batch ?? 'N'
  const from: TypedInfo[] = [
    { name: SCENE_INPUTS.window, shape: ['window_values'] },
    { name: SCENE_INPUTS.transparency, shape: ['window_pixels'] },
    { name: SCENE_INPUTS.background, shape: [3, 'background_rows', 'background_cols'] },
    { name: SCENE_INPUTS.channels, shape: [3, 1, 1], elements: 'int32' },
    { name: SCENE_INPUTS.rows, shape: [N, 1, rows, 1], elements: 'int32' },
    { name: SCENE_INPUTS.cols, shape: [N, 1, 1, cols], elements: 'int32' },
  ]
  const nodes = [
    binary('Add', SCENE_INPUTS.rows, SCENE_INPUTS.cols, 'shiftscope.pixel'),
    binary('Add', 'shiftscope.pixel', SCENE_INPUTS.channels, 'shiftscope.value'),
    binary('Gather', SCENE_INPUTS.window, 'shiftscope.value', 'shiftscope.object'),
    binary('Gather', SCENE_INPUTS.transparency, 'shiftscope.pixel', 'shiftscope.clear'),
    binary('Mul', 'shiftscope.clear', SCENE_INPUTS.background, 'shiftscope.ground'),
    binary('Add', 'shiftscope.object', 'shiftscope.ground', name),
  ]
  return { outputs: [], madeInput: { name, from, nodes } }
}

function binary(operator: string, first: string, second: string, output: string): Node {
  return { operator, name: `${output}.node`, inputs: [first, second], outputs: [output], attributes: {} }
}
