import { join } from 'node:path'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { fileName } from '../../files/fileName.js'
import { encodeNpy } from '../../files/npy.js'
import { fileVersion } from '../../files/regularFile.js'
import { readSealedJson, writeSealedJson } from '../../files/sealedJson.js'
import { firstDamaged, sha256 } from '../../files/sha256.js'
import { type UnitArrays, unitArrays } from '../unit/arrays.js'
import { type Unit, type UnitInputs, unitSchema } from '../unit/schema.js'
import { differencesOf } from '../unit/unitDifferences.js'
import { measureUnit, writeMeasures } from './storedMeasures.js'

const UNIT_FILE = 'unit.json'

/** Path of a unit: `units/<model>/<size>/<patch>` in a results folder. */
export function unitFolder(results: string, { model, size, patch }: UnitPlace): string {
  return join(results, 'units', fileName(model), String(size), fileName(patch))
}

/** The inputs after which a unit's folder is named. */
export type UnitPlace = Pick<UnitInputs, 'model' | 'size' | 'patch'>

/** Writes a unit completely or not at all. */
export async function writeUnit(results: string, unit: Omit<Unit, 'arrays'>, arrays: UnitArrays): Promise<Unit> {
  const files = unitArrays(unit).map(({ kind, layer, file, shape }) => {
    const values = layer === null ? arrays.maps : arrays[kind]?.[layer]
    return [file, encodeNpy(shape, values!)] as const
  })
  const digests = Object.fromEntries(files.map(([file, npy]) => [file, sha256(...npy)]))
  return writeFolderAtomic(unitFolder(results, unit.inputs), async (folder) => {
    for (const [file, npy] of files) await writeFileAtomic(join(folder, file), npy)
    const written = await writeSealedJson(join(folder, UNIT_FILE), unitSchema, { ...unit, arrays: digests })
    await writeMeasures(folder, written, measureUnit(written, arrays.maps, arrays.answers))
    return written
  })
}

export type StoredUnit =
  | { readonly state: 'finished'; readonly unit: Unit }
  | { readonly state: 'missing' }
  /** The stored unit was made from different inputs. `differences` says how they differ, such as `stride 3 instead of 1`. */
  | { readonly state: 'other'; readonly differences: readonly string[] }

/**
 * Looks for a stored unit with these inputs, and checks all its files. The unit may contain more than `inputs` asks
 * for: additional fold schemes, separability, equivariance, a read-out or features.
 */
export async function findUnit(results: string, inputs: UnitInputs): Promise<StoredUnit> {
  const stored = await findDescription(results, inputs)
  if (stored.state !== 'finished') return stored
  const { arrays } = stored.unit
  const digests = Object.fromEntries(unitArrays(stored.unit).map(({ file }) => [file, arrays[file] ?? '']))
  return (await firstDamaged(unitFolder(results, inputs), digests)) === undefined ? stored : { state: 'missing' }
}

/** Like `findUnit`, but does not check the arrays. A damaged array is noticed later, when it is read. */
export async function isUnitThere(results: string, inputs: UnitInputs): Promise<boolean> {
  return (await findDescription(results, inputs)).state === 'finished'
}

async function findDescription(results: string, inputs: UnitInputs): Promise<StoredUnit> {
  const unit = await readUnit(unitFolder(results, inputs)).catch(() => undefined)
  if (unit === undefined) return { state: 'missing' }
  const differences = differencesOf(unit.inputs, inputs)
  return differences.length > 0 ? { state: 'other', differences } : { state: 'finished', unit }
}

/** A text that changes whenever the unit is written again; undefined if there is no unit. */
export function unitVersion(results: string, place: UnitPlace): Promise<string | undefined> {
  return fileVersion(join(unitFolder(results, place), UNIT_FILE))
}

/** @throws InputError if unit.json is missing or damaged */
export function readUnit(folder: string): Promise<Unit> {
  return readSealedJson(join(folder, UNIT_FILE), unitSchema, `run reproduce on this folder again, or remove ${folder}`)
}
