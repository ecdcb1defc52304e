import { ANCHOR_NAMES } from '../../engine/scene/positions.js'
import type { AnswerVariety } from '../../experiments/answers/chance.js'
import { MADE_UP_FEATURES, type MadeUpFeature } from '../../experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, FOLDS, type FoldScheme, TASKS } from '../../experiments/classifiers/folds.js'
import type { PairSimilarities } from '../../experiments/maps/nullBaseline.js'
import { csvCell } from '../../files/csv.js'
import { type SizeInFrame, sizeInFrame } from '../../patches/sizes.js'
import { addTo } from '../../support/lists.js'
import { mean, meanAndStd } from '../../support/statistics.js'
import type { Unit } from '../unit/schema.js'
import { isSameVariant, type UnitNumbers, type Variant, variantText } from './variant.js'

/** Smallest number of patches for which a standard deviation is shown and a claim is judged. */
export const FEWEST_PATCHES = 5
/** Number of pairs of as many patches. */
export const FEWEST_PATCH_PAIRS = (FEWEST_PATCHES * (FEWEST_PATCHES - 1)) / 2

export type PatchValues = ReadonlyMap<string, number>

/** A row of summary.json: one number of a study, averaged over objects. */
export interface SummaryRow {
  readonly model: string
  readonly layer: string
  /** Side of the square patches in pixels. */
  readonly size: number
  /** Side of the frame in pixels; absent if it is 224. */
  readonly frame?: number
  /** Name of the measure, such as `similarity-mean`; see docs/measures.md. */
  readonly metric: string
  /** Tells the numbers of one measure apart, for example by anchor, period or task: `center vertical 8px`. */
  readonly variant: string
  readonly mean: number
  /** Population standard deviation of the values. */
  readonly std: number
  /** Number of objects, pairs of objects, or cases of feature arithmetic; 0 for baselines that need no objects. */
  readonly count: number
}

/** A summary row whose variant is a record. */
export interface MeanRow extends Omit<SummaryRow, 'variant'> {
  readonly variant: Variant
}

/** A summary row with the value of each patch, as in metrics.csv. */
export interface Row extends MeanRow {
  /** Value of each patch, sorted by patch name. Empty if the row's numbers do not belong to single patches. */
  readonly values: PatchValues
}

export type LayerAtSize = Pick<MeanRow, 'model' | 'layer' | 'size' | 'frame'>
export type RowKey = LayerAtSize & Pick<MeanRow, 'metric' | 'variant'>

const NO_VALUES: PatchValues = new Map()

/** Makes a row from numbers that do not belong to single patches, such as similarities of pairs of patches. */
function rowOf(key: RowKey, numbers: readonly number[], count: number): Row {
  return { ...key, ...meanAndStd(numbers), count, values: NO_VALUES }
}

function rowOfPatches(key: RowKey, values: PatchValues): Row {
  return { ...key, ...meanAndStd([...values.values()]), count: values.size, values }
}

/** The numbers of one unit of a group. */
export interface PatchNumbers {
  readonly patch: string
  readonly numbers: UnitNumbers
}

interface MeasuredGroup extends SizeInFrame {
  readonly model: string
  readonly layers: readonly string[]
}

/** Values of measures that compare the answers to an object with those to the others. */
export interface ObjectValues {
  readonly variant: Pick<Variant, 'confidence'>
  readonly relative: PatchValues
  readonly chance: PatchValues
}

/** What the answers to all objects of a group say together. */
export interface GroupAnswers {
  readonly variety: AnswerVariety
  /** Of all objects, then of those with a confident answer and of the others, each compared among themselves. */
  readonly values: readonly ObjectValues[]
}

/**
 * @param nullBaseline similarities of pairs of objects, one entry per layer
 * @param answers one entry per layer, undefined without class scores
 */
export function groupRows(
  { model, layers, ...at }: MeasuredGroup,
  units: readonly PatchNumbers[],
  nullBaseline: readonly PairSimilarities[],
  answers: readonly (GroupAnswers | undefined)[] = [],
): readonly Row[] {
  return layers.flatMap((layer, i) => {
    const place = { model, layer, ...sizeInFrame(at) }
    return [
      ...rowsOfAnswers(place, answers[i]),
      ...numbersOf(units, i).map(({ metric, variant, values }) => rowOfPatches({ ...place, metric, variant }, values)),
      ...(['same', 'different'] as const).flatMap((classes) => {
        const cosines = nullBaseline[i]?.[classes] ?? []
        const key = { ...place, metric: 'null-baseline', variant: { classes } }
        return cosines.length === 0 ? [] : [rowOf(key, cosines, cosines.length / ANCHOR_NAMES.length)]
      }),
    ]
  })
}

function rowsOfAnswers(place: LayerAtSize, answers: GroupAnswers | undefined): readonly Row[] {
  if (answers === undefined) return []
  const { values, variety } = answers
  const ofValues = values.flatMap(({ variant, relative, chance }) =>
    (
      [
        ['answer-relative-agreement', relative],
        ['answer-chance', chance],
      ] as const
    ).flatMap(([metric, ofPatches]) =>
      ofPatches.size === 0 ? [] : [rowOfPatches({ ...place, metric, variant }, ofPatches)],
    ),
  )
  const { distinct, effective, isConstant, most, pictures } = variety
  const ofAll = (metric: string, value: number) => rowOf({ ...place, metric, variant: {} }, [value], pictures)
  return [
    ...ofValues,
    ofAll('answer-distinct', distinct),
    ofAll('answer-effective', effective),
    ...(isConstant ? [ofAll('answer-constant', most)] : []),
  ]
}

