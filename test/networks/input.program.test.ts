import { appendFileSync, copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { chooseNetwork, type Network, type NetworkChoice } from '../../src/networks/index.js'
import { inputPresets } from '../../src/networks/input/presets.js'
import { assumedInput } from '../../src/networks/input/recipe.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import { messageField, stringField } from '../../src/networks/protobuf/wire.js'
import { joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const golden = (name: string) => join(import.meta.dirname, '../golden/onnx', `${name}.onnx`)

const inFolder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
  copyFileSync(golden('open-size'), inFolder('net.onnx'))
  return () => vi.unstubAllEnvs()
})

const choose = (more: Omit<NetworkChoice, 'model'> = {}) => chooseNetwork({ model: inFolder('net.onnx'), ...more })

function describeWith(file: string, document: unknown): void {
  writeFileSync(inFolder(file), typeof document === 'string' ? document : JSON.stringify(document))
}

/** Adds to what the model says of itself. */
function addMetadata(key: string, value: string): void {
  const entry = [...stringField(1, key), ...stringField(2, value)]
  appendFileSync(inFolder('net.onnx'), joined(messageField(14, entry)))
}

/** What decides how pixels become values. */
function recipeOf({ input, inputSource }: Network) {
  const { rows, divisor, mean, std, channelOrder } = input
  return { rows, divisor, mean, std, channelOrder, source: inputSource }
}

