import { UsageError } from '../errors.js'
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
  /** Layers that were measured, and those of them with class scores; absent for photographs. */
  readonly layers?: { readonly all: readonly string[]; readonly answering: readonly string[] }
  /** Reads the values of all measures. `layerNames` are other names for layers. */
  readonly values: (layerNames: ReadonlyMap<string, string>) => Promise<readonly UnitValue[]>
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
 * the others in their order.
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
  return [...partners]
}

/** Differences of settings or facts, such as `stride 8 and 4`. */
export function differencesBetween(pairs: readonly UnitPair[], kind: 'settings' | 'facts'): readonly string[] {
  const all = pairs.flatMap(([{ [kind]: before }, { [kind]: after }]) =>
    Object.keys(before).flatMap((name) => {
      const [one, other] = [before[name], after[name]]
      if (one === undefined || other === undefined || one === other) return []
      return [name === 'weights' ? name : `${name} ${one} and ${other}`]
    }),
  )
  return [...new Set(all)]
}

/**
 * Names for the layers of two networks that share none. Their layers with class scores then get one name.
 * @throws UsageError if one of them has none or several
 */
export function layerNames([{ layers: before }, { layers: after }]: UnitPair): ReadonlyMap<string, string> {
  if (before === undefined || after === undefined || before.all.some((name) => after.all.includes(name)))
    return new Map()
  const [[one, ...more], [other, ...others]] = [before.answering, after.answering]
  if (one === undefined || other === undefined || more.length + others.length > 0)
    throw new UsageError(
      'the networks share no layer, and not both have one layer with class scores; measure layers of equal names',
    )
  return new Map([one, other].map((name) => [name, `${one} → ${other}`]))
}

/** Reads the values of a pair and adds them to `rows`, by the measure's name. */
export async function takePair(
  rows: Map<string, PairedValues>,
  [before, after]: UnitPair,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const nameOf = ({ group, label }: UnitValue) => `${group} ${label}`
  const byName = async (unit: ComparedUnit) => new Map((await unit.values(names)).map((one) => [nameOf(one), one]))
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
