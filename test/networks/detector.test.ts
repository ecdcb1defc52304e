import { writeFileSync } from 'node:fs'
import type { Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { comparedLayers } from '../../src/engine/reuse/compared.js'
import { reusedNetwork } from '../../src/engine/reuse/reusedNetwork.js'
import { jumpReason } from '../../src/engine/reuse/rounding.js'
import { InputError, UsageError } from '../../src/errors.js'
import { type Network, outputOf } from '../../src/network.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { networkGraph } from '../../src/onnx/graph/analysis.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import {
  detectionsOf,
  INNER,
  innerFile,
  runImages,
  SIDE,
  type SmallDetector,
  writeDetector,
} from '../support/smallDetector.js'
import { node } from '../support/smallNetwork.js'

const folder = networkFolder()
const labels = (names: readonly string[]) => writeFileSync(folder('net.labels.json'), JSON.stringify(names))
const written = (detector: SmallDetector) => writeDetector(folder('net.onnx'), detector)

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value))
function softmax(values: readonly number[]): readonly number[] {
  const sum = values.reduce((total, value) => total + Math.exp(value), 0)
  return values.map((value) => Math.exp(value) / sum)
}

/** How the test itself reads a detector. */
interface Reading {
  readonly order: 'xyxy' | 'yxyx' | 'cxcywh' | 'cycxhw'
  /** Pixels per unit of a box. */
  readonly scale: number
  /** Scores of the classes of a box, from its logits. */
  readonly scores: (logits: readonly number[]) => readonly number[]
}

function sidesOf(box: readonly number[], { order, scale }: Reading): readonly number[] {
  const [a, b, c, d] = box.map((value) => value * scale) as [number, number, number, number]
  const sides = {
    xyxy: [a, b, c, d],
    yxyx: [b, a, d, c],
    cxcywh: [a - c / 2, b - d / 2, a + c / 2, b + d / 2],
    cycxhw: [b - d / 2, a - c / 2, b + d / 2, a + c / 2],
  }[order]
  return sides.map((value) => Math.min(Math.max(value, 0), SIDE))
}

function rowsOf({ data, dims }: Tensor): readonly (readonly number[])[] {
  const length = dims.at(-1) as number
  const values = Array.from(data as Float32Array)
  return Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length))
}

/** Decodes the raw boxes and logits of the graph box by box, and takes the best box of each class. */
async function byHand(path: string, reading: Reading, images = 3): Promise<readonly number[][]> {
  const { raw, logits_of_boxes: logits } = await runImages(innerFile(path), 'image', INNER, images)
  const [boxes, scores] = [rowsOf(raw as Tensor), rowsOf(logits as Tensor).map(reading.scores)]
  const perImage = boxes.length / images
  return Array.from({ length: images }, (_, image) => {
    const classes = scores[0]?.map((_, index) => {
      const column = scores.slice(image * perImage, (image + 1) * perImage).map((row) => row[index] as number)
      const score = Math.max(...column)
      const box = boxes[image * perImage + column.indexOf(score)] as readonly number[]
      return [score, ...sidesOf(box, reading)]
    })
    return [0, 1, 2, 3, 4].flatMap((row) => (classes ?? []).map((one) => one[row] as number))
  })
}

async function expectDetections(network: Network, path: string, reading: Reading): Promise<void> {
  const found = await detectionsOf(network)
  const wanted = await byHand(path, reading, found.length)
  expect(found.map((row) => row.length)).toEqual(wanted.map((row) => row.length))
  found.flat().forEach((value, i) => {
    expect(value, String(i)).toBeCloseTo(wanted.flat()[i] as number, 4)
  })
  // A test whose boxes are all the same, or all outside the frame, would show little.
  const corners = wanted.flatMap((row) => row.slice(row.length / 5))
  expect(new Set(corners.map((value) => value.toFixed(3))).size).toBeGreaterThan(10)
  expect(corners).toContain(SIDE)
}

