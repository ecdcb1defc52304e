import { move, transferableSymbol, valueSymbol } from 'piscina'
import { InputError } from '../errors.js'
import { type MeasuredUnit, readMeasuredUnit } from './measuredUnit.js'

/** What a thread is asked. */
export interface UnitTask {
  readonly results: string
  readonly folder: string
}

/** What it answers; errors keep neither their class nor their exit status on the way between threads. */
export type UnitAnswer = MeasuredUnit | { readonly refused: string }

export default async function readUnitTask({ results, folder }: UnitTask): Promise<unknown> {
  try {
    const measured = await readMeasuredUnit(results, folder)
    // The maps are handed over, not copied.
    return move({ [transferableSymbol]: [measured.maps.buffer], [valueSymbol]: measured satisfies UnitAnswer })
  } catch (error) {
    if (error instanceof InputError) return { refused: error.message } satisfies UnitAnswer
    throw error
  }
}
