import { isUnitThere } from '../../results/store/units.js'
import { inputsSchema } from '../../results/unit/schema.js'
import type { PlannedItem, RunEntry } from '../items/runFile.js'
import { unitTitle } from './units.js'

/** The units that an entry of run.json plans. */
export function entryUnits(results: string, { planned = [], patches = [] }: RunEntry): readonly PlannedItem[] {
  const objects = new Map(patches.map((object) => [unitTitle('', object.size, object.name), object]))
  return planned.flatMap(({ model, size, patches, inputs }) =>
    patches.map((patch): PlannedItem => {
      const { sha256: patchSha256, category } = objects.get(unitTitle('', size, patch)) ?? {}
      // Undefined if the inputs are not those of a unit.
      const unit = inputsSchema.safeParse({ ...inputs, patch, patchSha256, category }).data
      const isStored = async () => unit !== undefined && (await isUnitThere(results, unit))
      return { kind: 'maps', title: unitTitle(model, size, patch), isStored }
    }),
  )
}
