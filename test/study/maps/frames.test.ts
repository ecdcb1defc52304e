import { beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { type ReproduceOptions, resolveOptions } from '../../../src/study/maps/options.js'
import { planStudy } from '../../../src/study/maps/plan.js'
import { messageOf } from '../../support/messageOf.js'
import { networkFolder } from '../../support/networkFolder.js'
import { constantOf, node, smallNetwork } from '../../support/smallNetwork.js'

const folder = networkFolder()
const SIDES = [32, 160]

beforeEach(async () => {
  for (const side of SIDES)
    await smallNetwork(folder(`net${side}.onnx`), {
      side,
      dims: 3,
      nodes: [
        node('Relu', ['image'], 'map'),
        node('GlobalAveragePool', ['map'], 'mean'),
        node('Flatten', ['mean'], 'flat'),
        node('Add', ['flat', 'one'], 'feature'),
      ],
      initializers: [constantOf('one', [1], 1)],
    })
})

const options = (changes: ReproduceOptions = {}) =>
  resolveOptions({
    models: SIDES.map((side) => folder(`net${side}.onnx`)),
    patches: 'dog,car',
    out: folder('out'),
    ...changes,
  })
const planned = async (changes: ReproduceOptions) =>
  (await planStudy(options(changes))).units.map(
    ({ network, patch, inputs }) => `${network.id} ${patch.name} ${patch.size} px, stride ${inputs.stride}`,
  )

describe('a study of unlike frames', () => {
  it('has objects of the paper’s shares of each frame, and enough positions for separability', async () => {
    expect(await planned({})).toEqual([
      ...['dog 18', 'car 18', 'dog 11', 'car 11'].map((unit) => `net32 ${unit} px, stride 1`),
      ...['dog 89', 'car 89', 'dog 54', 'car 54'].map((unit) => `net160 ${unit} px, stride 4`),
    ])
  })

  it('has objects of as many pixels as the user states, at the stated stride', async () => {
    const sizes = { sizes: [20], stride: 2, patches: 'dog' }
    expect(await planned(sizes)).toEqual(['net32 dog 20 px, stride 2', 'net160 dog 20 px, stride 2'])
    const wide = planStudy(options({ sizes: [75] }))
    expect(await messageOf(wide, UsageError)).toContain('`sizes` do not fit into the frame of 32×32 px')
  })

  it('has no pair whose positions do not correspond, and says so before anything is computed', async () => {
    const pairs = [{ plain: 'net32', variant: 'net160' }]
    const remedy = 'leave the pair out, or choose other `layers`, `sizes` or another `stride`'
    const refusal = (obstacle: string) => `\`pairs net32=net160\` cannot be compared, because ${obstacle}; ${remedy}`
    const refused = async (changes: ReproduceOptions) =>
      messageOf(planStudy(options({ pairs, ...changes })), UsageError)
    // By default, one frame has 15×15 positions and the other one 18×18.
    expect(await refused({})).toBe(refusal('net32 was measured at other sizes or strides'))
    expect(await refused({ sizes: [20], stride: 2 })).toBe(refusal('net32 was measured at other sizes or strides'))
    // With equal steps, the positions have the same shares of both frames, and the objects, too.
    expect((await planStudy(options({ pairs, stride: 2, experiments: ['similarity'] }))).units).toHaveLength(8)
    const layers = { net32: ['map'], net160: ['flat'] }
    expect(await refused({ layers, stride: 2, experiments: ['similarity'] })).toBe(
      refusal('net32 and net160 share no layer, neither by name nor by role (class scores, pooled features)'),
    )
  })

  it('states all its sizes and strides in run.json', async () => {
    const { stride, patches } = (await planStudy(options({ patches: 'dog' }))).description
    expect(stride).toEqual([1, 4])
    expect(patches.map(({ size }) => size)).toEqual([18, 11, 89, 54])
  })
})
