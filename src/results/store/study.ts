import { dirname } from 'node:path'
import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import { InputError, OUT, UsageError } from '../../errors.js'
import type { AnswerVariety } from '../../experiments/answers/chance.js'
import { type PairSimilarities, pairSimilarities } from '../../experiments/maps/nullBaseline.js'
import { availableCores } from '../../support/machine.js'
import { groupRows, type PatchNumbers, type Row } from '../measures/rows.js'
import { isSameVariant, type Variant } from '../measures/variant.js'
import { mapAt } from '../unit/arrays.js'
import type { Unit, UnitInputs } from '../unit/schema.js'
import { groupDifference, shapeDifference } from '../unit/unitDifferences.js'
import { groupAnswers } from './answerChance.js'
import { compareText, foldersIn, unitFolders } from './openResults.js'
import { type OpenUnit, openUnit } from './openUnit.js'
import { readUnit, unitFolder } from './units.js'

/** All stored units of one network and patch size, with their averages. */
export interface StudyGroup {
  readonly model: string
  readonly size: number
  /** Number of positions along each axis. `stride` is the distance between neighbouring positions in pixels. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Side of the square input image in pixels. */
  readonly frame: number
  readonly layers: readonly string[]
  /** Sorted by the names of their patches. */
  readonly units: readonly Unit[]
  readonly numbers: readonly Row[]
  /** For each layer, how different the answers to the objects are; undefined for a layer without class scores. */
  readonly varieties: readonly (AnswerVariety | undefined)[]
  /** Cosine maps, averaged over patches: float64, [layers, anchors, rows, cols], with five anchors. */
  readonly meanMaps: Float64Array
}

export interface UnitVisitor {
  /** Called once, with the number of units, before the first unit is read. */
  readonly onCount?: (units: number) => void
  /**
   * Called for each unit in order, when its maps have been read. Up to three earlier calls may still be running.
   * @param maps similarity maps, [layers, 5, rows, cols]
   */
  readonly onUnit?: (unit: OpenUnit, maps: Float32Array) => void | Promise<void>
}

/**
 * Reads every unit of a results folder. Groups are sorted: first the networks in `modelOrder`, then the others by name;
 * large patches come first.
 * @throws InputError if the folder has no units, a damaged unit, or units of one group that cannot be averaged
 */
export async function readStudy(
  results: string,
  modelOrder: readonly string[],
  visitor: UnitVisitor = {},
): Promise<readonly StudyGroup[]> {
  const folders = await unitFolders(results)
  visitor.onCount?.(folders.flat().length)
  const groups: StudyGroup[] = []
  for (const group of folders) groups.push(await readGroup(results, group, visitor))
  const rank = (model: string) => (modelOrder.includes(model) ? modelOrder.indexOf(model) : modelOrder.length)
  const bySize = (a: StudyGroup, b: StudyGroup) => b.size - a.size
  return groups.sort((a, b) => rank(a.model) - rank(b.model) || compareText(a.model, b.model) || bySize(a, b))
}

const VISITS_AT_ONCE = 4

async function readGroup(results: string, folders: readonly string[], { onUnit }: UnitVisitor): Promise<StudyGroup> {
  const units: OpenUnit[] = []
  const numbers: PatchNumbers[] = []
  let sums: Float64Array | undefined
  // While earlier calls of `onUnit` wait for the disk, the next units are read.
  const visits: Promise<void>[] = []
  let collected: readonly ReturnType<typeof groupAnswers>[] = []
  try {
    for (const folder of folders) {
      const unit = await openUnit(results, folder)
      const { data: maps } = await unit.maps()
      numbers.push({ patch: unit.inputs.patch, numbers: await unit.measures() })
      checkSameGroup(unit, units[0])
      sums ??= new Float64Array(maps.length)
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + maps[i]!
      units.push(unit)
      if (units.length === 1) collected = unit.inputs.layers.map(groupAnswers)
      for (const { add } of collected) await add(unit)
      if (visits.length === VISITS_AT_ONCE) await visits.shift()
      const visit = Promise.resolve(onUnit?.(unit, maps))
      // If this call fails, the error is thrown below, where all calls are awaited. Until then, Node.js must not report
      // it as unhandled.
      visit.catch(() => undefined)
      visits.push(visit)
    }
    await Promise.all(visits)
  } finally {
    await Promise.allSettled(visits)
  }
  const [first] = units
  if (first === undefined || sums === undefined) throw new Error('a group has no units')
  const { model, size, stride, layers } = first.inputs
  const group = { model, size, frame: first.frame, layers, units: units.map(({ description }) => description) }
  const answers = collected.map(({ measured }) => measured())
  return {
    ...group,
    rows: first.rows,
    cols: first.cols,
    stride,
    numbers: groupRows(group, numbers, await nullBaselineOf(units), answers),
    varieties: answers.map((one) => one?.variety),
    meanMaps: sums.map((sum) => sum / units.length),
  }
}