const softmax2 = { axis: 2 }
const NAMES = ['cat', 'dog', 'bird', 'car', 'boat', 'cup', 'sun']
const PYTHON = `{${NAMES.map((name, i) => `${i}: '${name}'`).join(', ')}}`
const all = (row: readonly number[]) => row.map(sigmoid)

/** Boxes as shares, and scores that an operator makes of seven columns. */
function ssd(activation: string, more: Partial<SmallDetector> = {}): SmallDetector {
  const nodes = [
    node('Identity', ['raw'], 'boxes'),
    node(activation, ['logits_of_boxes'], 'scores', activation === 'Softmax' ? softmax2 : {}),
  ]
  return { columns: 7, nodes, outputs: { boxes: [16, 4], scores: [16, 7] }, ...more }
}

/** One output of boxes in pixels and of scores after a sigmoid. */
function joined(columns: number, isTurned: boolean, metadata: Readonly<Record<string, string>>): SmallDetector {
  const nodes = [
    node('Sigmoid', ['logits_of_boxes'], 'sure'),
    node('Concat', ['raw_px', 'sure'], 'all', { axis: 2 }),
    node(isTurned ? 'Transpose' : 'Identity', ['all'], 'output0', isTurned ? { perm: [0, 2, 1] } : {}),
  ]
  const shape = isTurned ? [4 + columns, 16] : [16, 4 + columns]
  return { columns, nodes, metadata, outputs: { output0: shape } }
}

/** DETR's outputs, without an activation. */
const detr: SmallDetector = {
  columns: 7,
  nodes: [node('Identity', ['raw'], 'pred_boxes'), node('Identity', ['logits_of_boxes'], 'logits')],
  outputs: { logits: [16, 7], pred_boxes: [16, 4] },
}

describe('the best box of each class is found', () => {
  it.each(['xyxy', 'yxyx', 'cxcywh', 'cycxhw'] as const)('in boxes as %s', async (order) => {
    const path = await written(ssd('Sigmoid'))
    labels(NAMES)
    const network = await chooseNetwork({ model: path, boxes: `${order},share`, threshold: 0.5 })
    expect(network).toMatchObject({
      layers: [{ name: 'detections', dims: 35 }],
      classes: { layer: 'detections', names: NAMES, scores: { meaning: 'sigmoid' } },
      head: { layer: 'detections', threshold: 0.5, boxes: `${order},share`, source: 'options' },
    })
    await expectDetections(network, path, { order, scale: SIDE, scores: all })
  })

  it('without a background that names tell', async () => {
    const path = await written(ssd('Sigmoid'))
    labels(['__background__', ...NAMES.slice(1)])
    const network = await chooseNetwork({ model: path, boxes: 'xyxy,share' })
    expect(network.classes?.names).toEqual(NAMES.slice(1))
    await expectDetections(network, path, { order: 'xyxy', scale: SIDE, scores: (row) => all(row).slice(1) })
  })

  it('without a background that a softmax tells', async () => {
    const path = await written(ssd('Softmax'))
    const network = await chooseNetwork({ model: path, boxes: 'xyxy,share' })
    expect(network.classes?.names).toHaveLength(6)
    await expectDetections(network, path, { order: 'xyxy', scale: SIDE, scores: (row) => softmax(row).slice(1) })
  })

  it('in one output of columns first, as Ultralytics writes it', async () => {
    const path = await written(joined(7, true, { names: PYTHON }))
    const network = await chooseNetwork({ model: path })
    expect(network.classes?.names).toEqual(NAMES)
    expect(network.head).toMatchObject({ boxes: 'cxcywh,px', source: 'metadata of the model', threshold: 0.25 })
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: all })
  })

  it('in one output with objectness, which is multiplied', async () => {
    const path = await written(joined(8, false, { names: PYTHON }))
    const network = await chooseNetwork({ model: path })
    expect(network.head?.form).toContain('with objectness')
    const scores = ([sure = 0, ...classes]: readonly number[]) => classes.map((value) => sigmoid(value) * sigmoid(sure))
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores })
  })

  it('in one output of queries, whose boxes Ultralytics states as shares', async () => {
    const { nodes, ...more } = joined(7, false, { names: PYTHON })
    const ofShares = nodes.map((one) => ({ ...one, inputs: one.inputs.map((name) => name.replace('raw_px', 'raw')) }))
    const path = await written({ ...more, nodes: ofShares })
    const network = await chooseNetwork({ model: path })
    expect(network.head?.boxes).toBe('cxcywh,share')
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: all })
  })

  it('in grey images', async () => {
    const path = await written({ ...joined(7, true, { names: PYTHON }), channels: 1 })
    const network = await chooseNetwork({ model: path })
    expect(network.input.channelOrder).toBe('grey')
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: all })
  })

  it('in DETR’s outputs, where the last class is no object', async () => {
    const path = await written(detr)
    const network = await chooseNetwork({ model: path })
    expect(network.head).toMatchObject({ boxes: 'cxcywh,share', source: 'the names of DETR’s outputs' })
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: (row) => softmax(row).slice(0, -1) })
  })

  it('in DETR’s outputs, where every class has a name', async () => {
    const path = await written(detr)
    labels(NAMES)
    const network = await chooseNetwork({ model: path })
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: all })
  })

  it.each([
    ['sigmoid', all],
    ['logits', (row: readonly number[]) => softmax(row)],
  ] as const)('in scores without an activation, which are %s', async (meaning, scores) => {
    const path = await written(ssd('Identity'))
    labels(NAMES)
    const message = await messageOf(chooseNetwork({ model: path, boxes: 'xyxy,share' }), UsageError)
    expect(message).toContain('add `scores sigmoid` or')
    const network = await chooseNetwork({ model: path, boxes: 'xyxy,share', scores: meaning })
    await expectDetections(network, path, { order: 'xyxy', scale: SIDE, scores })
  })

  it.each([
    [11, 1],
    [18, 'N'],
  ] as const)('with version %i of the operators and a batch of %s', async (operatorSet, batch) => {
    const path = await written({ ...joined(7, true, { names: PYTHON }), operatorSet, batch })
    const network = await chooseNetwork({ model: path })
    expect(network.input.batch).toBe(batch === 1 ? 1 : null)
    await expectDetections(network, path, { order: 'cxcywh', scale: SIDE, scores: all })
  })
})

