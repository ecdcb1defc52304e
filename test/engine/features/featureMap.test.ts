import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { featureMapOf } from '../../../src/engine/features/featureMap.js'
import type { Network } from '../../../src/network.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { behindAtan } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const networkOf = (file: string) => {
  const onnxPath = fileURLToPath(new URL(`../../../${file}`, import.meta.url))
  return { onnxPath, input: imagenetInput } as Network
}

it.each([
  ['a map', 'models/tiny-alexnet.onnx', { name: 'relu2', dims: 48 * 27 * 27, isMap: true }, [48, 27, 27, 8]],
  ['no map', 'models/tiny-alexnet.onnx', { name: 'fc6', dims: 768 }, undefined],
  ['pooled', 'models/tiny-alexnet.onnx', { name: 'relu2', dims: 48 }, undefined],
  ['a map of another shape', 'models/tiny-alexnet.onnx', { name: 'relu2', dims: 48, isMap: true }, undefined],
  ['tokens', 'test/golden/exports/vit.onnx', { name: 'tokens', dims: 48, isMap: true }, undefined],
] as const)('of a layer that is %s', (_, file, layer, expected) => {
  const map = featureMapOf(networkOf(file), layer)
  expect(map && [map.channels, map.rows, map.cols, map.stride]).toEqual(expected)
})

it('of a layer behind a node that cannot be computed cell by cell, also if channels are its last axis', async () => {
  const network = await behindAtan(inFolder('atan.onnx'))
  const mapOf = (name: string) => featureMapOf(network, { name, dims: 64 * 56 * 56, isMap: true })
  expect(mapOf('pool')).toEqual({ channels: 64, rows: 56, cols: 56, stride: 4 })
  const order = { dims: 64 * 56 * 56, first: 0, channelStep: 1, cellStep: 64 }
  expect(mapOf('turned')).toEqual({ channels: 64, rows: 56, cols: 56, stride: 4, order })
})
