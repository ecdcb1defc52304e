import { join } from 'node:path'
import { classesOf } from '../../../src/networks/classes.js'
import { inputRecipe } from '../../../src/networks/input/recipe.js'
import { modelMessage } from '../../../src/networks/onnx/model.js'
import { readHashedOnnx } from '../../../src/networks/onnx/onnxFile.js'
import { messageField, stringField } from '../../../src/networks/protobuf/wire.js'
import { disturb, documentText, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { emptyFolder, type FuzzCase, placeFiles, type Reader } from '../reader.js'

const outputs = [{ name: 'logits', shape: [1, 3] }]
const layers = [{ name: 'logits', dims: 3 }]
const described = async (folder: string) => ({
  folders: [folder, join(folder, 'onnx')],
  model: await readHashedOnnx(join(folder, 'model.onnx')),
})

/** What files beside a model say of its input. */
export const recipes: Reader = {
  name: 'recipes',
  open: (folder) =>
    besideModel(folder, drawRecipe, async ({ model, folders }) =>
      recipeFaults(await inputRecipe(model, folders, {}, false)),
    ),
}

/** Names of classes beside a model. */
export const labels: Reader = {
  name: 'labels',
  open: (folder) =>
    besideModel(folder, drawLabels, async (source) => {
      const classes = await classesOf(source, layers)
      return classes && labelFaults(classes.names)
    }),
}

/** The same in the model's own metadata. */
export const metadata: Reader = {
  name: 'metadata',
  open: (folder) =>
    besideModel(folder, drawMetadata, async (source) => {
      const recipe = await inputRecipe(source.model, source.folders, {}, false)
      const classes = await classesOf(source, layers)
      const isRead = classes !== undefined || recipe.source !== 'assumed'
      return isRead ? [...recipeFaults(recipe), ...labelFaults(classes?.names)] : undefined
    }),
}

type Recipe = Awaited<ReturnType<typeof inputRecipe>>

function besideModel(
  folder: string,
  draw: (random: Random) => FuzzCase,
  read: (source: Awaited<ReturnType<typeof described>>) => Promise<readonly string[] | undefined>,
) {
  const place = join(folder, 'model')
  const empty = { 'model.onnx': modelFile([]) }
  return {
    draw,
    read: async (drawn: FuzzCase) => {
      emptyFolder(place)
      placeFiles(place, { ...drawn, files: { ...empty, ...drawn.files } })
      return read(await described(place))
    },
  }
}

function recipeFaults({ divisor, mean, std, size }: Recipe): string[] {
  const isThree = (values: readonly number[]) => values.length === 3 && values.every(Number.isFinite)
  if (!isThree(mean) || !isThree(std) || std.some((value) => value <= 0)) return [`mean ${mean}, std ${std}`]
  if (!(divisor > 0 && Number.isFinite(divisor))) return [`divisor ${divisor}`]
  return size === null || (Number.isInteger(size) && size > 0 && size <= 4096) ? [] : [`size ${size}`]
}

function labelFaults(names: readonly string[] = ['', '', '']): string[] {
  return names.length === 3 && names.every((name) => typeof name === 'string') ? [] : [`${names.length} names`]
}

function drawRecipe(random: Random): FuzzCase {
  const kind = random.pick(['own', 'preprocessor', 'timm'])
  const name = { own: 'model.input.json', preprocessor: 'preprocessor_config.json', timm: 'config.json' }[
    kind
  ] as string
  const document = { own: drawOwn, preprocessor: drawPreprocessor, timm: drawTimm }[kind] as (random: Random) => object
  const text = documentText(disturb(document(random), random), random)
  return { kind, files: { [kind === 'own' || random.chance(0.7) ? name : `onnx/${name}`]: text } }
}

const triple = (random: Random) => Array.from({ length: 3 }, () => random.below(1000) / 999)

function drawOwn(random: Random): object {
  return some(random, {
    preset: random.pick(['imagenet', 'inception', 'clip', 'caffe', 'raw']),
    size: random.below(300),
    mean: triple(random),
    std: triple(random),
    range: random.pick([1, 255]),
    order: random.pick(['rgb', 'bgr']),
    layout: random.pick(['nchw', 'nhwc']),
  })
}

function drawPreprocessor(random: Random): object {
  const side = () => random.pick<unknown>([224, { height: 224, width: 224 }, { shortest_edge: 256 }, 0])
  return some(random, {
    do_rescale: random.chance(0.5),
    rescale_factor: 1 / 255,
    rescale_offset: random.chance(0.5),
    do_normalize: random.chance(0.5),
    image_mean: random.chance(0.8) ? triple(random) : 0.5,
    image_std: random.chance(0.8) ? triple(random) : 0.5,
    do_flip_channel_order: random.chance(0.5),
    size: side(),
    do_center_crop: random.chance(0.5),
    crop_size: side(),
  })
}

function drawTimm(random: Random): object {
  const config = some(random, { input_size: [3, 224, 224], mean: triple(random), std: triple(random) })
  return random.chance(0.5) ? { architecture: 'resnet18', pretrained_cfg: config } : config
}

/** Each entry or not. */
function some(random: Random, entries: object): object {
  return Object.fromEntries(Object.entries(entries).filter(() => random.chance(0.7)))
}

function drawLabels(random: Random): FuzzCase {
  const name = random.pick(['model.labels.json', 'labels.json', 'config.json', 'onnx/config.json'])
  return { kind: name, files: { [name]: documentText(disturb(drawNames(random), random), random) } }
}

function drawNames(random: Random): object {
  const list = Array.from({ length: random.chance(0.9) ? 3 : random.below(6) }, (_, i) => `class ${i}`)
  const byIndex = { ...list }
  return random.pick<object>([list, byIndex, { id2label: byIndex }, { label_names: list }])
}

function drawMetadata(random: Random): FuzzCase {
  const entries: [string, string][] = []
  const add = (key: string, value: string | Uint8Array) => entries.push([key, String(value)])
  if (random.chance(0.5)) add('shiftscope.input', documentText(disturb(drawOwn(random), random), random))
  if (random.chance(0.5)) add('classes', documentText(disturb(drawNames(random), random), random))
  if (random.chance(0.3)) add('Image.NominalPixelRange', random.pick(['NominalRange_0_255', 'Normalized_1_1', 'x']))
  if (random.chance(0.3)) add('Image.BitmapPixelFormat', random.pick(['Bgr8', 'Rgb8', 'Gray8']))
  if (random.chance(0.1)) add(oddText(random), oddText(random))
  return { kind: 'metadata', files: { 'model.onnx': modelFile(entries) } }
}

function modelFile(properties: readonly (readonly [string, string])[]): Uint8Array {
  const model = modelMessage({
    name: 'case',
    inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }],
    outputs,
    initializers: [],
    nodes: [],
  })
  const written = properties.flatMap(([key, value]) =>
    messageField(14, [...stringField(1, key), ...stringField(2, value)]),
  )
  return Buffer.concat([...model, ...written] as Uint8Array[])
}
