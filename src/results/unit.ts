import { join } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { InputError } from '../errors.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
import { LOSSES } from '../experiments/separability.js'
import { writeFileAtomic, writeFolderAtomic } from '../files/atomic.js'
import { encodeNpy, type NpyArray, readNpy } from '../files/npy.js'
import { readRegular } from '../files/regularFile.js'
import { sha256, sha256OfFile } from '../files/sha256.js'

/** Raised whenever a change of the program changes a unit's numbers or files, so that older units are computed again. */
export const UNIT_FORMAT = 3

/** Everything that decides a unit's numbers: a stored unit with other inputs is computed again. */
const inputsSchema = z.object({
  format: z.literal(UNIT_FORMAT),
  model: z.string(),
  weightsSha256: z.string(),
  layers: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length),
  patch: z.string(),
  patchSha256: z.string(),
  /** The object's class; null: not known. */
  category: z.string().nullable(),
  size: z.number().int().positive(),
  stride: z.number().int().positive(),
  background: z.string(),
  blend: z.enum(['hard', 'soft']),
  /** Of the features' arithmetic; absent: float32. */
  precision: z.literal('fp16').optional(),
  /** The classifier of the separability experiment; null: not measured. */
  separability: z
    .object({
      loss: z.enum(LOSSES),
      C: z.number(),
      seed: z.number().int(),
      cv: z.array(z.enum(FOLD_SCHEMES)),
    })
    .nullable(),
  /** Whether the features at all positions are kept beside the maps. */
  keepsFeatures: z.boolean(),
})
export type UnitInputs = z.infer<typeof inputsSchema>

/** What two units must have in common to be the same; of fold schemes and features a unit may hold more than is wanted. */
type SharedInput =
  | Exclude<keyof UnitInputs, 'format' | 'separability' | 'keepsFeatures'>
  | Exclude<keyof NonNullable<UnitInputs['separability']>, 'cv'>

/** Each input as a text by which it can be compared and shown; undefined: it has no part in the unit. */
export const INPUT_TEXTS: Readonly<Record<SharedInput, (inputs: UnitInputs) => string | undefined>> = {
  model: ({ model }) => model,
  patch: ({ patch }) => patch,
  size: ({ size }) => String(size),
  weightsSha256: ({ weightsSha256 }) => weightsSha256,
  patchSha256: ({ patchSha256 }) => patchSha256,
  category: ({ category }) => JSON.stringify(category),
  layers: ({ layers }) => JSON.stringify(layers),
  stride: ({ stride }) => String(stride),
  background: ({ background }) => background,
  blend: ({ blend }) => blend,
  precision: ({ precision }) => precision ?? 'fp32',
  loss: ({ separability }) => separability?.loss,
  C: ({ separability }) => separability?.C.toString(),
  seed: ({ separability }) => separability?.seed.toString(),
}

/** Rounding may take it a little beyond 1. */
const cosineSchema = z.number().min(-1.001).max(1.001)

const anchorSchema = z.object({
  row: z.number().int().nonnegative(),
  col: z.number().int().nonnegative(),
  mean: cosineSchema,
  min: cosineSchema,
})

const taskSchema = z.object({
  /** Accuracy on each fold, null where its classifier did not converge; their mean and population standard deviation. */
  folds: z.array(z.number().nullable()),
  mean: z.number().nullable(),
  std: z.number().nullable(),
  /** Largest relative duality gap of the folds' classifiers, and the folds whose classifier did not converge. */
  gap: z.number(),
  notConverged: z.array(z.number().int()),
})

const unitSchema = z.object({
  inputs: inputsSchema,
  /** Positions along each axis. */
  rows: z.number().int().positive(),
  cols: z.number().int().positive(),
  layers: z.array(
    z.object({
      name: z.string(),
      dims: z.number().int().positive(),
      /** Per anchor: its place in pixels, mean and minimum of its cosine over all positions. */
      similarity: z.object(
        Object.fromEntries(ANCHOR_NAMES.map((name) => [name, anchorSchema])) as Record<
          (typeof ANCHOR_NAMES)[number],
          typeof anchorSchema
        >,
      ),
      /** Share of neighbours, one stride apart, with the same top-1 unit, per axis; null: the axis has one position. */
      consistency: z.object({ horizontal: z.number().nullable(), vertical: z.number().nullable() }),
      /** Per fold scheme and task; empty where separability was not measured. */
      separability: z.partialRecord(z.enum(FOLD_SCHEMES), z.record(z.enum(TASKS), taskSchema)),
    }),
  ),
  /** SHA-256 of each array beside unit.json. */
  arrays: z.record(z.string(), z.string()),
})

/** One patch × size × network: what unit.json holds. */
export type Unit = z.infer<typeof unitSchema>

