import { beforeEach, describe, expect, it, vi } from 'vitest'
import { arithmetic } from '../../src/api/arithmetic.js'
import { extract } from '../../src/api/extract.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { writeCaffeWeights } from '../networks/caffeFile.js'
import { weight } from '../networks/formulas.js'
import { temporaryFolder } from '../temporaryFolder.js'

const ORANGE = new URL('../../models/patches/orange.png', import.meta.url).pathname

const inFolder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
})

/** A Caffe model of the catalog's shapes with weights by formula. */
async function caffeModel(id: string): Promise<string> {
  const parameters = parametersOf(architectures.find((candidate) => candidate.id === id)?.layers ?? [])
  const path = inFolder(`${id}.caffemodel`)
  const data = parameters.map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) }))
  await writeCaffeWeights(path, data, 1)
  return path
}

describe('arithmetic with CaffeNet and a DeePSiM generator from Caffe models', () => {
  it('takes features as extract does, rectified if asked, and decodes them in its own frame', {
    timeout: 240_000,
  }, async () => {
    const weights = { caffenet: await caffeModel('caffenet'), 'deepsim-fc6': await caffeModel('deepsim-fc6') }
    const images = { A: 'orange@0,0', B: 'orange@0,152' }
    const options = { expression: 'A + B', images, model: 'caffenet', layers: ['fc6'], weights }
    const { document, layers, operands } = await arithmetic({ ...options, out: inFolder('out') })
    expect(document).toMatchObject({ frame: 227, expectation: { scene: 'orange:75@0,0 orange:75@0,152' } })
    expect(document.layers[0]).toMatchObject({ generator: 'deepsim-fc6', dims: 4096, feature: 'pre-relu' })
    expect([...operands.values()].map(({ length }) => length)).toEqual([227 * 227 * 3, 227 * 227 * 3])
    const [layer] = layers
    expect(layer?.decodedExpectation).toHaveLength(227 * 227 * 3)
    const patch = { patch: ORANGE, size: 75, stride: 152 }
    const extraction = await extract({ model: 'caffenet', weights: weights.caffenet, layers: ['fc6'], ...patch })
    const features = extraction.layers[0]?.data.slice(0, 2 * 4096)
    expect(layer?.operands).toEqual(features)
    const rectified = await arithmetic({ ...options, postRelu: true })
    expect(rectified.document.layers[0]?.feature).toBe('post-relu')
    expect(rectified.layers[0]?.operands).toEqual(features?.map((value) => Math.max(0, value)))
  })
})
