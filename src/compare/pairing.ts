import { UsageError } from '../errors.js'
import { isSameShare } from '../patches/sizes.js'
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

/** What the names of values depend on, besides their unit. */
export interface PairContext {
  /** Other names for layers. */
  readonly layerNames: ReadonlyMap<string, string>
  /** The sizes of a pair whose objects have different sizes. */
  readonly sizes?: string | undefined
}

/** A number of one unit. */
export interface UnitValue extends Pick<ComparedMetric, 'metric' | 'group' | 'label' | 'better' | 'isHeadline'> {
  readonly value: number
}

/** The finite values of one measure, pair by pair. */
export interface PairedValues extends Omit<UnitValue, 'value'> {
  readonly name: string
  readonly before: number[]
  readonly after: number[]
  /** Number of pairs that lack a finite value on one side. */
  leftOut: number
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
  layerNames: ReadonlyMap<string, string>,
): Promise<void> {
  const sizes = before.size === after.size ? undefined : `${before.size} → ${after.size} px`
  const context = { layerNames, sizes }
  const nameOf = ({ group, label }: UnitValue) => `${group} ${label}`
  const byName = async (unit: ComparedUnit) => new Map((await unit.values(context)).map((one) => [nameOf(one), one]))
  const [own, others] = [await byName(before), await byName(after)]
  for (const [name, { value, ...measure }] of [...own, ...others]) {
    if (!rows.has(name)) rows.set(name, { ...measure, name, before: [], after: [], leftOut: 0 })
  }
  for (const name of new Set([...own.keys(), ...others.keys()])) {
    const row = rows.get(name)!
    const [one, other] = [own.get(name)?.value, others.get(name)?.value]
    if (Number.isFinite(one) && Number.isFinite(other)) {
      row.before.push(one!)
      row.after.push(other!)
    } else row.leftOut++
  }
}