/**
 * Collects one layer's numbers from all units, in the order in which the units' files list them. If the first units
 * lack a number, it is inserted where a later unit's file has it.
 */
function numbersOf(units: readonly PatchNumbers[], layer: number) {
  const found: { readonly metric: string; readonly variant: Variant; readonly values: Map<string, number> }[] = []
  for (const { patch, numbers } of units) {
    let next = 0
    for (const [metric, values] of Object.entries(numbers[layer] ?? {})) {
      for (const [variant, value] of values) {
        const isIt = (one: (typeof found)[number] | undefined) =>
          one?.metric === metric && isSameVariant(one.variant, variant)
        // Most units have the same metrics and variants in the same order, so the next entry is tried first.
        const known = isIt(found[next]) ? next : found.findIndex(isIt)
        const at = known < 0 ? next : known
        if (known < 0) found.splice(at, 0, { metric, variant, values: new Map() })
        found[at]?.values.set(patch, value)
        next = at + 1
      }
    }
  }
  return found
}

type Accuracies = NonNullable<Unit['layers'][number]['baselines']>[MadeUpFeature]

/**
 * Accuracies per fold with two made-up features, which contain only the position or only its phase. Each grid of
 * positions has its own accuracies, those with the phase for each of its periods.
 */
export function baselineRows(groups: readonly (SizeInFrame & { readonly units: readonly Unit[] })[]): readonly Row[] {
  const measured = groups.flatMap(({ units }) => units.flatMap(({ inputs }) => inputs.separability?.cv ?? []))
  const schemes = FOLD_SCHEMES.filter((cv) => measured.includes(cv))
  const places = new Map<string, { readonly place: LayerAtSize; readonly accuracies: Accuracies }>()
  for (const { units, ...at } of groups) {
    for (const { rows, cols, layers } of units) {
      for (const { baselines } of layers) {
        if (baselines === null) continue
        const grid = `${rows}×${cols}`
        for (const feature of MADE_UP_FEATURES) {
          const layer = feature === 'phase' ? `${baselines.period} px, ${grid}` : grid
          const place = { model: `${feature} only`, layer, ...sizeInFrame(at) }
          const key = JSON.stringify(place)
          // Units on the same grid may use different fold schemes. The accuracies of all their schemes are collected.
          places.set(key, { place, accuracies: { ...places.get(key)?.accuracies, ...baselines[feature] } })
        }
      }
    }
  }
  return [...places.values()].flatMap(({ place, accuracies }) => rowsOfFolds(place, accuracies, schemes))
}

function rowsOfFolds(place: LayerAtSize, accuracies: Accuracies, schemes: readonly FoldScheme[]): readonly Row[] {
  return schemes.flatMap((scheme) =>
    TASKS.flatMap((task) => {
      const folds = accuracies[scheme]?.[task].flatMap((accuracy) => accuracy ?? []) ?? []
      if (folds.length < FOLDS) return []
      const variant = { task, scheme }
      return [
        rowOf({ ...place, metric: 'separability-accuracy', variant }, folds, 0),
        ...folds.map((accuracy, i) =>
          rowOf({ ...place, metric: 'fold-accuracy', variant: { ...variant, fold: i + 1 } }, [accuracy], 0),
        ),
      ]
    }),
  )
}

/**
 * Combines several rows into one number per patch; by default, it takes their mean.
 * @param combine must return a single value unchanged, because it is not called if there is only one row
 */
export function perPatch(rows: readonly Row[], combine: (values: readonly number[]) => number = mean): PatchValues {
  const [first, second] = rows
  if (first !== undefined && second === undefined) return first.values
  const byPatch = new Map<string, number[]>()
  for (const { values } of rows) for (const [patch, value] of values) addTo(byPatch, patch, value)
  return new Map([...byPatch].map(([patch, values]) => [patch, combine(values)]))
}

/** The mean of rows for each patch, as a row. Undefined if there are several rows but no values of patches. */
export function combined(rows: readonly Row[]): Row | undefined {
  const [first] = rows
  if (first === undefined || rows.length === 1) return first
  const values = perPatch(rows)
  return values.size === 0 ? undefined : rowOfPatches(first, values)
}

/**
 * Computes the mean and deviation of each row again, for these patches only. Rows without values per patch stay as they
 * are.
 */
export function ofPatches(rows: readonly Row[], patches: ReadonlySet<string>): readonly Row[] {
  return rows.map((row) =>
    row.values.size === 0 ? row : rowOfPatches(row, new Map([...row.values].filter(([patch]) => patches.has(patch)))),
  )
}

/** Contents of metrics.csv in pieces: the header, then one piece per `Row` with a line for each of its values. */
export function* metricsCsv(rows: readonly Row[]): Iterable<Uint8Array> {
  yield Buffer.from('model,layer,size,patch,metric,variant,value\n')
  for (const { model, layer, size, metric, variant, values } of rows) {
    const [before, after] = [
      [model, layer, size],
      [metric, variantText(variant)],
    ].map((cells) => cells.map(csvCell).join(','))
    const lines = [...values].map(([patch, value]) => `${before},${csvCell(patch)},${after},${value}\n`)
    if (lines.length > 0) yield Buffer.from(lines.join(''))
  }
}

export function summaryRows(rows: readonly Row[]): readonly SummaryRow[] {
  return rows.map(({ values, ...row }) => ({ ...row, variant: variantText(row.variant) }))
}

export function summaryJson(rows: readonly SummaryRow[]): string {
  return `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`
}
