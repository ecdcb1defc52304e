import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Chunk, integerField, messageField, stringField } from '../../src/files/protobuf/wire.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { dependentDistance, tellsApart } from '../../src/onnx/trial/independence.js'
import { joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { constantOf, node } from '../support/smallNetwork.js'

const inFolder = networkFolder()

describe('the distance between values of an image in a batch and alone', () => {
  const values = (...list: number[]) => Float32Array.from(list)

  it('is none where only rounding differs, which is measured beside the largest values', () => {
    expect(dependentDistance([[values(1.0001, 2), values(1, 2)]])).toBeUndefined()
    expect(
      dependentDistance([
        [values(1, 2), values(1, 2)],
        [values(1e-7, 0), values(0, 0)],
      ]),
    ).toBeUndefined()
    expect(dependentDistance([[values(Number.NaN, 2), values(Number.NaN, 2)]])).toBeUndefined()
  })

  it('is the largest of all pairs', () => {
    const pairs = [1, 1.25, 1.5].map((factor) => [values(0, 2 * factor), values(0, 2)] as const)
    expect(dependentDistance(pairs)).toBeCloseTo(0.5)
    expect(dependentDistance([[values(Number.NaN), values(1)]])).toBe(Number.POSITIVE_INFINITY)
    expect(dependentDistance([[values(1), values(Number.NaN)]])).toBe(Number.POSITIVE_INFINITY)
  })

  it('tells images apart only if their values alone are finite and differ', () => {
    expect(tellsApart([values(1, 2), values(1, 3)])).toBe(true)
    expect(tellsApart([values(1, 2), values(1, 2)])).toBe(false)
    expect(tellsApart([values(1, 2), values(1, Number.NaN)])).toBe(false)
  })
})

/** A truth value, which the program writes nowhere, in the piece of a tensor. */
const truth = (name: string, value: number): Chunk[] => [
  ...integerField(2, 9),
  ...stringField(8, name),
  ...messageField(9, [Uint8Array.of(value)]),
]

/** A network [N, 3, 8, 8] → [N, 3]. */
async function network(
  nodes: readonly Node[],
  { batch = 'N' as number | string, operatorSet = 17, more = [] as Chunk[] } = {},
) {
  const path = inFolder('net.onnx')
  await writeModel(path, {
    name: 'test',
    inputs: [{ name: 'image', shape: [batch, 3, 8, 8] }],
    outputs: [{ name: 'features', shape: [batch, 3] }],
    initializers: [constantOf('scale', [3], 1), constantOf('shift', [3], 0.5), constantOf('ratio', [], 0.5)],
    nodes: [...nodes, node('GlobalAveragePool', ['made'], 'pooled'), node('Flatten', ['pooled'], 'features')],
  })
  const file = readFileSync(path)
  // The version of the set of operators is the last byte.
  file[file.length - 1] = operatorSet
  writeFileSync(path, Buffer.concat([file, await joined(messageField(7, more))]))
  return path
}

const normalised = (outputs: readonly string[], attributes: Node['attributes'] = {}): Node => ({
  ...node('BatchNormalization', ['image', 'scale', 'shift', 'shift', 'scale'], 'normal', attributes),
  outputs,
})
const relu = node('Relu', ['normal'], 'made')
const dropout = (mode: string) => [node('Dropout', ['image', 'ratio', mode], 'made')]
const given = (value: number) => messageField(5, truth('mode', value))
const made = messageField(1, [
  ...stringField(2, 'mode'),
  ...stringField(4, 'Constant'),
  ...messageField(5, [...stringField(1, 'value'), ...messageField(5, truth('', 1)), ...integerField(20, 4)]),
])

const STATISTICS = 'computes batch statistics (BatchNormalization in training mode), so the features of an image depend'
const CHANCE = 'drops values at random (Dropout in training mode), so the features of an image change from run to run'
const OTHERS =
  'computes different values of layer "features" for the same image in different batches (relative distance '

describe('a network whose features depend on more than their image', () => {
  it.each<[string, readonly Node[], Parameters<typeof network>[1], string]>([
    ['normalises by its batch', [normalised(['normal', 'm', 'v'], { training_mode: 1 }), relu], {}, STATISTICS],
    ['did so before set 14', [normalised(['normal', 'm', 'v', '', '']), relu], { operatorSet: 13 }, STATISTICS],
    ['drops values by a constant', dropout('mode'), { more: given(1) }, CHANCE],
    ['drops values by a node', dropout('mode'), { more: made }, CHANCE],
    ['drops values of a batch of one', [node('RandomUniformLike', ['image'], 'made')], { batch: 1 }, OTHERS],
    ...['N', 4].map((batch): [string, readonly Node[], { batch: number | string }, string] => [
      `takes a mean over a batch of ${batch}`,
      [node('ReduceMean', ['image'], 'mean', { axes: [0] }), node('Sub', ['image', 'mean'], 'made')],
      { batch },
      OTHERS,
    ]),
  ])('is refused: it %s', async (_, nodes, options, reason) => {
    const model = await network(nodes, options)
    const message = await messageOf(chooseNetwork({ model }))
    expect(message).toContain(`${model} ${reason}`)
    expect(message).toContain('export it in evaluation mode (PyTorch: model.eval())')
    expect((await inspectModel(model)).tensors.map(({ name }) => name)).toContain('features')
  })
})

describe('a network whose features depend on their image', () => {
  it.each<[string, readonly Node[], Parameters<typeof network>[1]]>([
    ['normalises by its own statistics', [normalised(['made'])], {}],
    ['has a dropout that is off', dropout('mode'), { more: given(0) }],
    ['has a dropout without a mode', [node('Dropout', ['image'], 'made')], {}],
  ])('is read: it %s', async (_, nodes, options) => {
    expect((await chooseNetwork({ model: await network(nodes, options) })).input.batch).toBeNull()
  })

  it('is given one image at a time where it quantises by the range of its batch', async () => {
    const outputs = ['bytes', 'step', 'zero']
    const quantised = { ...node('DynamicQuantizeLinear', ['image'], 'bytes'), outputs }
    const model = await network([quantised, node('DequantizeLinear', outputs, 'made')])
    expect((await chooseNetwork({ model })).input.batch).toBe(1)
  })
})
