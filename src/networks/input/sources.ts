import { isUtf8 } from 'node:buffer'
import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { parseJson } from '../../files/json.js'
import { readRegular } from '../../files/regularFile.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
import { printable } from '../../support/text.js'
import { LARGEST_FRAME } from './options.js'
import { INPUT_PRESETS, inputPresets, type RecipePart } from './presets.js'

export interface FoundPart {
  readonly part: RecipePart
  readonly source: string
}

/** Largest size, in bytes, of a file that describes a model's input. Larger files are not read. */
const MOST_BYTES = 1 << 20

/**
 * Reads a JSON file; undefined if it does not exist.
 * @param isOurs whether Shiftscope defines this file name. Any other file may belong to another program, so it is
 * skipped if it is too large or is not JSON.
 */
export async function jsonBeside(path: string, isOurs: boolean): Promise<unknown> {
  try {
    return await readJson(path)
  } catch (error) {
    if (isOurs || !(error instanceof InputError)) throw error
    return undefined
  }
}

/**
 * Reads a small text file in UTF-8, without its byte order mark; undefined if it does not exist.
 * @throws InputError if it is too large or not in UTF-8
 */
export async function textBeside(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined)
  if (!status?.isFile()) return undefined
  if (status.size > MOST_BYTES)
    throw new InputError(`${path} has ${status.size} bytes, too many for a file that describes a network; remove it`)
  const bytes = await readRegular(path)
  if (isUtf8(bytes) && !bytes.includes(0)) return new TextDecoder().decode(bytes)
  throw new InputError(`${path} is not a text file in UTF-8; save it as one, or remove it`)
}

async function readJson(path: string): Promise<unknown> {
  const text = await textBeside(path)
  if (text === undefined) return undefined
  try {
    return parseJson(text)
  } catch (error) {
    throw new InputError(`${path} is not valid JSON; correct it, or remove it`, { cause: error })
  }
}

/**
 * Reads the recipe (how pixels become the input) from a file beside a model. Uses the first of these files that has a
 * recipe: Shiftscope's NAME.input.json, Hugging Face's preprocessor_config.json, timm's config.json.
 */
export async function besideModel(path: string, folders: readonly string[]): Promise<FoundPart | undefined> {
  const own = join(dirname(path), `${basename(path, extname(path))}.input.json`)
  const description = await jsonBeside(own, true)
  if (description !== undefined) return { part: partOfDescription(description, own), source: basename(own) }
  for (const [name, read] of FOREIGN_FILES) {
    for (const folder of folders) {
      const file = join(folder, name)
      const part = read(await jsonBeside(file, name !== 'config.json'), file)
      if (part !== undefined) return { part, source: name }
    }
  }
  return undefined
}

const FOREIGN_FILES: readonly (readonly [string, (document: unknown, file: string) => RecipePart | undefined])[] = [
  ['preprocessor_config.json', partOfPreprocessor],
  ['config.json', partOfTimm],
]

const ofColours = <T extends z.ZodNumber>(value: T) => z.union([z.array(value).length(3), z.array(value).length(1)])
const means = ofColours(z.number())
const deviations = ofColours(z.number().positive())
const frameSide = z.number().int().positive().max(LARGEST_FRAME)

/**
 * The contents of NAME.input.json. Mean and std are in the order red, green, blue, or one number for all. A missing
 * value is taken from the preset; the default preset is `imagenet`.
 */
const descriptionSchema = z.strictObject({
  preset: z.enum(INPUT_PRESETS).exactOptional(),
  size: frameSide.exactOptional(),
  mean: means.exactOptional(),
  std: deviations.exactOptional(),
  range: z.union([z.literal(1), z.literal(255)]).exactOptional(),
  order: z.enum(['rgb', 'bgr']).exactOptional(),
  layout: z.enum(['nchw', 'nhwc']).exactOptional(),
})

function partOfDescription(document: unknown, file: string): RecipePart {
  const { preset = 'imagenet', range, order, ...stated } = checked(descriptionSchema, document, file)
  const divisor = range && { divisor: 255 / range }
  return { ...inputPresets[preset], ...stated, ...divisor, ...(order && { channelOrder: order }) }
}

const sides = z.union([
  z.number(),
  z.looseObject({ height: z.number().optional(), width: z.number().optional(), shortest_edge: z.number().optional() }),
])

/** The keys of preprocessor_config.json that are read. Reference: transformers, `BaseImageProcessor`. */
const preprocessorSchema = z.looseObject({
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().min(1e-4).max(1e3).nullish(),
  rescale_offset: z.boolean().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: z.union([means, z.number()]).nullish(),
  image_std: z.union([deviations, z.number().positive()]).nullish(),
  do_flip_channel_order: z.boolean().nullish(),
  do_resize: z.boolean().nullish(),
  size: sides.nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sides.nullish(),
})

