import { InputError } from '../errors.js'
import { type Measured, measureLayers } from './metrics.js'
import type { Unit } from './unit/schema.js'
import { readUnit, readUnitMaps, unitFolder } from './unit/store.js'

/** A stored unit with its maps and what is measured of them. */
export interface MeasuredUnit {
  readonly unit: Unit
  /** Cosine maps, [layers, 5, rows, cols]. */
  readonly maps: Float32Array
  /** Of each layer. */
  readonly measured: readonly (readonly Measured[])[]
}

/** @throws InputError if the unit is damaged or not where it belongs in the results folder */
export async function readMeasuredUnit(results: string, folder: string): Promise<MeasuredUnit> {
  const unit = await readUnit(folder)
  const home = unitFolder(results, unit.inputs)
  if (folder !== home) throw new InputError(`${folder} holds the unit of ${home}; remove it or put it there`)
  const { data: maps } = await readUnitMaps(folder, unit)
  return { unit, maps, measured: measureLayers(unit, maps) }
}
