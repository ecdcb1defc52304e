import { join } from 'node:path'
import { z } from 'zod'
import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import { readSealedJson, sealOf, writeSealedJson } from '../../files/sealedJson.js'
import { MEASURES_VERSION, measureLayer } from '../measures/measures.js'
import { type UnitNumbers, variantSchema } from '../measures/variant.js'
import type { Unit } from '../unit/schema.js'

export const MEASURES_FILE = 'measures.json'

/** The values of a layer's measures, by the measure's name. The page needs the mean similarity to each anchor. */
const layerSchema = z
  .record(z.string(), z.array(z.tuple([variantSchema, z.number()])))
  .refine((layer) =>
    ANCHOR_NAMES.every((name) => layer['similarity-mean']?.some(([{ anchor }]) => anchor === name) === true),
  )

/**
 * Contents of measures.json beside unit.json. Its numbers need only unit.json and the similarity maps, so they can be
 * computed again without the network.
 */
const measuresSchema = z.object({
  version: z.literal(MEASURES_VERSION),
  /** Hash of the unit.json from which the numbers were computed. */
  unit: z.string(),
  layers: z.array(layerSchema),
})

/**
 * @param maps similarity maps, [layers, 5, rows, cols]
 * @param answers per layer, [3, rows, cols] (see `AnswerMaps`); undefined for a layer without class scores
 */
export function measureUnit(
  unit: Omit<Unit, 'arrays'>,
  maps: Float32Array,
  answers: readonly (Float32Array | undefined)[] = [],
): UnitNumbers {
  const { inputs, frame, rows, cols, anchors, layers } = unit
  const length = ANCHOR_NAMES.length * rows * cols
  return layers.map((layer, i) =>
    measureLayer({
      ...layer,
      frame,
      rows,
      cols,
      anchors,
      size: inputs.size,
      stride: inputs.stride,
      category: inputs.category,
      maps: maps.subarray(i * length, (i + 1) * length),
      answerMap: answers[i]?.subarray(0, rows * cols),
    }),
  )
}

export async function writeMeasures(folder: string, unit: Unit, numbers: UnitNumbers): Promise<void> {
  const layers = numbers.map((layer) =>
    Object.fromEntries(Object.entries(layer).map(([name, values]) => [name, values.map(([...pair]) => pair)])),
  )
  const document = { version: MEASURES_VERSION, unit: sealOf(unit), layers }
  await writeSealedJson(join(folder, MEASURES_FILE), measuresSchema, document, 'compact')
}

/** The stored measures; undefined if they are missing, damaged, of another version, or not those of this unit. */
export async function readMeasures(folder: string, unit: Unit): Promise<UnitNumbers | undefined> {
  const stored = await readStored(folder)
  const isOfUnit = stored?.unit === sealOf(unit) && stored.layers.length === unit.layers.length
  return isOfUnit ? stored.layers : undefined
}

/** Whether a unit has measures of this version. Does not check that they are those of its unit.json. */
export async function hasMeasures(folder: string): Promise<boolean> {
  return (await readStored(folder)) !== undefined
}

function readStored(folder: string): Promise<z.infer<typeof measuresSchema> | undefined> {
  return readSealedJson(join(folder, MEASURES_FILE), measuresSchema, 'run report again').catch(() => undefined)
}