/** unit.json itself: a unit and the SHA-256 of its JSON without white space. */
const documentSchema = unitSchema
  .extend({ sha256: z.string() })
  .refine(({ inputs, layers }) => JSON.stringify(inputs.layers) === JSON.stringify(layers.map(({ name }) => name)))

const MAPS_FILE = 'similarity.npy'

/** `units/<model>/<size>/<patch>` below a results folder; characters that a file system may refuse are escaped. */
export function unitFolder(
  results: string,
  { model, size, patch }: Pick<UnitInputs, 'model' | 'size' | 'patch'>,
): string {
  return join(results, 'units', fileName(model), String(size), fileName(patch))
}

/** The arrays of a unit. */
export interface UnitArrays {
  /** Cosine maps, [layers, 5, rows, cols]. */
  readonly maps: Float32Array
  /** Of each layer: its features with the patch at the five anchors, [5, dims]. */
  readonly anchorFeatures: readonly Float32Array[]
  /** Of each layer: its features at all positions, [rows, cols, dims]; only of a unit that keeps them. */
  readonly features?: readonly Float32Array[]
}

/** Writes a unit whole or not at all; arrays are written as they lie in memory, without a copy. */
export async function writeUnit(results: string, unit: Omit<Unit, 'arrays'>, arrays: UnitArrays): Promise<Unit> {
  const files = new Map([[MAPS_FILE, encodeNpy(mapsShape(unit), arrays.maps)]])
  for (const [i, { name, dims }] of unit.layers.entries()) {
    files.set(anchorsFile(name), encodeNpy([ANCHOR_NAMES.length, dims], arrays.anchorFeatures[i] as Float32Array))
    if (unit.inputs.keepsFeatures) {
      files.set(featuresFile(name), encodeNpy([unit.rows, unit.cols, dims], arrays.features?.[i] as Float32Array))
    }
  }
  const digests = Object.fromEntries([...files].map(([file, npy]) => [file, sha256(...npy)]))
  const complete = unitSchema.parse({ ...unit, arrays: digests })
  const document = { ...complete, sha256: sha256(JSON.stringify(complete)) }
  await writeFolderAtomic(unitFolder(results, unit.inputs), async (folder) => {
    for (const [file, npy] of files) await writeFileAtomic(join(folder, file), npy)
    await writeFileAtomic(join(folder, 'unit.json'), `${JSON.stringify(document, null, 2)}\n`)
  })
  return complete
}

function mapsShape({ layers, rows, cols }: Omit<Unit, 'arrays'>): readonly number[] {
  return [layers.length, ANCHOR_NAMES.length, rows, cols]
}

function anchorsFile(layer: string): string {
  return `anchors-${fileName(layer)}.npy`
}

function featuresFile(layer: string): string {
  return `features-${fileName(layer)}.npy`
}

/** Names of a unit's arrays, of which unit.json has the hashes. */
function arrayFiles({ inputs, layers }: Omit<Unit, 'arrays'>): readonly string[] {
  const perLayer = inputs.keepsFeatures ? [anchorsFile, featuresFile] : [anchorsFile]
  return [MAPS_FILE, ...layers.flatMap(({ name }) => perLayer.map((file) => file(name)))]
}

/** What a results folder holds in a unit's place. */
export type StoredUnit =
  | { readonly state: 'finished'; readonly unit: Unit }
  /** Nothing, or something damaged. */
  | { readonly state: 'missing' }
  /** A unit that was made otherwise; differences: in which inputs, `stride 3, not 1`. */
  | { readonly state: 'other'; readonly differences: readonly string[] }

/**
 * Looks whether a unit stands in a results folder, whole, undamaged and made from these inputs. A unit that holds more fold
 * schemes than asked for, or separability or features where none are asked for, will do.
 */
export async function findUnit(results: string, inputs: UnitInputs): Promise<StoredUnit> {
  const folder = unitFolder(results, inputs)
  const unit = await readUnit(folder).catch(() => undefined)
  if (unit === undefined) return { state: 'missing' }
  const differences = differencesOf(unit.inputs, inputs)
  if (differences.length > 0) return { state: 'other', differences }
  for (const file of arrayFiles(unit)) {
    const digest = await sha256OfFile(join(folder, file)).catch(() => undefined)
    if (digest !== unit.arrays[file]) return { state: 'missing' }
  }
  return { state: 'finished', unit }
}

/**
 * Reads a unit's description.
 * @throws InputError if it is missing or damaged
 */
