import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { networkFile } from '../../src/networks/file/networkFile.js'
import type { InputAdapter } from '../../src/networks/input/inputAdapter.js'
import { inputPresets } from '../../src/networks/input/presets.js'
import { assumedInput, inputRecipe } from '../../src/networks/input/recipe.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { classesOf } from '../../src/networks/open/classes.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { adapterOf } from '../../src/networks/open/setUpNetwork.js'
import { type GivenReference, parseReference } from '../../src/networks/reference/reference.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { metadataFields } from '../support/modelMetadata.js'
import { networkFolder } from '../support/networkFolder.js'
import { onnxGolden } from '../support/onnxGoldens.js'

const folder = networkFolder()
beforeEach(() => copyFileSync(onnxGolden('open-size'), folder('net.onnx')))

type Options = Omit<GivenReference, 'model'>
const file = (options: Options = {}) => networkFile(parseReference({ model: folder('net.onnx'), ...options }))
const choose = async (options?: Options) => adapterOf(await file(options))

/** Files beside the model by their names, as JSON where they are no texts; `metadata` is of the model itself. */
interface Circumstances {
  readonly files?: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly options?: Options
}

function arrange({ files = {}, metadata = {} }: Circumstances): void {
  for (const [name, document] of Object.entries(files))
    writeFileSync(folder(name), typeof document === 'string' ? document : JSON.stringify(document))
  appendFileSync(folder('net.onnx'), joined(metadataFields(metadata)))
}

/** What decides how pixels become values. */
function recipeOf({ input, inputSource }: InputAdapter) {
  const { rows, divisor, mean, std, channelOrder } = input
  return { rows, divisor, mean, std, channelOrder, source: inputSource }
}

