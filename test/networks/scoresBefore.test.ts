import { expect, it } from 'vitest'
import { scoresBefore } from '../../src/networks/detector/scoresBefore.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { node } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

it('the meaning of scores is that of the activation before they were chosen, joined and multiplied', async () => {
  const path = folder('net.onnx')
  const nodes = [
    node('Conv', ['image', 'weight'], 'map'),
    node('Sigmoid', ['map'], 'one'),
    node('Gather', ['one', 'columns'], 'some'),
    node('Mul', ['some', 'one'], 'product'),
    node('Concat', ['product', 'one'], 'scores', { axis: 1 }),
    node('Softmax', ['map'], 'shares'),
    node('Slice', ['shares', 'columns', 'columns'], 'few'),
    node('Add', ['one', 'map'], 'sum'),
  ]
  const inputs = [{ name: 'image', shape: ['N', 3, 8, 8] }]
  await writeModel(path, { name: 'net', inputs, outputs: [{ name: 'sum', shape: [] }], nodes, initializers: [] })
  const { graph } = readOnnxFile(path)
  expect(['scores', 'few', 'sum', 'map'].map((name) => scoresBefore(graph, name))).toEqual([
    'sigmoid',
    'probabilities',
    'logits',
    'logits',
  ])
})
