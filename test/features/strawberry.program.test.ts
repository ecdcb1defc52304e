import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { extract } from '../../src/features/openNetwork.js'
import { inputPresets } from '../../src/networks/input/presets.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const WEIGHTS = join(SHARED, 'mobilenet_v2-dequantised.pth')
const BERRY = join(SHARED, 'berry', 'berry_transparent.png')

const present = existsSync(WEIGHTS)
if (!present) console.warn(`skipped: the strawberry needs ${SHARED}, which is not here`)

const inFolder = temporaryFolder()

it.skipIf(!present)(
  'MobileNetV2 sees a strawberry at most positions, also as a file whose input is stated beside it',
  async () => {
    const placed = { patch: BERRY, size: 100, stride: 62 }
    const known = await extract({ model: 'mobilenet_v2', weights: WEIGHTS, ...placed })
    expect([known.rows, known.cols, known.answers?.classes[0]?.name]).toEqual([3, 3, 'strawberry'])
    expect(known.answers?.classes[0]?.positions).toBeGreaterThan(9 / 2)
    const model = inFolder('network.onnx')
    copyFileSync((await chooseNetwork({ model: 'mobilenet_v2', weights: WEIGHTS })).onnxPath, model)
    const { mean, std } = inputPresets.imagenet
    const stated = { do_normalize: true, image_mean: mean, image_std: std, rescale_factor: 1 / 255, crop_size: 224 }
    writeFileSync(inFolder('preprocessor_config.json'), JSON.stringify({ ...stated, size: { shortest_edge: 256 } }))
    const found = await extract({ model, ...placed })
    expect(found.layers.map(({ dims }) => dims)).toEqual([1280, 1000])
    expect(found.layers.at(-1)?.data).toEqual(known.layers[0]?.data)
    expect(found.answers?.classes).toEqual(known.answers?.classes)
    const wrong = await extract({ model, input: 'raw', ...placed })
    expect(wrong.layers.at(-1)?.data).not.toEqual(known.layers[0]?.data)
  },
)
