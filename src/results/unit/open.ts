import { join } from 'node:path'
import { InputError, UsageError } from '../../errors.js'
import { encodeNpy, type NpyArray, readNpy } from '../../files/npy.js'
import { sha256 } from '../../files/sha256.js'
import { type UnitArray, unitArrays } from './arrays.js'
import type { Unit } from './schema.js'
import { readUnit, unitFolder } from './store.js'

/**
 * A stored unit. Its arrays are read, and compared with their hashes, each time that they are asked for: one that is missing
 * or damaged is an InputError that names it. Layers go by their names; another name is a UsageError.
 */
export interface OpenUnit extends Pick<Unit, 'inputs' | 'rows' | 'cols' | 'layers'> {
  readonly folder: string
  /** What unit.json holds: plain data. */
  readonly description: Unit
  /** Cosine maps, [layers, 5, rows, cols]. */
  readonly maps: () => Promise<NpyArray>
  /** A layer's features with the patch at the anchors, [5, dims]. */
  readonly anchorFeatures: (layer: string) => Promise<NpyArray>
  /**
   * What the network answers at every position, [3, rows, cols]: index of the strongest class, its probability, and the
   * probability of the class that is the strongest at the center; undefined: the layer is not that of its classes.
   */
  readonly answers: (layer: string) => Promise<NpyArray | undefined>
  /**
   * Rows of few dims, [rows, cols, dims], whose cosines are within 0.002 of those of a layer's features; undefined if the
   * unit keeps none.
   */
  readonly sketch: (layer: string) => Promise<NpyArray | undefined>
  /** A layer's features at all positions, [rows, cols, dims]; undefined if the unit does not keep them. */
  readonly features: (layer: string) => Promise<NpyArray | undefined>
}

/**
 * Opens a unit of a results folder.
 * @throws InputError if its description is missing or damaged, or if it is not where it belongs
 */
export async function openUnit(results: string, folder: string): Promise<OpenUnit> {
  const description = await readUnit(folder)
  const expected = unitFolder(results, description.inputs)
  if (folder !== expected) throw new InputError(`${folder} holds the unit of ${expected}; remove it or put it there`)
  return unitWithArrays(folder, description)
}

/**
 * A unit whose description is known.
 * @param readArray of one of its arrays; by default, as it is stored
 */
export function unitWithArrays(
  folder: string,
  description: Unit,
  readArray: (array: UnitArray) => Promise<NpyArray | undefined> = (array) => readUnitArray(folder, description, array),
): OpenUnit {
  const { inputs, rows, cols, layers } = description
  const arrays = unitArrays(description)
  const read = async (kind: UnitArray['kind'], layer: number | null) => {
    const array = arrays.find((one) => one.kind === kind && one.layer === layer)
    return array && readArray(array)
  }
  const readOfLayer = (kind: UnitArray['kind']) => async (name: string) => {
    const layer = inputs.layers.indexOf(name)
    if (layer >= 0) return read(kind, layer)
    throw new UsageError(`${folder} has no layer ${name}; its layers are ${inputs.layers.join(', ')}`)
  }
  return {
    folder,
    description,
    inputs,
    rows,
    cols,
    layers,
    maps: () => read('maps', null) as Promise<NpyArray>,
    anchorFeatures: readOfLayer('anchorFeatures') as OpenUnit['anchorFeatures'],
    answers: readOfLayer('answers'),
    sketch: readOfLayer('sketch'),
    features: readOfLayer('features'),
  }
}

/** @throws InputError if the array is missing or not the one that unit.json describes */
async function readUnitArray(folder: string, unit: Unit, { file, shape }: UnitArray): Promise<NpyArray> {
  const path = join(folder, file)
  const array = await readNpy(path)
  if (sha256(...encodeNpy(array.shape, array.data)) !== unit.arrays[file] || array.shape.join() !== shape.join()) {
    throw new InputError(`${path} is damaged; run reproduce on this folder again`)
  }
  return array
}
