import { unitWithArrays } from './openUnit.js'
import { writeMeasures } from './storedMeasures.js'
import { readUnit } from './units.js'

/** Computes the measures of a unit from its arrays, and stores them. */
export default async function renewUnit(folder: string): Promise<void> {
  const unit = await readUnit(folder)
  await writeMeasures(folder, unit, await unitWithArrays(folder, unit).measures())
}
