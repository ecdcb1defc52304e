import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ANCHOR_NAMES } from '../../engine/positions.js'
import { InputError } from '../../errors.js'
import { ANSWER_MAPS } from '../../experiments/answers.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { encodeNpy, type NpyArray, readNpy } from '../../files/npy.js'
import { readSealedJson, writeSealedJson } from '../../files/sealedJson.js'
import { firstDamaged, sha256 } from '../../files/sha256.js'
import { fileName } from '../fileName.js'
import { differencesOf } from './compare.js'
import { type Unit, type UnitInputs, unitSchema } from './schema.js'

/** What describes a unit, in its folder. */
const UNIT_FILE = 'unit.json'

/** `units/<model>/<size>/<patch>` below a results folder; characters that a file system may refuse are escaped. */
export function unitFolder(results: string, place: Pick<UnitInputs, 'model' | 'size' | 'patch'>): string {
  return join(groupFolder(results, place), fileName(place.patch))
}

/** Where the units of one network and size lie. */
export function groupFolder(results: string, { model, size }: Pick<UnitInputs, 'model' | 'size'>): string {
  return join(results, 'units', fileName(model), String(size))
}

/** The arrays of a unit. */
export interface UnitArrays {
  /** Cosine maps, [layers, 5, rows, cols]. */
  readonly maps: Float32Array
  /** Of each layer: its features with the patch at the five anchors, [5, dims]. */
  readonly anchorFeatures: readonly Float32Array[]
  /** Of each layer that has answers: [3, rows, cols], see `answersFile`. */
  readonly answers?: readonly (Float32Array | undefined)[]
  /** Of each layer: its features at all positions, [rows, cols, dims]; only of a unit that keeps them. */
  readonly features?: readonly Float32Array[]
  /** Of each layer that has one: its sketch, see `sketchFile`. */
  readonly sketches?: readonly (Float32Array | undefined)[]
}

/** Writes a unit whole or not at all; arrays are written as they lie in memory, without a copy. */
export async function writeUnit(results: string, unit: Omit<Unit, 'arrays'>, arrays: UnitArrays): Promise<Unit> {
  const files = new Map<string, ReturnType<typeof encodeNpy>>()
  const add = ({ file, shape }: ArrayFile, data: Float32Array) => files.set(file, encodeNpy(shape, data))
  add(mapsFile(unit), arrays.maps)
  for (const [i, layer] of unit.layers.entries()) {
    add(anchorsFile(layer), arrays.anchorFeatures[i] as Float32Array)
    if (layer.answers !== null) add(answersFile(unit, layer), arrays.answers?.[i] as Float32Array)
    if (layer.sketch !== undefined) add(sketchFile(unit, layer), arrays.sketches?.[i] as Float32Array)
    if (unit.inputs.keepsFeatures) add(featuresFile(unit, layer), arrays.features?.[i] as Float32Array)
  }
  const digests = Object.fromEntries([...files].map(([file, npy]) => [file, sha256(...npy)]))
  return writeFolderAtomic(unitFolder(results, unit.inputs), async (folder) => {
    for (const [file, npy] of files) await writeFileAtomic(join(folder, file), npy)
    return writeSealedJson(join(folder, UNIT_FILE), unitSchema, { ...unit, arrays: digests })
  })
}

/** An array beside unit.json. */
export interface ArrayFile {
  readonly file: string
  readonly shape: readonly number[]
}

type Layer = Unit['layers'][number]

/** Cosine maps of all layers. */
export function mapsFile({ layers, rows, cols }: Omit<Unit, 'arrays'>): ArrayFile {
  return { file: 'similarity.npy', shape: [layers.length, ANCHOR_NAMES.length, rows, cols] }
}

/** A layer's features with the patch at the anchors. */
export function anchorsFile({ name, dims }: Layer): ArrayFile {
  return { file: `anchors-${fileName(name)}.npy`, shape: [ANCHOR_NAMES.length, dims] }
}