const { imagenet, inception, clip, caffe, raw } = inputPresets
const ASSUMED = { ...imagenet, rows: 224, source: 'assumed' }
const PREPROCESSOR = 'preprocessor_config.json'
const own: Options = { inputMean: [1, 2, 3], inputStd: [4, 5, 6], inputRange: 255, inputOrder: 'bgr' }
const half = [0.5, 0.5, 0.5]
const vit = { do_normalize: true, image_mean: half, image_std: half, size: { height: 48, width: 48 } }
const resnet = {
  ...{ do_normalize: true, do_rescale: true, rescale_factor: 0.00392156862745098, crop_pct: 0.875 },
  ...{ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
  ...{ size: { shortest_edge: 64 }, do_center_crop: true, crop_size: { height: 56, width: 56 } },
}
const mobileVit = { do_rescale: true, rescale_factor: 1 / 255, do_flip_channel_order: true, size: 40 }
const efficientNet = { do_rescale: true, rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false }
const unscaled = { mean: [0, 0, 0], std: [1, 1, 1] }
const timm = { ...imagenet, rows: 48, source: 'config.json' }
const stated = { size: 56, mean: [0.1, 0.2, 0.3], range: 255, order: 'bgr' }
const found = { rows: 56, divisor: 1, mean: [0.3, 0.2, 0.1], std: [0.225, 0.224, 0.229], channelOrder: 'bgr' }
const preprocessor = (document: unknown): Circumstances => ({
  files: { [PREPROCESSOR]: document, 'config.json': { input_size: [3, 32, 32], mean: [7, 7, 7] } },
})
const config = (document: unknown): Circumstances => ({ files: { 'config.json': document } })
const ours = (document: unknown): Circumstances => ({ files: { 'net.input.json': document } })
const METADATA = { source: 'metadata of the model' }
const bgr = { channelOrder: 'bgr' }
const range = { 'Image.NominalPixelRange': 'Normalized_1_1' }

describe('the recipe of an input', () => {
  it.each<[string, Circumstances, object]>([
    ['ImageNet’s where nothing says it', {}, ASSUMED],
    ['that of a preset', { options: { input: 'clip', inputSize: 40 } }, { rows: 40, ...clip, source: 'options' }],
    ['Caffe’s', { options: { input: 'caffe' } }, { ...caffe, mean: [...caffe.mean].reverse(), source: 'options' }],
    [
      'that of single options, by channel as they are read',
      { options: own },
      { rows: 224, divisor: 1, mean: [3, 2, 1], std: [6, 5, 4], channelOrder: 'bgr', source: 'options' },
    ],
    ['a preset in another order', { options: { input: 'inception', inputOrder: 'bgr' } }, { ...inception, ...bgr }],
    [
      'ImageNet’s in another order',
      { options: { inputOrder: 'bgr' } },
      { mean: [0.406, 0.456, 0.485], channelOrder: 'bgr', source: 'options, ImageNet’s for the rest' },
    ],
    ['NAME.input.json’s', ours(stated), { ...found, source: 'net.input.json' }],
    [
      'NAME.input.json’s with an option',
      { ...ours(stated), options: { inputRange: 1 } },
      { ...found, divisor: 255, source: 'options, net.input.json' },
    ],
    [
      'NAME.input.json’s before all others',
      { files: { 'net.input.json': { preset: 'clip' }, [PREPROCESSOR]: { image_mean: [9, 9, 9] } } },
      { ...clip, rows: 224, source: 'net.input.json' },
    ],
    ['ViT’s', preprocessor(vit), { ...inception, rows: 48, source: PREPROCESSOR }],
    ['ResNet’s, cropped, its factor rounded', preprocessor(resnet), { ...imagenet, rows: 56 }],
    ['MobileViT’s, blue first', preprocessor(mobileVit), { divisor: 255, ...unscaled, channelOrder: 'bgr', rows: 40 }],
    ['EfficientNet’s, with an offset', preprocessor(efficientNet), { ...unscaled, divisor: 127.5, mean: [1, 1, 1] }],
    [
      'one without a scale',
      preprocessor({ do_rescale: false, image_mean: 0.5, image_std: 2 }),
      { divisor: 1, mean: half, std: [2, 2, 2] },
    ],
    [
      'one number for all channels',
      { options: { inputMean: [0.13], inputStd: [0.31] } },
      { divisor: 255, mean: [0.13, 0.13, 0.13], std: [0.31, 0.31, 0.31] },
    ],
    [
      'that of a list of one number',
      preprocessor({ image_mean: [0.5], image_std: [2] }),
      { mean: half, std: [2, 2, 2] },
    ],
    ['timm’s of today', config({ pretrained_cfg: { input_size: [3, 48, 48], mean: half } }), { ...timm, mean: half }],
    ['timm’s of old', config({ input_size: [3, 48, 48], std: [2, 3, 4] }), { ...timm, std: [2, 3, 4] }],
    ['not that of a language model', config({ model_type: 'bert', hidden_size: 768 }), ASSUMED],
    ['not that of another form', config({ input_size: 640 }), ASSUMED],
    ['not that of a damaged file', config('{'), ASSUMED],
    ['not that of nothing', config('null'), ASSUMED],
    ['not known by the order alone', { metadata: { 'Image.BitmapPixelFormat': 'Bgr8' } }, ASSUMED],
    [
      'Windows ML’s',
      { metadata: { 'Image.BitmapPixelFormat': 'Bgr8', ...range } },
      { ...inception, ...METADATA, ...bgr },
    ],
    [
      'that of the model’s own metadata',
      { metadata: { ...range, 'shiftscope.input': JSON.stringify({ preset: 'raw', size: 32 }) } },
      { ...raw, rows: 32, ...METADATA },
    ],
    ['that of a file before metadata', { ...preprocessor(vit), metadata: range }, { source: PREPROCESSOR }],
  ])('is %s', async (_, circumstances, expected) => {
    arrange(circumstances)
    expect(recipeOf(await choose(circumstances.options))).toMatchObject(expected)
  })

  it('of the presets is as their authors publish it', () => {
    // https://github.com/openai/CLIP, clip/clip.py.
    expect(clip).toMatchObject({
      ...{ divisor: 255, channelOrder: 'rgb', mean: [0.48145466, 0.4578275, 0.40821073] },
      std: [0.26862954, 0.26130258, 0.27577711],
    })
    expect(caffe.mean[2]).toBeCloseTo(104.007, 3)
  })

  it('is told where it is assumed', async () => {
    expect(String(assumedInput({ id: 'net', ...(await choose()) }))).toContain(
      "net: no preprocessing was found, so ImageNet's is used",
    )
    expect(assumedInput({ id: 'net', ...(await choose({ input: 'clip' })) })).toBeUndefined()
  })

  it('of grey pictures is values from 0 to 1 where nothing says it', async () => {
    copyFileSync(onnxGolden('grey'), folder('net.onnx'))
    const adapter = await choose()
    expect(recipeOf(adapter)).toMatchObject({
      rows: 8,
      divisor: 255,
      ...unscaled,
      channelOrder: 'grey',
      source: 'assumed',
    })
    expect(String(assumedInput({ id: 'net', ...adapter }))).toContain(
      'no preprocessing was found, so values from 0 to 1 are used',
    )
    expect((await choose({ inputMean: [0.5] })).inputSource).toBe('options, values from 0 to 1 for the rest')
  })

  it('is looked for in other folders too', async () => {
    mkdirSync(folder('onnx'))
    arrange({ files: { [PREPROCESSOR]: vit } })
    const recipe = await inputRecipe(
      readOnnxFile(folder('net.onnx')),
      [folder('onnx'), folder()],
      {},
      { bytes: false, grey: false },
    )
    expect(recipe).toMatchObject({ ...inception, source: PREPROCESSOR })
  })

  it('does not change a size that the model has', async () => {
    copyFileSync(onnxGolden('plain'), folder('net.onnx'))
    arrange({ files: { 'net.input.json': { size: 64 } } })
    expect((await choose()).input.rows).toBe(8)
    expect(await messageOf(choose({ inputSize: 16 }), UsageError)).toContain('expects images of 8 pixels; leave')
  })

  it('of a model that takes bytes is the pixels as they are', async () => {
    copyFileSync(onnxGolden('bytes'), folder('net.onnx'))
    expect(recipeOf(await choose())).toMatchObject({ ...raw, source: 'the type of the input, bytes' })
    expect(await messageOf(choose({ input: 'clip' }), UsageError)).toContain(
      'expects bytes from 0 to 255, but the preprocessing',
    )
  })

  it.each<[object, string]>([
    [{ input: 'vgg' }, 'input vgg is not known; use imagenet, inception, clip, caffe, raw'],
    [{ inputMean: [1, 2] }, '`inputMean` is not three numbers'],
    [{ inputStd: [1, 0, 1] }, '`inputStd` has a value that is not above 0'],
    [{ inputRange: 2 }, '`inputRange 2` is not known; use 1 or 255'],
    [{ inputOrder: 'gbr' }, 'order of channels gbr is not known'],
    [{ inputSize: 100_000 }, 'is larger than the limit of 4096 pixels'],
    [{ pool: 'sum' }, 'pool sum is not known; use none, mean, max, center'],
    [
      { model: 'tiny-alexnet', inputOrder: 'bgr' },
      'tiny-alexnet is in the catalog, which defines its input and its output; leave `inputOrder` out',
    ],
    [{ scores: 'softmax' }, 'meaning of scores softmax is not known; use probabilities, logits, sigmoid'],
    [{ model: 'tiny-alexnet', scores: 'logits' }, 'which defines its input and its output; leave `scores` out'],
  ])('is refused with %o', async (options, message) => {
    expect(await messageOf(choose(options), UsageError)).toContain(message)
  })

  it.each<[string, Options]>([
    ['a std whose inverse overflows', { inputStd: [1e-45, 1, 1] }],
    ['a std that is subnormal', { inputMean: [0, 0, 0], inputStd: [1, 1e-38, 1] }],
    ['a std that is infinite in float32', { inputStd: [1, 1, 1e39] }],
    ['a mean that is infinite in float32', { inputMean: [0, 1e39, 0] }],
    ['a mean that is subnormal', { inputMean: [0, 0, 1e-40] }],
    ['values that overflow', { inputMean: [1e30, 0, 0], inputStd: [1e-10, 1, 1], inputRange: 255 }],
  ])('is refused with %s', async (_, options) => {
    const message = await messageOf(choose(options), UsageError)
    expect(message).toMatch(
      /^the preprocessing \(options.*exceed the range of float32; choose others with `inputMean` and /,
    )
    const { inputMean: mean, inputStd: std } = options
    arrange(ours({ ...(mean && { mean }), ...(std && { std }) }))
    await messageOf(choose(), InputError)
  })

  it('may have any mean and std whose values float32 holds', async () => {
    const { input } = await choose({ inputMean: [0, -1e30, 1e-37], inputStd: [1e-37, 1e30, 2] })
    expect(input).toMatchObject({ mean: [0, -1e30, 1e-37], std: [1e-37, 1e30, 2] })
  })

  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  it.each([
    ['{', 'net.input.json is not valid JSON'],
    [`{"mean":{"length":${deep}}}`, 'net.input.json is not valid JSON'],
    ['{"means":[1,2,3]}', 'does not describe the input of a network (Unrecognized key: "means")'],
    ['{"std":[1,0,1]}', '(std.1: '],
    [' '.repeat(2 << 20), 'too many for a file that describes a network'],
  ])('is refused where NAME.input.json is damaged: %.20s', async (document, message) => {
    arrange(ours(document))
    expect(await messageOf(choose(), InputError)).toContain(message)
  })
})

describe('the classes of a network', () => {
  const names = ['ant', 'bee', 'cat', 'dog', 'elk']
  const classes = async (layer = 'features', dims = 5) => classesOf(await file(), [{ name: layer, dims }])
  const metadata = { classes: JSON.stringify(names) }
  const scores = { meaning: 'logits', source: 'no Softmax or Sigmoid before the output' }
  const id2label = Object.fromEntries(names.map((name, i) => [i, name.toUpperCase()]))

  it.each<[string, Circumstances, readonly string[], string]>([
    ['numbers', {}, names.map((_, i) => `class ${i}`), 'their numbers, since nothing names them'],
    ['its own metadata’s', { metadata }, names, 'metadata of the model'],
    ['config.json’s', { ...config({ id2label }), metadata }, names.map((name) => name.toUpperCase()), 'config.json'],
    ['labels.json’s', { files: { 'labels.json': names, 'config.json': { id2label } } }, names, 'labels.json'],
  ])('are %s', async (_, circumstances, expected, source) => {
    arrange(circumstances)
    expect(await classes()).toEqual({ layer: 'features', names: expected, source, scores })
    expect(await classes('flat', 4)).toBeUndefined()
  })

  it('have scores that mean what the user states, or else what the graph says', async () => {
    expect((await inspectModel(folder('net.onnx'))).classes).toMatchObject({ scores })
    const stated = { meaning: 'sigmoid', source: 'options' }
    expect((await inspectModel(folder('net.onnx'), { scores: 'sigmoid' })).classes).toMatchObject({ scores: stated })
    expect((await chooseNetwork({ model: folder('net.onnx'), scores: 'sigmoid' })).classes).toMatchObject({
      scores: stated,
    })
  })

  it.each<[string, string | object, string]>([
    ['net.labels.txt', 'ant\nbee\ncat\ndog\nelk', 'net.labels.txt'],
    ['net.labels.txt', '\ufeffant\r\n bee \r\ncat\r\ndog\r\nelk\r\n\r\n', 'net.labels.txt'],
    ['labels.txt', 'ant\rbee\rcat\rdog\relk', 'labels.txt'],
    ['net.labels.json', `\ufeff${JSON.stringify(names)}`, 'net.labels.json'],
    ['net.labels.json', { 4: 'elk', 3: 'dog', 2: 'cat', 1: 'bee', 0: 'ant' }, 'net.labels.json'],
  ])('may be in the file %s %j', async (file, content, source) => {
    arrange({ files: { [file]: content } })
    expect(await classes()).toMatchObject({ names, source })
  })

  it.each<[string, string | object, string]>([
    ['net.labels.txt', '', 'it is empty'],
    ['net.labels.txt', ' \r\n\r\n', 'it is empty'],
    ['net.labels.txt', '\nant\nbee\ncat\ndog', 'line 1 is empty'],
    ['net.labels.txt', 'ant\nbee\n\ndog\nelk', 'line 3 is empty'],
    ['net.labels.json', 'ant\nbee\ncat\ndog\nelk', 'it is not valid JSON'],
    ['net.labels.json', { 0: 'ant', 1: 'bee', 3: 'dog', 4: 'elk' }, 'class 2 has no name'],
    ['net.labels.json', { 1: 'ant', 2: 'bee' }, 'class 0 has no name'],
    ['net.labels.json', { 0: ['n1', 'ant'] }, 'class 0 has no name'],
    ['net.labels.json', { ant: 0, bee: 1 }, 'its keys are not 0, 1, 2 and so on'],
    ['net.labels.json', {}, 'class 0 has no name'],
    ['net.labels.json', ['ant', 2, 'cat', 'dog', 'elk'], 'entry 2 is no text'],
    ['net.labels.json', '"ant"', 'it is neither a list nor an object'],
  ])('in %s %j are refused in one line, which has the right form', async (file, content, problem) => {
    arrange({ files: { [file]: content } })
    expect(await messageOf(classes(), InputError)).toBe(
      `${folder(file)} does not name the classes: ${problem}; write ["cat", "dog"] or {"0": "cat", "1": "dog"} into net.labels.json, or one name on each line of net.labels.txt`,
    )
  })

  it('are refused in another encoding', async () => {
    arrange({})
    writeFileSync(folder('net.labels.txt'), Buffer.from('ant\nbee', 'utf16le'))
    expect(await messageOf(classes(), InputError)).toContain('net.labels.txt is not a text file in UTF-8')
  })

  it('are not those in a file of another program that has another form or number', async () => {
    arrange({ files: { 'labels.txt': 'ant\n\nbee', 'labels.json': { ant: 0 }, 'config.json': { id2label } } })
    expect(await classes()).toMatchObject({ source: 'config.json' })
    arrange({ files: { 'labels.txt': 'ant\nbee', 'config.json': {} }, metadata })
    expect(await classes()).toMatchObject({ source: 'metadata of the model' })
  })

  it('must be as many as the network has', async () => {
    arrange({ files: { 'net.labels.txt': 'ant\nbee' } })
    expect(await messageOf(classes(), InputError)).toBe(
      `${folder('net.labels.txt')} names 2 classes, but the network has 5; correct the file, or remove it`,
    )
    arrange({ files: { 'net.labels.json': { 0: 'one' } } })
    expect(await messageOf(classes(), InputError)).toContain('names 1 class, but the network has 5')
  })
})
