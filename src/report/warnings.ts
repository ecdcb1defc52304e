import { isAssumed } from '../networks/input/recipe.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../results/answers/read.js'
import { type OpenedNetwork, openedNetworks } from '../results/store/openedNetworks.js'
import { groupsOfUnits } from '../results/store/openResults.js'
import { type OpenUnit, openUnit } from '../results/store/openUnit.js'
import type { Unit } from '../results/unit/schema.js'
import { distinct } from '../support/lists.js'
import { mean, probabilityAtMost } from '../support/statistics.js'
import { counted } from '../support/text.js'

/** A network as its results name it. */
interface MeasuredNetwork {
  readonly model: string
  /** See `recipeText`; undefined if the catalog defines it. */
  readonly input?: string | undefined
}

/**
 * What a reader must know before the numbers of photographs: networks whose preprocessing was not found, those that are
 * right no more often than by guessing, and those that have other labels.
 * @param opened the latest first
 */
export function photographWarnings(
  networks: readonly AnsweredNetwork[],
  opened: readonly OpenedNetwork[],
): readonly string[] {
  const ofEach = networks.flatMap((network) => {
    const { classes } = openedAs(network, opened) ?? {}
    return [...recipeWarnings(network, opened), ...(classes === undefined ? [] : guessWarnings(network, classes))]
  })
  return [...ofEach, ...labelWarnings(networks)]
}

/**
 * What a reader must know before the numbers of objects: networks whose preprocessing was not found.
 * @param units one of each group, because all units of a group have the same input
 */
export function objectWarnings(
  units: readonly Pick<Unit, 'inputs'>[],
  opened: readonly OpenedNetwork[],
): readonly string[] {
  const networks = distinct(units.map(({ inputs: { model, input } }) => ({ model, input })))
  return networks.flatMap((network) => recipeWarnings(network, opened))
}

/** The warnings of a report, from its results. */
export async function storedWarnings(results: string): Promise<readonly string[]> {
  const opened = await openedNetworks(results)
  const units: OpenUnit[] = []
  for (const [folder] of await groupsOfUnits(results)) if (folder) units.push(await openUnit(results, folder))
  return distinct([
    ...objectWarnings(units, opened),
    ...photographWarnings(await readAnsweredNetworks(results), opened),
  ])
}

function openedAs({ model, input }: MeasuredNetwork, opened: readonly OpenedNetwork[]): OpenedNetwork | undefined {
  return opened.find((one) => one.id === model && one.input === input)
}

function recipeWarnings(network: MeasuredNetwork, opened: readonly OpenedNetwork[]): readonly string[] {
  const found = openedAs(network, opened)
  if (found === undefined || !isAssumed(found)) return []
  const used = found.isGrey ? 'values from 0 to 1 were' : 'ImageNet’s was'
  return [
    `${found.id}: no preprocessing was found, so ${used} used. If the network was trained with another, its answers are wrong, however consistent they are. State yours with --input, or in NAME.input.json beside the ONNX file.`,
  ]
}

function guessWarnings({ model, measures, photographs }: AnsweredNetwork, classes: number): readonly string[] {
  const at = measures.findIndex(({ protocol, measure }) => protocol === 'center' && measure === 'accuracy')
  const labelled = photographs.filter(({ values }) => Number.isFinite(values[at]))
  const right = labelled.filter(({ values }) => values[at] === 1).length
  const chance = mean(labelled.map((photograph) => (photograph.right?.length ?? 0) / classes))
  if (!isGuessing(right, labelled.length, chance)) return []
  return [
    `${model}: ${right} of ${counted(labelled.length, 'answer')} without a shift ${right === 1 ? 'is' : 'are'} right, which guessing reaches, too. The preprocessing, the order of the classes or the labels are probably wrong, and then no number of this network counts.`,
  ]
}

/** Networks of which the photographs got other labels than of the first one, because they were measured by another call. */
function labelWarnings(networks: readonly AnsweredNetwork[]): readonly string[] {
  const [first, ...others] = networks.filter(({ labelsSha256 }) => labelsSha256 !== undefined)
  if (first === undefined) return []
  const labels = new Map(first.photographs.map(({ sha256, label }) => [sha256, label]))
  return others.flatMap(({ model, photographs }) => {
    const different = photographs.filter(({ sha256, label }) => labels.has(sha256) && labels.get(sha256) !== label)
    if (different.length === 0) return []
    return [
      `${first.model} and ${model} were measured with different labels of ${counted(different.length, 'photograph')}, so do not compare their accuracies. Measure both with the same labels.`,
    ]
  })
}

/** A network that was trained for its photographs gets further from guessing than this share of the way to all right. */
const LEAST_USEFUL = 0.2

/** Probabilities below which guessing explains right answers no more, and below which a useful network explains them no more. */
const [NO_GUESS, NOT_USEFUL] = [0.001, 0.05]

/**
 * Whether right answers are so few that guessing explains them, and that no useful network does (exact binomial tests).
 * Few photographs of few classes cannot tell this: 5 of 10 may be right by guessing between two classes, but also in a
 * network that is right in 70 % of cases.
 * @param chance probability that a guess is right, mean over photographs
 */
export function isGuessing(right: number, count: number, chance: number): boolean {
  const useful = chance + LEAST_USEFUL * (1 - chance)
  const mayBeGuessed = 1 - probabilityAtMost(right - 1, count, chance) > NO_GUESS
  return mayBeGuessed && probabilityAtMost(right, count, useful) < NOT_USEFUL
}
