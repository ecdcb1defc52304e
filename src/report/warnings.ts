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

/** Results of networks. Of each group of units, one is enough, because all have the same input. */
interface Measured {
  readonly units?: readonly Pick<Unit, 'inputs'>[]
  readonly answers?: readonly AnsweredNetwork[]
}

/**
 * What a reader must know before the numbers: networks whose preprocessing was not found, those whose answers to
 * photographs are right no more often than by guessing, and those that have other labels.
 * @param opened the latest first
 */
export function resultWarnings(
  { units = [], answers = [] }: Measured,
  opened: readonly OpenedNetwork[],
): readonly string[] {
  const networks = [...units.map(({ inputs }) => inputs), ...answers]
  return [
    ...recipeWarnings(networks, opened),
    ...answers.flatMap((network) => guessWarnings(network, openedAs(network, opened)?.classes)),
    ...labelWarnings(answers),
  ]
}

/** The warnings of a report, from its results. */
export async function storedWarnings(results: string): Promise<readonly string[]> {
  const units: OpenUnit[] = []
  for (const [folder] of await groupsOfUnits(results)) if (folder) units.push(await openUnit(results, folder))
  return resultWarnings({ units, answers: await readAnsweredNetworks(results) }, await openedNetworks(results))
}

function openedAs({ model, input }: MeasuredNetwork, opened: readonly OpenedNetwork[]): OpenedNetwork | undefined {
  return opened.find((one) => one.id === model && one.input === input)
}

function recipeWarnings(networks: readonly MeasuredNetwork[], opened: readonly OpenedNetwork[]): readonly string[] {
  const found = networks.flatMap((network) => openedAs(network, opened) ?? []).filter(isAssumed)
  return [false, true].flatMap((isGrey) => {
    const own = distinct(found.filter((one) => one.isGrey === isGrey).map(({ id }) => id))
    if (own.length === 0) return []
    const used = isGrey ? 'values from 0 to 1 were' : 'ImageNet’s was'
    return [
      `${own.join(', ')}: no preprocessing was found, so ${used} used. If this is not the right one, the answers are wrong, however consistent they are. State yours with --input, or in NAME.input.json beside the ONNX file.`,
    ]
  })
}

function guessWarnings(
  { model, measures, photographs }: AnsweredNetwork,
  classes: number | undefined,
): readonly string[] {
  if (classes === undefined) return []
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
