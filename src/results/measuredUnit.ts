import { type Measured, measureLayers } from './metrics.js'
import { openUnit } from './unit/open.js'
import type { Unit } from './unit/schema.js'

/** What is read and measured of a stored unit: plain data, which a thread can hand over. */
export interface MeasuredUnit {
  readonly description: Unit
  /** Cosine maps, [layers, 5, rows, cols]. */
  readonly maps: Float32Array
  /** Of each layer. */
  readonly measured: readonly (readonly Measured[])[]
}

/** @throws InputError if the unit is damaged or not where it belongs in the results folder */
export async function readMeasuredUnit(results: string, folder: string): Promise<MeasuredUnit> {
  const unit = await openUnit(results, folder)
  const { data: maps } = await unit.maps()
  const { description } = unit
  return { description, maps, measured: measureLayers(description, maps) }
}
