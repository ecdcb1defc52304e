import { basename, dirname, join, relative } from 'node:path'
import type { Metric } from './metrics.js'
import { foldersIn } from './openResults.js'
import { groupDifference, shapeDifference } from './unit/compare.js'
import type { Unit } from './unit/schema.js'
import { perturbedFolder } from './unit/store.js'

/** Largest number of a perturbation. */
export const MOST_PERTURBATIONS = 100

const NUMBER = /^[1-9]\d{0,2}$/

/**
 * Where the units of changed patches lie that go with those of one network and size, by their numbers.
 * @param folders of the units of the patches as they are
 */
export async function perturbedFolders(results: string, folders: readonly string[]): Promise<readonly string[]> {
  const [first] = folders
  if (first === undefined) return []
  const names = new Set(folders.map((folder) => basename(folder)))
  const numbers = (await foldersIn(perturbedFolder(results)))
    .map((folder) => basename(folder))
    .filter((name) => NUMBER.test(name) && Number(name) <= MOST_PERTURBATIONS)
    .sort((a, b) => Number(a) - Number(b))
  const found: string[] = []
  for (const number of numbers) {
    const group = join(perturbedFolder(results), number, relative(results, dirname(first)))
    found.push(...(await foldersIn(group)).filter((folder) => names.has(basename(folder))))
  }
  return found
}

/** Whether a unit is of an imperceptible change of another one's patch, and measured as that was. */
export function isPerturbationOf(changed: Unit, unit: Unit): boolean {
  return (
    changed.inputs.perturbation?.of === unit.inputs.patchSha256 &&
    groupDifference(unit.inputs, changed.inputs) === undefined &&
    shapeDifference(unit, changed) === undefined
  )
}

/** The metrics with their spreads: the largest absolute change of each among the perturbations of its patch. */
export function withSpreads(metrics: readonly Metric[], perturbed: readonly (readonly Metric[])[]): readonly Metric[] {
  if (perturbed.length === 0) return metrics
  const spreads = new Map<Metric, number>()
  const find = finder(metrics)
  for (const changed of perturbed.flat()) {
    const metric = find(changed)
    if (metric !== undefined)
      spreads.set(metric, Math.max(spreads.get(metric) ?? 0, Math.abs(changed.value - metric.value)))
  }
  return metrics.map((metric) => {
    const spread = spreads.get(metric)
    return spread === undefined ? metric : { ...metric, spread }
  })
}

/** Of a layer's number, by the names that metrics.csv has: undefined where it has no perturbations. */
export type MeanMoves = (layer: string, metric: string, variant: string) => number | undefined

/**
 * How far means over patches move: the largest absolute change among the perturbations, each over those patches that have it.
 */
export function meanMoves(metrics: readonly Metric[], perturbed: readonly (readonly Metric[])[]): MeanMoves {
  const moves = new Map<string, number>()
  const keyOf = (layer: string, metric: string, variant: string) => JSON.stringify([layer, metric, variant])
  const find = perturbed.length === 0 ? () => undefined : finder(metrics)
  for (const list of perturbed) {
    const changes = new Map<string, number[]>()
    for (const changed of list) {
      const metric = find(changed)
      if (metric === undefined) continue
      const key = keyOf(metric.layer, metric.measure.metric, metric.measure.variant)
      const own = changes.get(key) ?? []
      own.push(changed.value - metric.value)
      changes.set(key, own)
    }
    for (const [key, own] of changes) {
      const move = Math.abs(own.reduce((sum, change) => sum + change, 0) / own.length)
      moves.set(key, Math.max(moves.get(key) ?? 0, move))
    }
  }
  return (layer, metric, variant) => moves.get(keyOf(layer, metric, variant))
}

/** Finds the metric of the same patch, layer and measure. */
function finder(metrics: readonly Metric[]): (wanted: Metric) => Metric | undefined {
  const keyOf = ({ patch, layer, measure: { metric, variant } }: Metric) =>
    JSON.stringify([patch, layer, metric, variant])
  const known = new Map(metrics.map((metric) => [keyOf(metric), metric]))
  return (wanted) => known.get(keyOf(wanted))
}
