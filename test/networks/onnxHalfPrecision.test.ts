import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { writeGraphCopy } from '../../src/networks/onnx/graphCopy.js'
import { castNode, halfPrecisionChanges } from '../../src/networks/onnx/halfPrecision.js'
import { ElementType } from '../../src/networks/onnx/messages.js'
import { type Model, writeModel } from '../../src/networks/onnx/model.js'
import { constantOf, node } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const path = () => folder('test.onnx')

/** Multiplies by a scale that is itself a product of constants, adds, and reshapes. */
function affine(first: number, second: number, shift: number): Model {
  return {
    name: 'affine',
    inputs: [{ name: 'image', shape: ['N', 4] }],
    outputs: [{ name: 'result', shape: ['N', 2, 2] }],
    initializers: [
      ...[constantOf('first', [], first), constantOf('second', [], second), constantOf('shift', [], shift)],
      { name: 'shape', shape: [3], int64: [-1, 2, 2] },
    ],
    nodes: [
      node('Mul', ['first', 'second'], 'scale'),
      node('Mul', ['image', 'scale'], 'scaled'),
      node('Add', ['shift', 'scaled'], 'moved'),
      node('Reshape', ['moved', 'shape'], 'result'),
    ],
  }
}

/** Runs the copy of a model that computes in float16 between two casts. */
async function halved(values: Float32Array): Promise<Float32Array> {
  const { nodes, renamedInputs } = halfPrecisionChanges(path())
  const copy = folder('half.onnx')
  await writeGraphCopy(copy, path(), {
    ...{ outputs: ['result.float32'], madeInput: 'image', inputs: [{ name: 'values', shape: ['N', 4] }] },
    nodes: [
      castNode('values', 'image', ElementType.FLOAT16),
      ...nodes,
      castNode('result', 'result.float32', ElementType.FLOAT),
    ],
    renamedInputs,
    retyped: true,
  })
  const session = await InferenceSession.create(copy, { logSeverityLevel: 3 })
  const outputs = await session.run({ values: new Tensor('float32', values, [1, 4]) })
  await session.release()
  return outputs['result.float32']?.data as Float32Array
}

describe('a graph in float16', () => {
  it('computes what the float32 graph does, but for rounding', async () => {
    const number = fc.float({ min: -8, max: 8, noNaN: true })
    const four = fc.array(number, { minLength: 4, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(number, number, number, four, async (first, second, shift, values) => {
        await writeModel(path(), affine(first, second, shift))
        const found = await halved(Float32Array.from(values))
        for (const [i, value] of values.entries()) {
          const [product, sum] = [value * first * second, value * first * second + shift]
          const rounding = 2 ** -9 * (Math.abs(product) + Math.abs(sum) + Math.abs(shift)) + 1e-4
          expect(Math.abs((found[i] as number) - sum)).toBeLessThanOrEqual(rounding)
        }
      }),
      { numRuns: 8 },
    )
  })

  it('has the casts at the weights alone, one for each', async () => {
    await writeModel(path(), affine(1, 2, 3))
    const { nodes, renamedInputs } = halfPrecisionChanges(path())
    expect(nodes.map(({ operator, inputs }) => [operator, ...inputs])).toEqual([
      ['Cast', 'scale'],
      ['Cast', 'shift'],
    ])
    expect(Object.keys(renamedInputs)).toEqual(['1', '2'])
  })
})