/** Checks that a unit can be averaged with the first unit of its group. */
function checkSameGroup({ folder, description }: OpenUnit, first: OpenUnit | undefined): void {
  const difference =
    first && (groupDifference(first.inputs, description.inputs) ?? shapeDifference(first.description, description))
  if (difference === undefined) return
  throw new InputError(
    `${folder} has a different ${difference} from the other units of this network and size; remove this folder and run reproduce again`,
  )
}

const FILES_AT_ONCE = 16

async function nullBaselineOf(units: readonly OpenUnit[]): Promise<readonly PairSimilarities[]> {
  const categories = units.map(({ inputs }) => inputs.category)
  const results: PairSimilarities[] = []
  for (const { name, dims } of units[0]!.layers) {
    const perAnchor = ANCHOR_NAMES.map(() => new Float32Array(units.length * dims))
    const read = async (unit: OpenUnit, i: number) => {
      const { data } = await unit.anchorFeatures(name)
      perAnchor.forEach((matrix, anchor) => {
        matrix.set(data.subarray(anchor * dims, (anchor + 1) * dims), i * dims)
      })
    }
    for (let i = 0; i < units.length; i += FILES_AT_ONCE) {
      await Promise.all(units.slice(i, i + FILES_AT_ONCE).map((unit, k) => read(unit, i + k)))
    }
    const pairs: PairSimilarities[] = []
    for (const matrix of perAnchor) pairs.push(await pairSimilarities(matrix, dims, categories, availableCores()))
    results.push({ same: pairs.flatMap(({ same }) => same), different: pairs.flatMap(({ different }) => different) })
  }
  return results
}

/**
 * Returns the patches of stored units that are not in the study's plan, but would be averaged with the planned units.
 * Call it before anything is computed.
 * @throws UsageError if a stored unit cannot be averaged with the planned units
 */
export async function unplannedPatches(results: string, planned: readonly UnitInputs[]): Promise<readonly string[]> {
  const names = new Set<string>()
  const folders = new Set(planned.map((inputs) => unitFolder(results, inputs)))
  const firstOfGroup = new Map(planned.map((inputs) => [dirname(unitFolder(results, inputs)), inputs]))
  for (const [group, inputs] of firstOfGroup) {
    for (const folder of await foldersIn(group)) {
      if (folders.has(folder)) continue
      const unit = await readUnit(folder).catch(() => undefined)
      if (unit === undefined) continue
      const difference = groupDifference(inputs, unit.inputs)
      if (difference !== undefined) {
        throw UsageError.of`${results} has results of object ${unit.inputs.patch} with a different ${difference}; choose another ${OUT}, or remove ${group}`
      }
      names.add(unit.inputs.patch)
    }
  }
  return [...names].sort(compareText)
}

/** The mean map over patches for one layer and anchor, [rows, cols]. */
export function meanMap(group: StudyGroup, layer: number, anchor: number): Float64Array {
  return mapAt(group.meanMaps, group, layer, anchor)
}

export function numberOf(group: StudyGroup, layer: string, metric: string, variant: Variant): Row | undefined {
  return group.numbers.find(
    (row) => row.layer === layer && row.metric === metric && isSameVariant(row.variant, variant),
  )
}
