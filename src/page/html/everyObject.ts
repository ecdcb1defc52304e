import { CONFIDENT } from '../../experiments/answers/confidence.js'
import { addTo } from '../../support/lists.js'
import { comparedIn } from '../site/groups.js'
import type { AnswerSummary, SiteGroup, SiteIndex } from '../site/siteIndex.js'
import type { PanelId, View } from '../site/view.js'

/** A network's answers for one object. `unit` is its index in `group.units`. */
export interface ObjectAnswer {
  readonly group: SiteGroup
  readonly unit: number
  readonly patch: string
  readonly answer: AnswerSummary
  readonly isConfident: boolean
}

export interface AnsweredObject {
  readonly patch: string
  /** Those of all networks that have measured the object, in the order of the networks. */
  readonly answers: readonly ObjectAnswer[]
  /** Whether a network is confident. */
  readonly isConfident: boolean
}

/** Networks with answers for objects of the same size as those of `like`. */
export function groupsLike(index: SiteIndex, like: SiteGroup): readonly SiteGroup[] {
  const compared = comparedIn(index)
  return index.groups.filter((one) => compared(one) === compared(like) && one.units.some(({ answer }) => answer))
}

export function objectAnswers(groups: readonly SiteGroup[]): readonly ObjectAnswer[] {
  return groups.flatMap((group) =>
    group.units.flatMap(({ patch, answer }, unit) =>
      answer ? [{ group, unit, patch, answer, isConfident: answer.center.probability >= CONFIDENT }] : [],
    ),
  )
}

/** Says that the answers of a constant network tell nothing; empty for other networks. */
export function constantSentence({ model, constant }: SiteGroup): string {
  return constant === undefined ? '' : `${model} ${constant}.`
}

/**
 * The objects of these networks, sorted: those with a confident answer first, and of these the one first whose confident
 * answers agree least.
 */
export function answeredObjects(groups: readonly SiteGroup[]): readonly AnsweredObject[] {
  const lists = new Map<string, ObjectAnswer[]>()
  for (const one of objectAnswers(groups)) addTo(lists, one.patch, one)
  const objects = [...lists].map(([patch, answers]) => {
    const isConfident = answers.some((one) => one.isConfident)
    const counted = answers.filter((one) => one.isConfident === isConfident)
    return { patch, answers, isConfident, agreement: Math.min(...counted.map(({ answer }) => answer.agreement)) }
  })
  return objects.sort(
    (a, b) =>
      Number(b.isConfident) - Number(a.isConfident) || a.agreement - b.agreement || (a.patch < b.patch ? -1 : 1),
  )
}

/** Number of objects that are shown at first. */
const MOST_OBJECTS = 20

/** Keeps the first `MOST_OBJECTS` objects, and the one in the viewer. */
export function firstObjects(sorted: readonly AnsweredObject[], shown: string | null): readonly AnsweredObject[] {
  return sorted.filter(({ patch }, i) => i < MOST_OBJECTS || patch === shown)
}

/**
 * The most frequent answer of all networks apart from the usual one. The usual one is the most frequent correct answer
 * or, if none is known to be correct, the most frequent answer.
 */
export function otherAnswer({ answers }: AnsweredObject): string | undefined {
  const shares = new Map<string, number>()
  const given = answers.flatMap(({ answer }) => answer.frequent)
  for (const { name, share } of given) shares.set(name, (shares.get(name) ?? 0) + share)
  const names = [...shares].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)).map(([name]) => name)
  const usual = names.find((name) => given.some((one) => one.name === name && one.isRight)) ?? names[0]
  return names.find((name) => name !== usual)
}

/** Shows a network's answers for an object as map A or B. If the other map shows this network, both maps swap places. */
export function withMap(view: View, { group, patch }: ObjectAnswer, size: number, panel: PanelId): View {
  const next: View = { ...view, patch, size, shows: 'answers' }
  const { model, other } = view
  const own = group.model
  if (panel === 'a') return { ...next, model: own, other: other === own ? model : other }
  return own !== model ? { ...next, other: own } : { ...next, model: other ?? own, other: other && own }
}