/** A layer's features at all positions; only of a unit that keeps them. */
export function featuresFile({ rows, cols }: Omit<Unit, 'arrays'>, { name, dims }: Layer): ArrayFile {
  return { file: `features-${fileName(name)}.npy`, shape: [rows, cols, dims] }
}

/**
 * What the network answers at every position: index of the strongest class, its probability, and that of the class at the
 * center; only of a layer that has answers.
 */
export function answersFile({ rows, cols }: Omit<Unit, 'arrays'>, { name }: Layer): ArrayFile {
  return { file: `answers-${fileName(name)}.npy`, shape: [ANSWER_MAPS, rows, cols] }
}

/** Rows whose cosines are nearly those of a layer's features; only of a layer that has a sketch. */
export function sketchFile({ rows, cols }: Omit<Unit, 'arrays'>, { name, sketch = 0 }: Layer): ArrayFile {
  return { file: `sketch-${fileName(name)}.npy`, shape: [rows, cols, sketch] }
}

function arrayFiles(unit: Unit): readonly string[] {
  const perLayer = unit.layers.flatMap((layer) => [
    anchorsFile(layer),
    ...(layer.answers === null ? [] : [answersFile(unit, layer)]),
    ...(layer.sketch === undefined ? [] : [sketchFile(unit, layer)]),
    ...(unit.inputs.keepsFeatures ? [featuresFile(unit, layer)] : []),
  ])
  return [mapsFile(unit), ...perLayer].map(({ file }) => file)
}

/** What a results folder holds in a unit's place. */
export type StoredUnit =
  | { readonly state: 'finished'; readonly unit: Unit }
  /** Nothing, or something damaged. */
  | { readonly state: 'missing' }
  /** A unit that was made otherwise; differences: in which inputs, `stride 3, not 1`. */
  | { readonly state: 'other'; readonly differences: readonly string[] }

/**
 * Looks whether a results folder holds a unit that is whole, undamaged and made from these inputs. A unit that holds more fold
 * schemes than asked for, or separability or features where none are asked for, will do.
 */
export async function findUnit(results: string, inputs: UnitInputs): Promise<StoredUnit> {
  const folder = unitFolder(results, inputs)
  const unit = await readUnit(folder).catch(() => undefined)
  if (unit === undefined) return { state: 'missing' }
  const differences = differencesOf(unit.inputs, inputs)
  if (differences.length > 0) return { state: 'other', differences }
  const digests = Object.fromEntries(arrayFiles(unit).map((file) => [file, unit.arrays[file] ?? '']))
  return (await firstDamaged(folder, digests)) === undefined ? { state: 'finished', unit } : { state: 'missing' }
}

/** Changes whenever a unit is put in the place of another; undefined: there is none. */
export async function unitVersion(results: string, inputs: UnitInputs): Promise<string | undefined> {
  const status = await stat(join(unitFolder(results, inputs), UNIT_FILE)).catch(() => undefined)
  return status && `${status.ino} ${status.mtimeMs}`
}

/** The same without a look at its arrays, whose damage shows when they are read. */
export async function isUnitThere(results: string, inputs: UnitInputs): Promise<boolean> {
  const unit = await readUnit(unitFolder(results, inputs)).catch(() => undefined)
  return unit !== undefined && differencesOf(unit.inputs, inputs).length === 0
}

/**
 * Reads a unit's description.
 * @throws InputError if it is missing or damaged
 */
export function readUnit(folder: string): Promise<Unit> {
  return readSealedJson(join(folder, UNIT_FILE), unitSchema, `run reproduce on this folder again, or remove ${folder}`)
}

/**
 * Reads one of a unit's arrays, all of it into memory.
 * @throws InputError if it is missing or not the one that unit.json describes
 */
export async function readUnitArray(folder: string, unit: Unit, { file, shape }: ArrayFile): Promise<NpyArray> {
  const path = join(folder, file)
  const array = await readNpy(path)
  if (sha256(...encodeNpy(array.shape, array.data)) !== unit.arrays[file] || array.shape.join() !== shape.join()) {
    throw new InputError(`${path} is damaged; run reproduce on this folder again`)
  }
  return array
}
