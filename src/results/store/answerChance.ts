import { chanceCorrected, numberedAnswers, type PictureAnswers, varietyOf } from '../../experiments/answers/chance.js'
import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { answerAgreement } from '../../experiments/maps/windowAnswers.js'
import type { GroupAnswers, ObjectValues } from '../measures/rows.js'
import type { OpenUnit } from './openUnit.js'

/** The answers to one object at all positions. */
interface ObjectAnswers extends PictureAnswers {
  readonly patch: string
}

/**
 * Collects a layer's answers in all units of a group, and measures their agreement relative to chance: the chance that
 * two different objects get the same answer at the same position.
 */
export function groupAnswers(layer: string): {
  /** Adds a unit, which has to be of the same group. */
  readonly add: (unit: OpenUnit) => Promise<void>
  /** @returns undefined if the layer has no answers */
  readonly measured: () => GroupAnswers | undefined
} {
  const objects: ObjectAnswers[] = []
  const numbered = numberedAnswers()
  return {
    add: async (unit) => {
      const maps = await unit.answers(layer)
      const center = unit.layers.find(({ name }) => name === layer)?.answers?.anchors.center
      if (maps === undefined || center === undefined) return
      const answers = maps.data.subarray(0, unit.rows * unit.cols)
      objects.push({
        patch: unit.inputs.patch,
        answers: numbered(Float32Array.from(answers)),
        first: numbered(Float32Array.of(center.class))[0]!,
        confidence: center.probability,
        agreement: answerAgreement(answers),
      })
    },
    measured: () => {
      if (objects.length === 0) return undefined
      const [confident, unsure] = [true, false].map((is) => objects.filter((one) => one.confidence >= CONFIDENT === is))
      return {
        variety: varietyOf(objects),
        values: [
          valuesOf(objects, {}),
          valuesOf(confident!, { confidence: 'confident' }),
          valuesOf(unsure!, { confidence: 'unsure' }),
        ],
      }
    },
  }
}

function valuesOf(objects: readonly ObjectAnswers[], variant: ObjectValues['variant']): ObjectValues {
  const { chance, relative } = chanceCorrected(objects)
  const byPatch = (values: readonly number[]) =>
    new Map(objects.flatMap(({ patch }, i) => (Number.isFinite(values[i]) ? [[patch, values[i]!] as const] : [])))
  return { variant, relative: byPatch(relative), chance: byPatch(chance) }
}
