import { join } from 'node:path'
import { InputError, UsageError } from '../../errors.js'
import { encodeNpy, type NpyArray, readNpy } from '../../files/npy.js'
import { sha256 } from '../../files/sha256.js'
import type { UnitNumbers } from '../measures/variant.js'
import { type UnitArray, unitArrays } from '../unit/arrays.js'
import type { Unit } from '../unit/schema.js'
import { measureUnit, readMeasures } from './storedMeasures.js'
import { readUnit, unitFolder } from './units.js'

/**
 * A stored unit: one network with one object at one size. Each method reads an array and checks its hash. It rejects
 * with an InputError if the array is missing or damaged, and with a UsageError for an unknown layer.
 */
export interface OpenUnit extends Pick<Unit, 'inputs' | 'frame' | 'rows' | 'cols' | 'anchors' | 'layers'> {
  readonly folder: string
  /** Contents of unit.json. */
  readonly description: Unit
  /** Reads the similarity maps, [layers, 5, rows, cols], in the order of `ANCHOR_NAMES`. */
  readonly maps: () => Promise<NpyArray>
  /**
   * The values of all measures, one record per layer, by the measure's name. If the stored values are missing or of
   * another version, computes them from the arrays.
   */
  readonly measures: () => Promise<UnitNumbers>
  /** Reads a layer's features at the anchors, [5, dims], in the order of `ANCHOR_NAMES`. */
  readonly anchorFeatures: (layer: string) => Promise<NpyArray>
  /**
   * Reads the network's predictions at every position, [3, rows, cols]: index of the most probable class, its
   * probability, and the probability of the class predicted at the center. Undefined for a layer without class scores.
   */
  readonly answers: (layer: string) => Promise<NpyArray | undefined>
  /** Reads the sightings of a head's layer (see `Sightings`), [positions + 5, values]; otherwise undefined. */
  readonly sightings: (layer: string) => Promise<NpyArray | undefined>
  /**
   * Reads short vectors that replace the layer's features where only cosines are needed, [rows, cols, dims]. Their
   * cosines differ from those of the features by at most 0.002. Undefined if the unit has none.
   */
  readonly sketch: (layer: string) => Promise<NpyArray | undefined>
  /** Reads a layer's features at all positions, [rows, cols, dims]; undefined if the study did not keep them. */
  readonly features: (layer: string) => Promise<NpyArray | undefined>
}

/** @throws InputError if the unit's description is missing or damaged, or if it belongs to another folder */
export async function openUnit(results: string, folder: string): Promise<OpenUnit> {
  const description = await readUnit(folder)
  const expected = unitFolder(results, description.inputs)
  if (folder !== expected)
    throw new InputError(
      `${folder} contains results that belong in ${expected}; rename the folder to that, or remove it`,
    )
  return unitWithArrays(folder, description)
}

/** @param readArray reads one of the unit's arrays; by default from its folder */
export function unitWithArrays(
  folder: string,
  description: Unit,
  readArray: (array: UnitArray) => Promise<NpyArray | undefined> = (array) => readUnitArray(folder, description, array),
): OpenUnit {
  const { inputs, frame, rows, cols, anchors, layers } = description
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
  const maps = () => read('maps', null) as Promise<NpyArray>
  const answers = readOfLayer('answers')
  const measured = async () => {
    const answerMaps = await Promise.all(inputs.layers.map(async (layer) => (await answers(layer))?.data))
    return measureUnit(description, (await maps()).data, answerMaps)
  }
  return {
    folder,
    description,
    inputs,
    frame,
    rows,
    cols,
    anchors,
    layers,
    maps,
    measures: async () => (await readMeasures(folder, description)) ?? measured(),
    anchorFeatures: readOfLayer('anchorFeatures') as OpenUnit['anchorFeatures'],
    answers,
    sightings: readOfLayer('sightings'),
    sketch: readOfLayer('sketch'),
    features: readOfLayer('features'),
  }
}

/** Reads an array and checks its hash and shape. */
async function readUnitArray(folder: string, unit: Unit, { file, shape }: UnitArray): Promise<NpyArray> {
  const path = join(folder, file)
  const array = await readNpy(path)
  if (sha256(...encodeNpy(array.shape, array.data)) !== unit.arrays[file] || array.shape.join() !== shape.join()) {
    throw new InputError(`${path} is damaged; run reproduce on this folder again`)
  }
  return array
}
