import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { InputError } from '../../../src/errors.js'
import type { GraphConstant, GraphNodes } from '../../../src/networks/onnx/graphNodes.js'
import { writeModel } from '../../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../../src/networks/onnx/onnxFile.js'
import { eachDamagedCopy } from '../../support/damagedCopies.js'

const exported = (name: string) => fileURLToPath(new URL(`../../golden/exports/${name}.onnx`, import.meta.url))
const IMAGE = { name: 'image', rows: 64, cols: 64 }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A graph of one node, whose weights are 4 filters of 3×3. */
function graphOf(
  operator: string,
  attributes: GraphNodes['nodes'][number]['attributes'],
  inputs = ['image', 'weight'],
): GraphNodes {
  const pads = { shape: [8], type: 7, values: [0, 0, 1, 2, 0, 0, 0, 0] }
  return {
    nodes: [{ operator, domain: '', inputs, outputs: ['map'], attributes }],
    constants: new Map<string, GraphConstant>([
      ['weight', { shape: [4, 3, 3, 3], type: 1, values: null }],
      ['pads', pads],
      ['bias', { shape: [64], type: 1, values: null }],
      ['half', { shape: [], type: 1, values: [0.5] }],
    ]),
    operatorSet: 17,
  }
}

describe('steps that can be computed place by place', () => {
  it('are those of a residual network up to its mean, with their shapes', () => {
    const { steps, shapes, reason } = cellSteps(readOnnxFile(exported('resnet18')).graph, IMAGE)
    expect(steps.filter(({ kind }) => kind === 'window')).toHaveLength(21)
    expect(shapes.get(steps.at(-1)?.output as string)).toEqual({ channels: 64, rows: 2, cols: 2 })
    expect(reason).toMatch(/^GlobalAveragePool ".*" cannot be computed place by place/)
  })

  it('have the sizes that ONNX gives them', () => {
    const sizeOf = (
      operator: string,
      attributes: Readonly<Record<string, number | string | readonly number[]>>,
      inputs?: string[],
    ) => {
      const shape = cellSteps(graphOf(operator, new Map(Object.entries(attributes)), inputs), IMAGE).shapes.get('map')
      return shape && [shape.channels, shape.rows, shape.cols]
    }
    expect(sizeOf('Conv', {})).toEqual([4, 62, 62])
    expect(sizeOf('Conv', { strides: [2, 3], pads: [1, 0, 1, 0] })).toEqual([4, 32, 21])
    expect(sizeOf('Conv', { dilations: [2, 2] })).toEqual([4, 60, 60])
    expect(sizeOf('Conv', { auto_pad: 'SAME_UPPER', strides: [2, 2] })).toEqual([4, 32, 32])
    expect(sizeOf('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }, ['image'])).toEqual([3, 32, 32])
    expect(sizeOf('Pad', { mode: 'reflect' }, ['image', 'pads'])).toEqual([3, 65, 66])
  })

  it.each([
    [
      'Conv',
      { kernel_shape: [3, 3, 3], strides: [1, 1, 1] },
      ['image', 'weight'],
      'has weights that do not fit its input',
    ],
    ['Conv', { group: 3 }, ['image', 'weight'], 'has weights that do not fit its input'],
    ['Conv', {}, ['image', 'image'], 'takes its weights from the image'],
    ['Conv', { strides: [0, 1] }, ['image', 'weight'], 'has a window of no known size'],
    ['Conv', { dilations: [40, 40] }, ['image', 'weight'], 'gives a tensor of no known size'],
    ['MaxPool', { kernel_shape: [2, 2], pads: [2, 2, 0, 0] }, ['image'], 'has windows that are all border'],
    [
      'AveragePool',
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      ['image'],
      'takes means of fewer values at the border',
    ],
    [
      'AveragePool',
      { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, count_include_pad: 1 },
      ['image'],
      'takes means of windows that reach beyond the border',
    ],
    [
      'AveragePool',
      { kernel_shape: [1, 1], strides: [2, 2], auto_pad: 'SAME_UPPER', count_include_pad: 1 },
      ['image'],
      'has strides beyond its kernel beside auto_pad',
    ],
    ['Conv', { auto_pad: 'SAME' }, ['image', 'weight'], 'has auto_pad SAME'],
    ['Conv', { auto_pad: 'VALID', pads: [1, 1, 1, 1] }, ['image', 'weight'], 'has pads beside auto_pad'],
    ['Conv', { auto_pad: 'SAME_LOWER', dilations: [2, 2] }, ['image', 'weight'], 'has dilations beside auto_pad'],
    ['Conv', { group: null }, ['image', 'weight'], 'has group of another kind'],
    ['Relu', { consumed_inputs: 1 }, ['image'], 'has an attribute consumed_inputs that is not known'],
    ['MaxPool', { kernel_shape: [2, 2], storage_order: 1 }, ['image'], 'has another order of storage'],
    ['MaxPool', { kernel_shape: [2, 2], pads: null }, ['image'], 'has pads of another kind'],
    ['LRN', { size: 3, bias: 0 }, ['image'], 'may divide by zero'],
    ['Pow', {}, ['image', 'half'], 'has exponents other than 1, 2, 3, …'],
    ['Div', {}, ['half', 'image'], 'divides by the image'],
    ['Dropout', {}, ['image', 'half', 'half'], 'may drop values'],
    ['Round', {}, ['image'], 'cannot be computed place by place'],
    ['Pad', { mode: 'wrap' }, ['image', 'pads'], 'adds a border of another kind'],
    ['Add', {}, ['image', 'bias'], 'joins tensors of unlike shapes'],
    ['Concat', { axis: 2 }, ['image', 'image'], 'does not join channels'],
    [
      'BatchNormalization',
      { training_mode: 1 },
      ['image', 'bias', 'bias', 'bias', 'bias'],
      'takes means over all images',
    ],
    ['Resize', {}, ['image', 'weight'], 'cannot be computed place by place'],
    ['MatMul', {}, ['image', 'image'], 'cannot be computed place by place'],
  ])('end with %s %j', (operator, attributes, inputs, reason) => {
    const steps = cellSteps(graphOf(operator, new Map(Object.entries(attributes)), inputs), IMAGE)
    expect(steps.steps).toEqual([])
    expect(steps.reason).toBe(`${operator} "map" ${reason}`)
  })

  it.each([8, 27])('are none of operators of version %i', (operatorSet) => {
    const { steps, reason } = cellSteps({ ...graphOf('Conv', new Map()), operatorSet }, IMAGE)
    expect(steps).toEqual([])
    expect(reason).toBe(`its operators are of version ${operatorSet}; export it with a version from 9 to 26`)
  })

  it('are borders of zeros that convolutions read, and not pools, into which ONNX Runtime takes them', () => {
    const reasonOf = (operator: string) => {
      const { nodes, ...graph } = graphOf('Pad', new Map(), ['image', 'pads'])
      const attributes = new Map([['kernel_shape', [3, 3]]])
      const reader = { operator, domain: '', inputs: ['map', 'weight'], outputs: ['read'], attributes }
      return cellSteps({ ...graph, nodes: [...nodes, reader] }, IMAGE).reason
    }
    expect(reasonOf('Conv')).toBeUndefined()
    expect(reasonOf('MaxPool')).toBe('Pad "map" adds zeros that not only convolutions read')
  })

  it('are read of attributes of the wrong kind and of long lists as of unknown ones', async () => {
    const path = join(folder, 'attributes.onnx')
    const attributes = { pads: Array.from({ length: 1000 }, () => 1), strides: { float: 2 }, group: 'two' }
    const conv = { operator: 'Conv', name: 'map', inputs: ['image', 'weight'], outputs: ['map'], attributes }
    const weight = { name: 'weight', shape: [4, 3, 3, 3], float32: async () => new Float32Array(108) }
    const outputs = [{ name: 'map', shape: [] }]
    await writeModel(path, { name: 'attributes', inputs: [], outputs, initializers: [weight], nodes: [conv] })
    const { nodes } = readOnnxFile(path).graph
    expect([...(nodes[0]?.attributes ?? [])]).toEqual([
      ['pads', null],
      ['strides', 2],
      ['group', 'two'],
    ])
    expect(cellSteps(readOnnxFile(path).graph, IMAGE).reason).toMatch(/^Conv "map" has .* of another kind$/)
  })

  it('are read of damaged files without another error than theirs', () => {
    const path = join(folder, 'damaged.onnx')
    let read = 0
    const intact = readFileSync(fileURLToPath(new URL('../../golden/onnx/plain.onnx', import.meta.url)))
    const attempt = (bytes: Uint8Array) => {
      writeFileSync(path, bytes)
      try {
        cellSteps(readOnnxFile(path).graph, IMAGE)
        read++
      } catch (error) {
        expect(error).toBeInstanceOf(InputError)
      }
    }
    eachDamagedCopy(intact, attempt, 500)
    expect(read).toBeGreaterThan(0)
  })
})
