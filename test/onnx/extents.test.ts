import { describe, expect, it } from 'vitest'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { ElementType } from '../../src/onnx/format/messages.js'
import { type Model, writeModel } from '../../src/onnx/format/onnxModel.js'
import { profiledTensors } from '../../src/onnx/trial/extentNodes.js'
import { networkFolder } from '../support/networkFolder.js'
import { node } from '../support/smallNetwork.js'

const folder = networkFolder()

async function inspected(nodes: Model['nodes'], output: string) {
  const path = folder('network.onnx')
  const inputs = [{ name: 'image', shape: ['N', 3, 4, 4] }]
  const outputs = [{ name: output, shape: ['N', 3, 4, 4] }]
  await writeModel(path, { name: 'network', inputs, outputs, initializers: [], nodes })
  return (await inspectModel(path)).tensors
}

describe('the shapes of tensors', () => {
  it('are those of all tensors of a chain of many nodes', async () => {
    const count = 3000
    const of = (i: number) => (i === 0 ? 'image' : `t${i}`)
    const nodes = Array.from({ length: count }, (_, i) => node(i % 2 ? 'Relu' : 'Neg', [of(i)], of(i + 1)))
    const tensors = await inspected(nodes, of(count))
    expect(tensors.map(({ name }) => name)).toEqual(nodes.map(({ outputs }) => outputs[0]))
    expect(new Set(tensors.map(({ shape, type }) => `${type} ${shape}`))).toEqual(new Set(['float32 3,4,4']))
  })

  it('are known whatever the names of tensors and nodes are', async () => {
    const names = ['"]}\n', 'a\\', '{"name" :"shiftscope.extent.0.node_kernel_time"', 'ü\u0007', 'last']
    const nodes = names.map((name, i) => node('Relu', [i === 0 ? 'image' : (names[i - 1] as string)], name))
    expect((await inspected(nodes, 'last')).map(({ name, shape }) => [name, ...shape])).toEqual(
      names.map((name) => [name, 3, 4, 4]),
    )
  })

  it('do not depend on optimisations, which would leave nodes out', async () => {
    const nodes = [
      node('Identity', ['image'], 'same'),
      node('Identity', ['same'], 'again'),
      node('Relu', ['again'], 'x'),
    ]
    expect((await inspected(nodes, 'x')).map(({ name }) => name)).toEqual(['same', 'again', 'x'])
  })

  it('and their types are kept by activations', async () => {
    const nodes = [
      node('Cast', ['image'], 'half', { to: ElementType.FLOAT16 }),
      ...['Relu', 'Sigmoid', 'HardSwish'].map((operator, i) =>
        node(operator, [i === 0 ? 'half' : `half${i}`], `half${i + 1}`),
      ),
      node('GlobalMaxPool', ['half3'], 'pooled'),
      node('Identity', ['pooled'], 'same'),
      node('Cast', ['same'], 'last', { to: ElementType.FLOAT }),
    ]
    expect((await inspected(nodes, 'last')).map(({ name, type, shape }) => `${name} ${type} ${shape}`)).toEqual([
      ...['half', 'half1', 'half2', 'half3'].map((name) => `${name} float16 3,4,4`),
      ...['pooled float16 3,1,1', 'same float16 3,1,1', 'last float32 3,1,1'],
    ])
  })

  it('are read from the lines of a profile', async () => {
    const line = (index: number, shape: string) =>
      `{"name" :"shiftscope.extent.${index}.node_kernel_time","args" : {"op_name" : "Shape","input_type_shape" : [${shape}],"x" : [{"float":[9]}]}},`
    async function* lines() {
      yield* ['[', line(0, '{"double":[2,3]}'), '{"name" :"other_kernel_time","args" : {}},', line(1, '{"uint8":[]}')]
      yield* [line(3, '{"float":[1]}'), line(2, ''), ']']
    }
    expect(await profiledTensors(lines(), ['a', 'b', 'c'])).toEqual(
      new Map([
        ['a', { type: 'float64', shape: [2, 3] }],
        ['b', { type: 'uint8', shape: [] }],
      ]),
    )
  })
})
