import { join } from 'node:path'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import { InputError } from '../../errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { encodeNpy, type NpyArray, readNpy } from '../../files/npy.js'
import { readRegular } from '../../files/regularFile.js'
import { sha256, sha256OfFile } from '../../files/sha256.js'
import { fileName } from '../fileName.js'
import { differencesOf } from './compare.js'
import { documentSchema, UNIT_FORMAT, type Unit, type UnitInputs, unitSchema } from './schema.js'

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