describe('the detections are one layer', () => {
  it('that inspectModel lists, also if nothing tells how boxes are stated', async () => {
    const { head, tensors, classes } = await inspectModel(await written(ssd('Softmax')))
    expect(head).toMatchObject({ layer: 'detections', boxes: '?,?', source: 'nothing' })
    expect(tensors.at(-1)).toMatchObject({ name: 'detections', shape: [5, 6], dims: 30, default: true })
    expect(tensors.filter((tensor) => tensor.default)).toHaveLength(1)
    expect(classes?.layer).toBe('detections')
  })

  it('beside others, if the user names them', async () => {
    const model = await written(joined(7, true, { names: PYTHON }))
    const both = await chooseNetwork({ model, layers: ['score_map', 'detections'], pool: 'mean' })
    expect(both.layers.map(({ name, dims }) => [name, dims])).toEqual([
      ['score_map', 7],
      ['detections', 35],
    ])
    expect(both.classes?.layer).toBe('detections')
    const alone = await chooseNetwork({ model, layers: ['score_map'] })
    expect(alone.head).toBeUndefined()
    expect(alone.layers).toEqual([{ name: 'score_map', dims: 7 * 16, isMap: true }])
  })

  it('with another name if a tensor has this one', async () => {
    const { nodes, ...more } = joined(7, true, { names: PYTHON })
    const named = nodes.map((one) => (one.outputs[0] === 'output0' ? { ...one, outputs: ['detections'] } : one))
    const outputs = { detections: [11, 16] }
    const network = await chooseNetwork({ model: await written({ ...more, nodes: named, outputs }) })
    expect(network.layers).toEqual([{ name: 'detections_', dims: 35 }])
    expect(network.head?.layer).toBe('detections_')
  })
})

