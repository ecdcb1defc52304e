import { UsageError } from '../errors.js'
import { isSameShare } from '../patches/sizes.js'
import type { Quoted } from '../report/text/quotation.js'
import type { FailedPhotograph } from '../results/answers/schema.js'
import { pairedLayers, type RoledLayers } from '../results/store/pairedLayers.js'
import { addTo } from '../support/lists.js'
import type { ComparedKind, ComparedMetric, Unpaired } from './result.js'

/** Texts of settings or of facts about a network, by name. Those that are undefined are not compared. */
export type Texts = Readonly<Record<string, string | undefined>>

/** A results folder, which may hold results of objects, of photographs, or of both. */
export interface ComparedFolder {
  readonly path: string
  readonly networks: readonly string[]
  /** How much is finished, such as `3 of 8 units`; undefined if all is, or if nobody knows. */
  readonly unfinished?: string | undefined
  /** All objects or photographs of a network; none if the folder has no such results of it. */
  readonly unitsOf: (network: string, kind: ComparedKind) => Promise<readonly ComparedUnit[]>
  /** Photographs that a network could not use, and why. */
  readonly skippedBy: (network: string) => readonly FailedPhotograph[]
}

/** One object or photograph in one network. */
export interface ComparedUnit extends Unpaired {
  /** Settings in which the units of a pair must agree. */
  readonly settings: Texts
  /** Facts about the network, which may differ. */
  readonly facts: Texts
  /** Side of the frame and rows of positions, only of an object. */
  readonly grid?: { readonly frame: number; readonly rows: number }
  /** Layers that were measured; absent for photographs. */
  readonly layers?: RoledLayers
  /** Reads the values of all measures. */
  readonly values: (context: PairContext) => Promise<readonly UnitValue[]>
}

/** What values and their names depend on, besides their unit. */
export interface PairContext {
  /** Other names for layers. */
  readonly layerNames: ReadonlyMap<string, string>
  /** SHA-256 of the content of all pairs. The chance agreement is that of these photographs. */
  readonly shared: ReadonlySet<string>
  /** The sizes of a pair whose objects have different sizes. */
  readonly sizes?: string | undefined
}

/** A number of one unit. */
export interface UnitValue extends Pick<ComparedMetric, 'metric' | 'group' | 'label' | 'better' | 'isHeadline'> {
  readonly value: number
  /** How a sentence tells of the measure. */
  readonly quoted: Pick<Quoted, 'measure' | 'isShare' | 'source'>
  /** Whether it says how often answers are right. Only such measures say something of a constant network. */
  readonly isOfRight: boolean
  /** Whether its values are 0 or 1. */
  readonly isBinary: boolean
  /** Why the network's consistency says nothing, as a predicate. */
  readonly constant?: string | undefined
}

/** Values of a measure, pair by pair. */
export interface PairedValues extends Omit<UnitValue, 'value' | 'constant' | 'isHeadline'> {
  readonly name: string
  isHeadline: boolean
  readonly before: number[]
  readonly after: number[]
  /** Number of pairs that lack a finite value on one side. */
  leftOut: number
  /** Why the consistency of each network says nothing. */
  readonly constant: Record<'before' | 'after', string | undefined>
}

export type UnitPair = readonly [before: ComparedUnit, after: ComparedUnit]

/**
 * Pairs units of equal content and size. If several have equal content, those of equal names are paired first, and then
 * the others in their order. In frames of different sides, objects have other sizes and so other contents: those of
 * equal names and of the same share of the frame are paired.
 */
export function pairedUnits(before: readonly ComparedUnit[], after: readonly ComparedUnit[]): readonly UnitPair[] {
  const partners = new Map<ComparedUnit, ComparedUnit>()
  const keys = [
    ({ sha256, size, name }: ComparedUnit) => JSON.stringify([sha256, size, name]),
    ({ sha256, size }: ComparedUnit) => JSON.stringify([sha256, size]),
  ]
  for (const keyOf of keys) {
    const taken = new Set(partners.values())
    const free = new Map<string, ComparedUnit[]>()
    for (const one of after.toReversed()) if (!taken.has(one)) addTo(free, keyOf(one), one)
    for (const one of before) {
      const partner = partners.has(one) ? undefined : free.get(keyOf(one))?.pop()
      if (partner !== undefined) partners.set(one, partner)
    }
  }
  const rest = after.filter((one) => ![...partners.values()].includes(one))
  for (const one of before) {
    const partner = partners.has(one) ? undefined : rest.find((other) => isScaled(one, other))
    if (partner !== undefined) partners.set(one, partner)
  }
  return [...partners]
}