/** Reads preprocessor_config.json. It describes resizing a picture to `size`, then cropping it to `crop_size`. */
function partOfPreprocessor(document: unknown, file: string): RecipePart | undefined {
  if (document === undefined) return undefined
  const read = checked(preprocessorSchema, document, file)
  const isOfImages = ['image_mean', 'rescale_factor', 'do_rescale', 'do_normalize'].some((name) => name in read)
  if (!isOfImages) return undefined
  const listed = (value: number | readonly number[]) => (typeof value === 'number' ? [value] : value)
  const isNormalised = read.do_normalize ?? read.image_mean != null
  const mean = isNormalised ? listed(read.image_mean ?? inputPresets.imagenet.mean) : [0, 0, 0]
  const std = isNormalised ? listed(read.image_std ?? inputPresets.imagenet.std) : [1, 1, 1]
  // Many files state the factor 0.00392156862745098, a little more than 1/255. Rounding the divisor gives exactly 255.
  const divisor = Math.round(1e6 / (read.rescale_factor ?? 1 / 255)) / 1e6
  const size = sideOf(read.do_center_crop !== false ? (read.crop_size ?? read.size) : read.size)
  return {
    divisor: read.do_rescale === false ? 1 : divisor,
    mean: read.rescale_offset === true && read.do_rescale !== false ? mean.map((value) => value + 1) : mean,
    std,
    channelOrder: read.do_flip_channel_order === true ? 'bgr' : 'rgb',
    ...(size !== undefined && { size }),
  }
}

function sideOf(given: z.infer<typeof sides> | null | undefined): number | undefined {
  if (given === null || given === undefined) return undefined
  const side = typeof given === 'number' ? given : (given.height ?? given.shortest_edge)
  return Number.isInteger(side) && side! > 0 && side! <= LARGEST_FRAME ? side : undefined
}

/**
 * The keys of timm's config.json that are read, in current and older versions. Mean and std are for pixel values from 0
 * to 1.
 */
const timmSchema = z.object({
  input_size: z.tuple([frameSide, frameSide, frameSide]),
  mean: means.exactOptional(),
  std: deviations.exactOptional(),
})

function partOfTimm(document: unknown, file: string): RecipePart | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const config = 'pretrained_cfg' in document ? document.pretrained_cfg : document
  const isTimm = typeof config === 'object' && config !== null && 'input_size' in config
  if (!isTimm || !Array.isArray(config.input_size) || config.input_size.length !== 3) return undefined
  const { input_size, ...stated } = checked(timmSchema, config, file)
  return { ...inputPresets.imagenet, ...stated, size: input_size[2] }
}

/**
 * Keys in the metadata of an ONNX model. The value of `OWN_KEY` is the same JSON text as in a NAME.input.json file. The
 * other keys are defined by ONNX: onnx/docs/MetadataProps.md.
 */
const OWN_KEY = 'shiftscope.input'
const RANGE_KEY = 'Image.NominalPixelRange'
const FORMAT_KEY = 'Image.BitmapPixelFormat'

const RANGES: ReadonlyMap<string, RecipePart> = new Map([
  ['NominalRange_0_255', inputPresets.raw],
  ['Normalized_0_1', { ...inputPresets.raw, divisor: 255 }],
  ['Normalized_1_1', inputPresets.inception],
])

export function partOfMetadata({ metadata, path }: OnnxFile): FoundPart | undefined {
  const source = 'metadata of the model'
  const own = metadata.get(OWN_KEY)
  if (own !== undefined)
    return { part: partOfDescription(parsed(own, `the metadata ${OWN_KEY} of ${path}`), path), source }
  const range = RANGES.get(metadata.get(RANGE_KEY) ?? '')
  const order = metadata.get(FORMAT_KEY)?.startsWith('Bgr') ? 'bgr' : 'rgb'
  return range && { part: { ...range, channelOrder: order }, source }
}

function parsed(text: string, what: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new InputError(`${what} is not valid JSON; export the network again`, { cause: error })
  }
}

function checked<T>(schema: z.ZodType<T>, document: unknown, file: string): T {
  const { data, error } = schema.safeParse(document)
  if (data !== undefined) return data
  const issue = error?.issues[0]
  const where = issue?.path.length ? `${printable(issue.path.join('.'))}: ` : ''
  throw InputError.of`${file} does not describe the input of a network (${where}${printable(issue?.message ?? 'not an object')}); correct it, or give the \`input\` options`
}