describe('the recipe of an input', () => {
  it('is ImageNet’s where nothing says it, and a line tells so', async () => {
    const network = await choose()
    expect(recipeOf(network)).toEqual({ rows: 224, ...inputPresets.imagenet, source: 'assumed' })
    expect(assumedInput(network)).toContain("net: no input recipe was found, so ImageNet's is used")
  })

  it('is that of a preset, or of single options', async () => {
    const clip = await choose({ input: 'clip', inputSize: 40 })
    expect(recipeOf(clip)).toEqual({ rows: 40, ...inputPresets.clip, source: 'options' })
    // As OpenAI's preprocessing has them: https://github.com/openai/CLIP, clip/clip.py.
    expect(clip.input).toMatchObject({
      ...{ divisor: 255, channelOrder: 'rgb', mean: [0.48145466, 0.4578275, 0.40821073] },
      std: [0.26862954, 0.26130258, 0.27577711],
    })
    expect(assumedInput(clip)).toBeUndefined()
    const caffe = await choose({ input: 'caffe' })
    expect(recipeOf(caffe)).toMatchObject({ ...inputPresets.caffe, source: 'options' })
    expect(caffe.input.mean[0]).toBeCloseTo(104.007, 3)
    const own = { inputMean: [1, 2, 3], inputStd: [4, 5, 6], inputRange: 255, inputOrder: 'bgr' } as const
    expect(recipeOf(await choose(own))).toEqual({
      ...{ rows: 224, divisor: 1, mean: [3, 2, 1], std: [6, 5, 4], channelOrder: 'bgr', source: 'options' },
    })
    expect(recipeOf(await choose({ input: 'inception', inputOrder: 'bgr' }))).toMatchObject({
      ...{ ...inputPresets.inception, channelOrder: 'bgr', source: 'options' },
    })
    expect(recipeOf(await choose({ inputOrder: 'bgr' }))).toMatchObject({
      ...{ mean: [0.406, 0.456, 0.485], channelOrder: 'bgr', source: 'options, ImageNet’s for the rest' },
    })
  })

  it('is that of NAME.input.json, which single options change', async () => {
    describeWith('net.input.json', { size: 56, mean: [0.1, 0.2, 0.3], range: 255, order: 'bgr' })
    const { mean, std, ...rest } = recipeOf(await choose())
    expect(rest).toEqual({ rows: 56, divisor: 1, channelOrder: 'bgr', source: 'net.input.json' })
    expect([mean, std]).toEqual([
      [0.3, 0.2, 0.1],
      [0.225, 0.224, 0.229],
    ])
    expect(recipeOf(await choose({ inputRange: 1 }))).toMatchObject({ divisor: 255, source: 'options, net.input.json' })
    describeWith('net.input.json', { preset: 'clip' })
    expect(recipeOf(await choose())).toMatchObject({ ...inputPresets.clip, rows: 224 })
    describeWith('preprocessor_config.json', { do_normalize: true, image_mean: [9, 9, 9] })
    expect((await choose()).inputSource).toBe('net.input.json')
  })

  it.each([
    [
      'of ViT',
      { do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], size: { height: 48, width: 48 } },
      { ...inputPresets.inception, rows: 48 },
    ],
    [
      'of ResNet, cropped, its factor rounded',
      {
        ...{ do_normalize: true, do_rescale: true, rescale_factor: 0.00392156862745098, crop_pct: 0.875 },
        ...{ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
        ...{ size: { shortest_edge: 64 }, do_center_crop: true, crop_size: { height: 56, width: 56 } },
      },
      { ...inputPresets.imagenet, rows: 56 },
    ],
    [
      'of MobileViT, blue first and not normalised',
      { do_rescale: true, rescale_factor: 1 / 255, do_flip_channel_order: true, size: 40 },
      { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'bgr', rows: 40 },
    ],
    [
      'of EfficientNet, with an offset',
      { do_rescale: true, rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false },
      { divisor: 127.5, mean: [1, 1, 1], std: [1, 1, 1], rows: 224 },
    ],
    ['without any scale', { do_rescale: false, image_mean: 0.5, image_std: 2 }, { divisor: 1, mean: [0.5, 0.5, 0.5] }],
  ])('is that of preprocessor_config.json %s', async (_, document, expected) => {
    describeWith('preprocessor_config.json', document)
    describeWith('config.json', { input_size: [3, 32, 32], mean: [7, 7, 7] })
    expect(recipeOf(await choose())).toMatchObject({ ...expected, source: 'preprocessor_config.json' })
  })

  it('is that of timm’s config.json, old and new', async () => {
    describeWith('config.json', { architecture: 'x', pretrained_cfg: { input_size: [3, 48, 48], mean: [0, 0.1, 0.2] } })
    expect(recipeOf(await choose())).toMatchObject({
      rows: 48,
      divisor: 255,
      mean: [0, 0.1, 0.2],
      source: 'config.json',
    })
    describeWith('config.json', { input_size: [3, 32, 32], std: [2, 3, 4] })
    expect(recipeOf(await choose())).toMatchObject({ rows: 32, std: [2, 3, 4], mean: [0.485, 0.456, 0.406] })
    for (const other of [{ model_type: 'bert', hidden_size: 768 }, { input_size: 640 }, '{', 'null']) {
      describeWith('config.json', other)
      expect((await choose()).inputSource).toBe('assumed')
    }
  })

  it('is that of the model’s own metadata', async () => {
    addMetadata('Image.BitmapPixelFormat', 'Bgr8')
    expect((await choose()).inputSource).toBe('assumed')
    addMetadata('Image.NominalPixelRange', 'Normalized_1_1')
    expect(recipeOf(await choose())).toMatchObject({
      ...{ ...inputPresets.inception, channelOrder: 'bgr', source: 'metadata of the model' },
    })
    addMetadata('shiftscope.input', JSON.stringify({ preset: 'raw', size: 32 }))
    expect(recipeOf(await choose())).toMatchObject({ ...inputPresets.raw, rows: 32, source: 'metadata of the model' })
    describeWith('preprocessor_config.json', { image_mean: [0, 0, 0] })
    expect((await choose()).inputSource).toBe('preprocessor_config.json')
  })

  it('is looked for in other folders too', async () => {
    mkdirSync(inFolder('onnx'))
    copyFileSync(golden('open-size'), inFolder('onnx/net.onnx'))
    describeWith('preprocessor_config.json', { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] })
    const { inputRecipe } = await import('../../src/networks/input/recipe.js')
    const model = readOnnxFile(inFolder('onnx/net.onnx'))
    const recipe = await inputRecipe(model, [inFolder('onnx'), inFolder()], {}, false)
    expect(recipe).toMatchObject({ ...inputPresets.inception, source: 'preprocessor_config.json' })
  })

  it('does not change a size that the model has', async () => {
    copyFileSync(golden('plain'), inFolder('net.onnx'))
    describeWith('net.input.json', { size: 64 })
    expect((await choose()).input.rows).toBe(8)
    const message = await messageOf(choose({ inputSize: 16 }), UsageError)
    expect(message).toContain('takes images of 8 pixels; leave `inputSize 16` out')
  })

  it('of a model that takes bytes is the pixels as they are', async () => {
    copyFileSync(golden('bytes'), inFolder('net.onnx'))
    expect(recipeOf(await choose())).toMatchObject({ ...inputPresets.raw, source: 'the type of the input, bytes' })
    const message = await messageOf(choose({ input: 'clip' }), UsageError)
    expect(message).toContain(
      'takes bytes, so that its pixels can only be 0 to 255 (options says otherwise); correct that, or use `input raw`',
    )
  })

  it('is refused where options make none', async () => {
    const refused = (options: object) => messageOf(choose(options), UsageError)
    expect(await refused({ input: 'vgg' })).toContain(
      'input vgg is not known; use imagenet, inception, clip, caffe, raw',
    )
    expect(await refused({ inputMean: [1, 2] })).toContain('`inputMean` is not three numbers')
    expect(await refused({ inputStd: [1, 0, 1] })).toContain('`inputStd` has a value that is not above 0')
    expect(await refused({ inputRange: 2 })).toContain('`inputRange 2` is not known; use 1 or 255')
    expect(await refused({ inputOrder: 'gbr' })).toContain('order of channels gbr is not known')
    expect(await refused({ inputSize: 100_000 })).toContain('is beyond 4096 pixels')
    expect(await refused({ pool: 'sum' })).toContain('pool sum is not known; use none, mean, max, center')
    const known = await messageOf(chooseNetwork({ model: 'tiny-alexnet', inputOrder: 'bgr' }), UsageError)
    expect(known).toContain('the input of tiny-alexnet is known; leave `inputOrder` out')
  })

  it('is refused where a file beside the model is damaged', async () => {
    const refused = () => messageOf(choose(), InputError)
    describeWith('net.input.json', '{')
    expect(await refused()).toContain('net.input.json is not JSON')
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    writeFileSync(inFolder('net.input.json'), `{"mean":{"length":${deep}}}`)
    expect(await refused()).toContain('net.input.json is not JSON')
    describeWith('net.input.json', { means: [1, 2, 3] })
    expect(await refused()).toContain('does not describe the input of a network (Unrecognized key: "means")')
    describeWith('net.input.json', { std: [1, 0, 1] })
    expect(await refused()).toContain('(std.1: ')
    describeWith('net.input.json', {})
    truncateSync(inFolder('net.input.json'), 2 << 20)
    expect(await refused()).toContain('too many for what describes a model')
  })

  it('is read or refused, whatever lies beside the model', async () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.array(fc.double(), { maxLength: 4 }),
      fc.constantFrom(null, -1, 1e300, true),
    )
    const keys = ['image_mean', 'image_std', 'size', 'crop_size', 'rescale_factor', 'do_normalize', 'do_rescale']
    const documents = fc.oneof(
      fc.json().map((text): unknown => JSON.parse(text)),
      fc.dictionary(fc.constantFrom(...keys, 'pretrained_cfg', 'input_size', 'mean', 'std', 'id2label'), values),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('preprocessor_config.json', 'config.json', 'net.input.json'),
        documents,
        async (file, document) => {
          for (const name of ['preprocessor_config.json', 'config.json', 'net.input.json']) describeWith(name, '{}')
          describeWith(file, document)
          const { networkSource } = await import('../../src/networks/source.js')
          try {
            const { input } = await networkSource({ model: inFolder('net.onnx') })
            expect([...input.mean, ...input.std, input.divisor, input.rows].every(Number.isFinite)).toBe(true)
            expect(input.divisor > 0 && input.std.every((value) => value > 0)).toBe(true)
            expect(input.rows).toBeLessThanOrEqual(4096)
          } catch (error) {
            expect(error).toBeInstanceOf(InputError)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('the classes of a network', () => {
  const names = ['ant', 'bee', 'cat', 'dog', 'elk']

  it('are those of a file beside it, or of its metadata', async () => {
    const numbers = names.map((_, i) => `class ${i}`)
    expect((await choose()).classes).toMatchObject({ layer: 'features', names: numbers })
    addMetadata('classes', JSON.stringify(names))
    expect((await choose()).classes).toEqual({ layer: 'features', names, source: 'metadata of the model' })
    describeWith('config.json', { id2label: Object.fromEntries(names.map((name, i) => [i, name.toUpperCase()])) })
    expect((await choose()).classes).toMatchObject({
      names: ['ANT', 'BEE', 'CAT', 'DOG', 'ELK'],
      source: 'config.json',
    })
    describeWith('labels.json', names)
    expect((await choose()).classes).toMatchObject({ names, source: 'labels.json' })
    expect((await choose({ layers: ['flat'] })).classes).toBeUndefined()
    describeWith('net.labels.json', { 0: 'one' })
    expect(await messageOf(choose(), InputError)).toContain('names 1 class, and the network has 5')
  })

  it('are those of the catalog’s networks', async () => {
    const { classes } = await chooseNetwork({ model: 'tiny-alexnet' })
    expect(classes).toMatchObject({ layer: 'fc8', source: 'metadata of the model' })
    expect(classes?.names).toHaveLength(627)
    expect((await chooseNetwork({ model: 'tiny-alexnet', layers: ['fc6'] })).classes).toBeUndefined()
  })
})