/** Whether two units show an object of one name that has the same share of different frames. */
function isScaled(one: ComparedUnit, other: ComparedUnit): boolean {
  if (one.grid === undefined || other.grid === undefined || one.size === undefined || other.size === undefined)
    return false
  const [a, b] = [one.grid, other.grid]
  const isShare = isSameShare({ size: one.size, frame: a.frame }, { size: other.size, frame: b.frame })
  return one.name === other.name && a.frame !== b.frame && isShare
}

/** Settings that must not agree in a pair of `isScaled`. The same share of positions needs other steps. */
function scaledSettings([one, other]: UnitPair): readonly string[] {
  if (!isScaled(one, other)) return []
  return one.grid?.rows === other.grid?.rows ? ['frame', 'stride'] : ['frame']
}

/** Differences of settings or facts, such as `stride 8 and 4`. */
export function differencesBetween(pairs: readonly UnitPair[], kind: 'settings' | 'facts'): readonly string[] {
  const all = pairs.flatMap((pair) => {
    const [{ [kind]: before }, { [kind]: after }] = pair
    const free = kind === 'settings' ? scaledSettings(pair) : []
    return Object.keys(before).flatMap((name) => {
      const [one, other] = [before[name], after[name]]
      if (one === undefined || other === undefined || one === other || free.includes(name)) return []
      return [name === 'weights' ? name : `${name} ${one} and ${other}`]
    })
  })
  return [...new Set(all)]
}

/**
 * Names for the layers of two networks that have other names but equal roles; see `pairedLayers`. Each such pair gets
 * one name.
 * @throws UsageError if no layers can be compared
 */
export function layerNames([{ layers: before }, { layers: after }]: UnitPair): ReadonlyMap<string, string> {
  if (before === undefined || after === undefined) return new Map()
  const pairs = pairedLayers(before, after)
  if (pairs.length === 0)
    throw new UsageError(
      'the networks share no layer, neither by name nor by role (class scores, pooled features); measure layers that correspond',
    )
  const renamed = pairs.filter(([one, other]) => one !== other)
  return new Map(renamed.flatMap((pair) => pair.map((name) => [name, pair.join(' → ')] as const)))
}

/** Reads the values of a pair and adds them to `rows`, by the measure's name. */
export async function takePair(
  rows: Map<string, PairedValues>,
  [before, after]: UnitPair,
  shared: Omit<PairContext, 'sizes'>,
): Promise<void> {
  const sizes = before.size === after.size ? undefined : `${before.size} → ${after.size} px`
  const context = { ...shared, sizes }
  const nameOf = ({ group, label }: UnitValue) => `${group} ${label}`
  const byName = async (unit: ComparedUnit) => new Map((await unit.values(context)).map((one) => [nameOf(one), one]))
  const [own, others] = [await byName(before), await byName(after)]
  for (const [name, measure] of new Map([...own, ...others])) {
    const row = rows.get(name) ?? emptyRow(name, measure)
    rows.set(name, row)
    const [one, other] = [own.get(name), others.get(name)]
    row.isHeadline ||= (one?.isHeadline ?? false) || (other?.isHeadline ?? false)
    row.constant.before ??= one?.constant
    row.constant.after ??= other?.constant
    if (Number.isFinite(one?.value) && Number.isFinite(other?.value)) {
      row.before.push(one!.value)
      row.after.push(other!.value)
    } else row.leftOut++
  }
}

function emptyRow(name: string, { value: _, constant: __, ...measure }: UnitValue): PairedValues {
  const constant = { before: undefined, after: undefined }
  return { ...measure, name, before: [], after: [], leftOut: 0, constant }
}
