import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeFileAtomic } from '../../src/files/atomic.js'
import { cachedGraph } from '../../src/networks/graphCache.js'
import { keepReading, knownReading, type LayerReading } from '../../src/networks/layerReading.js'
import { networkFolder } from '../support/networkFolder.js'

const inFolder = networkFolder()
const golden = join(import.meta.dirname, '../golden/onnx/plain.onnx')

const key = { sha256: '0' }
const reading: Omit<LayerReading, 'onnxPath'> = {
  input: {
    ...{ name: 'image', rows: 8, cols: 8, batch: null, divisor: 255, channelOrder: 'rgb' },
    ...{ mean: [0, 0, 0], std: [1, 1, 1] },
  },
  layers: [{ name: 'fc6', dims: 3 }],
}

it('is found again with its graph, which lies in the cache and nowhere else', async () => {
  const model = inFolder('model.onnx')
  const { path: onnxPath } = await cachedGraph('graph.onnx', (path) => writeFileAtomic(path, readFileSync(golden)))
  const kept: LayerReading = { ...reading, onnxPath }
  await keepReading(model, key, kept)
  expect(await knownReading(model, key)).toEqual(kept)
  const [file = ''] = readdirSync(inFolder('cache', 'graphs')).filter((name) => name.endsWith('.json'))
  const path = inFolder('cache', 'graphs', file)
  copyFileSync(golden, inFolder('graph.onnx'))
  writeFileSync(inFolder('graph.onnx.sha256'), readFileSync(`${onnxPath}.sha256`))
  writeFileSync(path, readFileSync(path, 'utf8').replace('"graph.onnx"', '"../../graph.onnx"'))
  expect(await knownReading(model, key)).toBeUndefined()
})
