import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { EquivarianceError } from '../../../src/experiments/maps/equivariance.js'
import { openNetwork } from '../../../src/features/openNetwork.js'
import { runHere } from '../../support/inProcess.js'
import { node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const folder = sharedFolder()
/** By total stride, of PyTorch and NumPy. */
const golden: Readonly<Record<string, readonly EquivarianceError[]>> = JSON.parse(
  readFileSync(new URL('../../golden/equivariance.json', import.meta.url), 'utf8'),
)
/** Of tiny transformers (see test/golden/make_tokens.py), by network and output. */
const tokenGolden: Readonly<Record<string, Readonly<Record<string, { equivariance: readonly EquivarianceError[] }>>>> =
  JSON.parse(readFileSync(new URL('../../golden/tokens/expected.json', import.meta.url), 'utf8'))
const SIZE = 24

/** Aliasing is a root of a difference, so near 0 it has half as many digits as the errors. */
function closeTo({ dx, total, border, aliasing }: EquivarianceError) {
  const close = (value: number, digits = 5) => expect.closeTo(value, digits)
  return { dx, total: close(total), border: close(border), aliasing: aliasing && close(aliasing, 3) }
}

beforeAll(async () => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  await smallNetwork(folder('strides.onnx'), {
    side: 64,
    dims: 5 * 8 * 8,
    nodes: [
      node('Conv', ['image', 'first'], 'two', { pads: [2, 2, 2, 2], strides: [2, 2] }),
      node('Relu', ['two'], 'relu'),
      node('MaxPool', ['relu'], 'four', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Conv', ['four', 'second'], 'eight', { pads: [1, 1, 1, 1], strides: [2, 2] }),
      node('Flatten', ['eight'], 'feature'),
    ],
    initializers: [weightsOf('first', 6, 3, 5, 5), weightsOf('second', 5, 6, 3, 3)],
  })
  return () => vi.unstubAllEnvs()
})

it('the equivariance errors of maps are those of PyTorch and NumPy; what is no map has none', async () => {
  const layers = ['relu', 'four', 'eight', 'feature']
  const data = Uint8Array.from({ length: SIZE * SIZE * 4 }, (_, i) => (i * 37) % 256)
  await using network = await openNetwork(folder('strides.onnx'), { layers, workers: 1, threads: 1 })
  const patch = { data, width: SIZE, height: SIZE }
  const found = await network.extract({ patch, size: SIZE, stride: 20, out: folder('out') })
  const written = JSON.parse(readFileSync(folder('out', 'extract.json'), 'utf8'))
  for (const { layers } of [found, written])
    expect(layers.map(({ equivariance }: (typeof found.layers)[number]) => equivariance)).toEqual([
      ...[2, 4, 8].map((stride) => golden[stride]?.map(closeTo)),
      undefined,
    ])
})

describe.each(Object.entries(tokenGolden))('those of the transformer %s', (name, layers) => {
  it('are PyTorch’s, over the map behind its class and register tokens', async () => {
    const data = Uint8Array.from({ length: 12 * 12 * 4 }, (_, i) => (i * 37) % 256)
    const model = fileURLToPath(new URL(`../../golden/tokens/${name}.onnx`, import.meta.url))
    const names = Object.keys(layers)
    await using network = await openNetwork(model, { layers: names, workers: 1, threads: 1 })
    const patch = { data, width: 12, height: 12 }
    const found = await network.extract({ patch, size: 12, stride: 40 })
    expect(found.layers.map(({ equivariance }) => equivariance)).toEqual(
      Object.values(layers).map(({ equivariance }) => equivariance.map(closeTo)),
    )
  })
})

it('extract prints them at whole cells and powers of two, and all of them as JSON', async () => {
  const words = ['extract', '--model', folder('strides.onnx'), '--layers', 'relu,eight,feature', '--patch', 'dog']
  const run = (...more: string[]) =>
    runHere([...words, '--size', String(SIZE), '--stride', '40', '--out', folder('printed'), ...more])
  const { stdout } = await run()
  const rows = stdout
    .split('\n')
    .flatMap((line) => /^(relu|eight) +(\d+) +0\.\d{3} +0\.\d{3} +0\.\d{3}$/.exec(line) ?? [])
  expect(rows.filter((_, i) => i % 3 > 0).join(' ')).toBe(
    'relu 1 relu 2 relu 4 eight 1 eight 2 eight 4 eight 8 eight 16',
  )
  const { layers } = JSON.parse((await run('--json')).stdout)
  expect(layers.map(({ equivariance = [] }) => equivariance.length)).toEqual([4, 16, 0])
})
