import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { NetworkOptions } from '../../src/features/openNetwork.js'
import { extract } from '../../src/features/openNetwork.js'
import { chooseNetwork } from '../../src/networks/index.js'
import { inputPresets } from '../../src/networks/input/presets.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const WEIGHTS = join(SHARED, 'mobilenet_v2-dequantised.pth')
const BERRY = join(SHARED, 'berry', 'berry_transparent.png')

const present = existsSync(WEIGHTS)
if (!present) console.warn(`skipped: the strawberry needs ${SHARED}, which is not here`)

const inFolder = temporaryFolder()
const { mean, std } = inputPresets.imagenet

/** Every way to say that the input is made as torchvision makes it. */
const SOURCES: [string, NetworkOptions, string, unknown][] = [
  ['assumed', {}, '', {}],
  ['options', { inputMean: mean, inputStd: std, inputRange: 1, inputOrder: 'rgb' }, '', {}],
  ['options', { input: 'imagenet' }, '', {}],
  ['network.input.json', {}, 'network.input.json', { mean, std, range: 1, order: 'rgb', size: 224 }],
  [
    'preprocessor_config.json',
    {},
    'preprocessor_config.json',
    {
      do_normalize: true,
      image_mean: mean,
      image_std: std,
      rescale_factor: 1 / 255,
      size: { shortest_edge: 256 },
      crop_size: 224,
    },
  ],
  ['config.json', {}, 'config.json', { pretrained_cfg: { input_size: [3, 224, 224], mean, std } }],
]

describe.skipIf(!present)('MobileNetV2 on the authors’ berry', () => {
  it('sees a strawberry at most places, whatever says how its input is made', async () => {
    const catalog = await chooseNetwork({ model: 'mobilenet_v2', weights: WEIGHTS })
    const placed = { patch: BERRY, size: 100, stride: 25 }
    const known = await extract({ model: 'mobilenet_v2', weights: WEIGHTS, ...placed })
    expect(known.answers?.classes[0]?.name).toBe('strawberry')
    expect(known.answers?.classes[0]?.positions).toBeGreaterThan((known.rows * known.cols) / 2)
    for (const [i, [source, options, file, document]] of SOURCES.entries()) {
      mkdirSync(inFolder(String(i)))
      const model = inFolder(String(i), 'network.onnx')
      copyFileSync(catalog.onnxPath, model)
      if (file !== '') writeFileSync(inFolder(String(i), file), JSON.stringify(document))
      expect((await chooseNetwork({ model, ...(options as object) })).inputSource).toBe(source)
      const extraction = await extract({ model, ...options, ...placed })
      expect(extraction.answers?.classes, source).toEqual(known.answers?.classes)
      expect(extraction.layers.at(-1)?.data, source).toEqual(known.layers[0]?.data)
      expect(extraction.layers.map(({ dims }) => dims)).toEqual([1280, 1000])
    }
    const wrong = await extract({ model: inFolder('0', 'network.onnx'), input: 'raw', ...placed })
    expect(wrong.layers.at(-1)?.data).not.toEqual(known.layers[0]?.data)
  })
})
