import { CONFIDENT } from '../../experiments/confidence.js'
import { comparedSizes } from '../../patches/sizes.js'
import type { AnswerSummary, SiteGroup, SiteIndex, SiteUnit } from '../siteIndex.js'
import { namedAnswer } from './answers.js'
import type { PanelId } from './readings.js'
import { isolated, shareText } from './text.js'
import type { View } from './view.js'

/** A network's answers for one object. */
export interface ObjectAnswer {
  readonly group: SiteGroup
  /** Index in `group.units`. */
  readonly unit: number
  readonly patch: string
  readonly answer: AnswerSummary
}

/** An object with the answers of all networks, in the order of the networks; undefined if one was not measured. */
export interface AnsweredObject {
  readonly patch: string
  readonly picture: SiteUnit['picture']
  readonly answers: readonly (ObjectAnswer | undefined)[]
}

/** Networks with answers for objects of the same size as those of `like`. */
export function groupsLike(index: SiteIndex, like: SiteGroup): readonly SiteGroup[] {
  const compared = comparedSizes(index.groups)
  return index.groups.filter((one) => compared(one) === compared(like) && one.units.some(({ answer }) => answer))
}

export function answeredObjects(groups: readonly SiteGroup[]): readonly AnsweredObject[] {
  const pictures = new Map(groups.flatMap(({ units }) => units.map(({ patch, picture }) => [patch, picture] as const)))
  return [...pictures].map(([patch, picture]) => ({
    patch,
    picture,
    answers: groups.map((group) => {
      const unit = group.units.findIndex((one) => one.patch === patch)
      const answer = group.units[unit]?.answer
      return answer && { group, unit, patch, answer }
    }),
  }))
}

export function answersOf({ answers }: AnsweredObject): readonly ObjectAnswer[] {
  return answers.filter((one) => one !== undefined)
}

export function isConfident({ answer }: ObjectAnswer): boolean {
  return answer.center.probability >= CONFIDENT
}

/** Names an answer in words, for example for screen readers. */
export function answerName({ group, patch, answer: { center, kept } }: ObjectAnswer): string {
  const answer = namedAnswer(center.name, center.probability)
  return `${isolated(patch)}, ${isolated(group.model)}: ${answer} at the center, kept at ${shareText(kept, 1)}`
}

export function isEverConfident(object: AnsweredObject): boolean {
  return answersOf(object).some(isConfident)
}

/**
 * Sorts objects: those with a confident answer first, and of these the one first whose least stable confident answer is
 * kept at the smallest share of positions.
 */
export function leastStableFirst(objects: readonly AnsweredObject[]): readonly AnsweredObject[] {
  const rank = (object: AnsweredObject) => {
    const isFirst = isEverConfident(object)
    const counted = answersOf(object).filter((one) => isConfident(one) === isFirst)
    return (isFirst ? 0 : 1) + Math.min(1, ...counted.map(({ answer }) => answer.kept)) / 2
  }
  return objects.toSorted((a, b) => rank(a) - rank(b) || (a.patch < b.patch ? -1 : 1))
}

/** Number of objects that are shown at first. */
export const MOST_OBJECTS = 20

/** Keeps the first `MOST_OBJECTS` objects, and the one in the viewer. */
export function firstObjects(sorted: readonly AnsweredObject[], shown: string | null): readonly AnsweredObject[] {
  return sorted.filter(({ patch }, i) => i < MOST_OBJECTS || patch === shown)
}

/**
 * The most frequent answer of all networks apart from the usual one. The usual one is the most frequent correct answer
 * or, if none is known to be correct, the most frequent answer.
 */
export function otherAnswer(object: AnsweredObject): string | undefined {
  const shares = new Map<string, number>()
  const right = new Set<string>()
  for (const { answer } of answersOf(object)) {
    const { center, kept, other } = answer
    for (const { name, isRight, share } of [{ ...center, share: kept }, ...(other ? [other] : [])]) {
      shares.set(name, (shares.get(name) ?? 0) + share)
      if (isRight) right.add(name)
    }
  }
  const names = [...shares].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)).map(([name]) => name)
  const usual = names.find((name) => right.has(name)) ?? names[0]
  return names.find((name) => name !== usual)
}

/**
 * Stacks dots that would overlap.
 * @param places ascending places along the axis
 * @returns the level of each dot, from 0
 */
export function stackedLevels(places: readonly number[], width: number): readonly number[] {
  const ends: number[] = []
  return places.map((place) => {
    const free = ends.findIndex((end) => place >= end)
    const level = free < 0 ? ends.length : free
    ends[level] = place + width
    return level
  })
}

/** Divides a list into parts of nearly equal length. */
export function evenParts<T>(list: readonly T[], most: number): readonly (readonly T[])[] {
  const length = Math.ceil(list.length / Math.ceil(list.length / most))
  return Array.from({ length: Math.ceil(list.length / length) }, (_, i) => list.slice(i * length, (i + 1) * length))
}

/** Shows a network's answers for an object as map A or B. If the other map shows this network, both maps swap places. */
export function withMap(view: View, { group, patch }: ObjectAnswer, size: number, panel: PanelId): View {
  const next: View = { ...view, patch, size, shows: 'answers', difference: false }
  const { model, other } = view
  const own = group.model
  if (panel === 'a') return { ...next, model: own, other: other === own ? model : other }
  return own !== model ? { ...next, other: own } : { ...next, model: other ?? own, other: other && own }
}