export async function readUnit(folder: string): Promise<Unit> {
  const path = join(folder, 'unit.json')
  const text = await readRegular(path).catch(() => {
    throw new InputError(`${folder} has no unit.json; run reproduce on this folder again, or remove ${folder}`)
  })
  const json = parseJson(text.toString('utf8'))
  if (isOfOtherVersion(json)) {
    throw new InputError(`${path} was made by another version of shiftscope; run reproduce on this folder again`)
  }
  const parsed = documentSchema.safeParse(json)
  if (parsed.success) {
    const { sha256: digest, ...unit } = parsed.data
    if (digest === sha256(JSON.stringify(unit))) return unit
  }
  throw new InputError(`${path} is damaged; run reproduce on this folder again`)
}

/**
 * Reads a unit's maps, [layers, 5, rows, cols].
 * @throws InputError if the array is missing or not the one that unit.json describes
 */
export function readUnitMaps(folder: string, unit: Unit): Promise<NpyArray> {
  return readUnitArray(folder, unit, MAPS_FILE, mapsShape(unit))
}

/**
 * Reads the features of one of a unit's layers with the patch at the anchors, [5, dims].
 * @throws InputError if the array is missing or not the one that unit.json describes
 */
export function readAnchorFeatures(folder: string, unit: Unit, layer: number): Promise<NpyArray> {
  const { name, dims } = unit.layers[layer] as Unit['layers'][number]
  return readUnitArray(folder, unit, anchorsFile(name), [ANCHOR_NAMES.length, dims])
}

/**
 * Reads the features of one of a unit's layers at all positions, [rows, cols, dims], all of them into memory.
 * @returns undefined if the unit does not keep them
 * @throws InputError if the array is missing or not the one that unit.json describes
 */
export async function readFeatures(folder: string, unit: Unit, layer: number): Promise<NpyArray | undefined> {
  if (!unit.inputs.keepsFeatures) return undefined
  const { name, dims } = unit.layers[layer] as Unit['layers'][number]
  return readUnitArray(folder, unit, featuresFile(name), [unit.rows, unit.cols, dims])
}

async function readUnitArray(folder: string, unit: Unit, file: string, shape: readonly number[]): Promise<NpyArray> {
  const path = join(folder, file)
  const array = await readNpy(path)
  if (sha256(...encodeNpy(array.shape, array.data)) !== unit.arrays[file] || array.shape.join() !== shape.join()) {
    throw new InputError(`${path} is damaged; run reproduce on this folder again`)
  }
  return array
}

/** In what a stored unit is not the wanted one, in words; empty: it will do. */
function differencesOf(stored: UnitInputs, wanted: UnitInputs): readonly string[] {
  const differences = Object.entries(INPUT_TEXTS).flatMap(([name, textOf]) => {
    const [has, wants] = [textOf(stored), textOf(wanted)]
    if (has === undefined || wants === undefined || has === wants) return []
    return [DIFFERENT_FILES[name] ?? `${name} ${has}, not ${wants}`]
  })
  if (wanted.keepsFeatures && !stored.keepsFeatures) differences.push('no features kept')
  if (wanted.separability === null) return differences
  if (stored.separability === null) return [...differences, 'no separability']
  const [has, wants] = [stored.separability.cv, wanted.separability.cv]
  if (!wants.every((scheme) => has.includes(scheme))) differences.push(`folds ${has}, not ${wants}`)
  return differences
}

/** Inputs whose hashes say nothing to people. */
const DIFFERENT_FILES: Readonly<Record<string, string>> = {
  weightsSha256: 'another checkpoint',
  patchSha256: 'another picture',
}

function isOfOtherVersion(json: unknown): boolean {
  const inputs = (json as { inputs?: { format?: unknown } } | null | undefined)?.inputs
  return inputs !== undefined && inputs.format !== UNIT_FORMAT
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Longest name in bytes, so that an extension and the prefix of temporaries still fit into the usual 255. */
const MAX_NAME_BYTES = 200

/**
 * A name as a file or folder may carry it, another for every name. What some file system refuses is percent-encoded:
 * punctuation, a dot in front, a dot or space at the end, device names of Windows. Too long a name ends in a digest.
 */
export function fileName(name: string): string {
  const escaped = name
    .replace(/[^\p{L}\p{N} ._()+,@=-]/gu, percentEncoded)
    .replace(/^\.|[. ]$/g, percentEncoded)
    .replace(/^(?=(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))./i, percentEncoded)
  if (Buffer.byteLength(escaped) <= MAX_NAME_BYTES) return escaped
  const end = `%~${sha256(escaped).slice(0, 32)}`
  let start = ''
  for (const character of escaped) {
    if (Buffer.byteLength(start + character + end) > MAX_NAME_BYTES) break
    start += character
  }
  return start + end
}

/** Half a surrogate pair has no UTF-8 form; it becomes %uD800. */
function percentEncoded(character: string): string {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
  if (/^\p{Cs}$/u.test(character)) return `%u${hex(character.charCodeAt(0))}`
  return [...Buffer.from(character)].map((byte) => `%${hex(byte)}`).join('')
}