it('a check of reuse compares all boxes and scores, not the best ones, which may jump', async () => {
  const network = await chooseNetwork({ model: await written(joined(7, true, { names: PYTHON })) })
  const analysis = networkGraph(network)
  expect(jumpReason(analysis.graph, 'image', ['detections'])).toContain('ArgMax')
  const compared = comparedLayers(analysis, network)
  expect(compared.map(({ dims }) => dims)).toEqual([11 * 16, 11 * 16])
  expect(jumpReason(analysis.graph, 'image', compared.map(outputOf))).toBeUndefined()
})

it('ONNX Runtime’s simplified graph keeps all boxes and scores, so that they can be compared', async () => {
  const model = await written({ ...joined(7, true, { names: PYTHON }), isChannelsLast: true })
  const network = await chooseNetwork({ model })
  const reused = await reusedNetwork(network)
  expect(reused.onnxPath).toMatch(/simplified/)
  expect(comparedLayers(networkGraph(reused), reused).map(({ dims }) => dims)).toEqual([11 * 16, 11 * 16])
})

describe('a detector is refused', () => {
  it('if nothing tells how it states boxes', async () => {
    const model = await written(ssd('Sigmoid'))
    const message = await messageOf(chooseNetwork({ model, boxes: 'px' }), UsageError)
    expect(message).toMatch(/^nothing tells the order of the boxes in "boxes" of .*; add `boxes xyxy,px` or what fits/)
    expect(await messageOf(chooseNetwork({ model, boxes: 'wide,px' }), UsageError)).toContain('is not known')
    expect(await messageOf(chooseNetwork({ model, threshold: 1.5 }), UsageError)).toContain('from 0 to 1')
  })

  it('if the file with its class names has other numbers of them', async () => {
    const model = await written(ssd('Softmax'))
    labels(NAMES.slice(2))
    expect(await messageOf(chooseNetwork({ model }))).toContain('net.labels.json names 5 classes, but')
  })

  it('if it drops boxes itself', async () => {
    const nodes = [node('Identity', ['raw'], 'boxes'), node('ReduceMax', ['logits_of_boxes'], 'scores', { axes: [2] })]
    const outputs = { boxes: [16, 4], scores: [16] }
    const model = await written({ columns: 7, nodes, outputs })
    expect(await messageOf(chooseNetwork({ model }), InputError)).toContain('drops overlapping boxes itself')
    const { layers } = await chooseNetwork({ model, layers: ['score_map'] })
    expect(layers).toHaveLength(1)
    expect(await inspectModel(model)).toMatchObject({ head: null })
  })

  it('if its operators are too old', async () => {
    const model = await written({ ...joined(7, true, { names: PYTHON }), operatorSet: 10 })
    expect(await messageOf(chooseNetwork({ model }), InputError)).toMatch(
      /^ONNX Runtime cannot open .*GatherElements.*; export the network again$/,
    )
  })
})

describe('other outputs are not classes over boxes', () => {
  it('such as one box per image', async () => {
    const nodes = [
      node('ReduceMean', ['raw'], 'box', { axes: [1], keepdims: 0 }),
      node('ReduceMean', ['logits_of_boxes'], 'logits', { axes: [1], keepdims: 0 }),
    ]
    const network = await chooseNetwork({
      model: await written({ columns: 7, nodes, outputs: { box: [4], logits: [7] } }),
    })
    expect(network.head).toBeUndefined()
    expect(network.layers.at(-1)?.name).toBe('logits')
  })

  it.each([
    ['without names', {}],
    ['with names that are no names', { names: '{0: __import__("os")}' }],
    ['with names of other classes', { names: `['cat', 'dog']` }],
  ])('such as tokens %s', async (_, metadata) => {
    const network = await chooseNetwork({ model: await written(joined(7, false, metadata)) })
    expect(network.head).toBeUndefined()
    expect(network.layers).toMatchObject([{ name: 'output0', isMap: true }])
  })
})
