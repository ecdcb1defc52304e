import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { modelsFolder } from '../../files/package.js'
import { type CatalogEntry, catalog } from '../../networks/index.js'
import { WHITE } from '../../patches/background.js'
import type { StudyGroup } from '../../results/study.js'

const schema = z.object({
  /** Pictures that each saw, and the seeds of their trainings. */
  samples: z.number().int(),
  seeds: z.array(z.number().int()).readonly(),
  /** How the classifiers were trained. */
  classifiers: z.object({ loss: z.string(), C: z.number(), seed: z.number() }),
  /** SHA-256 of the patches that were measured, by their longer side in pixels. */
  patches: z.record(z.string(), z.array(z.string()).readonly()).readonly(),
  numbers: z
    .array(
      z.object({
        model: z.string(),
        layer: z.string(),
        size: z.number().int(),
        stride: z.number().int(),
        quantity: z.string(),
        /** Means over patches, one of each seed. */
        means: z.array(z.number()).readonly(),
      }),
    )
    .readonly(),
})

let known: z.infer<typeof schema> | undefined

/** What was measured of the embedded networks' architectures, trained anew from other seeds (models/train/seeds.mjs). */
function retrained(): z.infer<typeof schema> {
  known ??= schema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'retrained.json'), 'utf8')))
  return known
}

/** The embedded network whose numbers a group has, as it came with the package; undefined: they are of none. */
export function embeddedNetwork({ model, units }: StudyGroup): CatalogEntry | undefined {
  const entry = catalog().find(({ id, kind }) => id === model && kind === 'embedded')
  return units.every(({ inputs }) => inputs.weightsSha256 === entry?.sha256) ? entry : undefined
}

/** What the trainings from other seeds were, in words: "2 trainings from other seeds, on 200,000 pictures each". */
export function retrainedText(): string {
  return `${retrained().seeds.length} trainings from other seeds, on ${retrainedSamples()} pictures each`
}

/** Pictures that each of them saw: "200,000". */
export function retrainedSamples(): string {
  return retrained().samples.toLocaleString('en-US')
}

/**
 * Means over patches of a number, of networks like an embedded one that were trained from other seeds.
 * @param groups the group in question, and what it is compared with
 * @returns undefined unless all are the embedded networks as they came, and saw what the others saw
 */
export function retrainedMeans(
  groups: readonly StudyGroup[],
  layer: string,
  quantity: string,
): readonly number[] | undefined {
  const [group] = groups
  if (group === undefined || !groups.every(sawTheSame)) return undefined
  if (quantity.startsWith('accuracy') && !group.units.every(hasSameClassifiers)) return undefined
  return retrained().numbers.find(
    (number) =>
      number.model === group.model &&
      number.layer === layer &&
      number.size === group.size &&
      number.stride === group.stride &&
      number.quantity === quantity,
  )?.means
}

function hasSameClassifiers({ inputs: { separability } }: StudyGroup['units'][number]): boolean {
  const { loss, C, seed } = retrained().classifiers
  return separability?.loss === loss && separability.C === C && separability.seed === seed
}

function sawTheSame(group: StudyGroup): boolean {
  if (embeddedNetwork(group) === undefined) return false
  const { size, units } = group
  const patches = retrained().patches[size] ?? []
  return (
    units.length === patches.length &&
    units.every(
      ({ inputs }) =>
        inputs.background === WHITE &&
        inputs.blend === 'hard' &&
        !inputs.precision &&
        !inputs.pool &&
        !inputs.input &&
        patches.includes(inputs.patchSha256),
    )
  )
}
