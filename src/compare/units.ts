import { throwIfStopped, UsageError } from '../errors.js'
import { sizeText } from '../patches/sizes.js'
import type { Progress } from '../progress.js'
import { MEASURES, type Measure } from '../results/measures.js'
import { unitFolders } from '../results/openResults.js'
import { INPUT_TEXTS } from '../results/unit/compare.js'
import { type OpenUnit, openUnit } from '../results/unit/open.js'
import type { UnitInputs } from '../results/unit/schema.js'
import { type Variant, variantText } from '../results/variant.js'
import { studyStatus } from '../study/status.js'
import { addTo } from '../support/lists.js'
import { differencesBetween, type Paired, type PairedValues, pairedByContent, type Texts } from './pairing.js'

/** A results folder of `reproduce`. */
export interface StudyFolder {
  readonly kind: 'reproduce'
  readonly path: string
  readonly networks: readonly string[]
  /** Unit folders of each network. */
  readonly units: ReadonlyMap<string, readonly string[]>
  /** How many units are finished, such as `3 of 8 units`; undefined if all are, or if nobody knows. */
  readonly unfinished: string | undefined
}

/** @throws InputError if the folder has no units, or a damaged one */
export async function openStudyFolder(path: string): Promise<StudyFolder> {
  const units = new Map<string, readonly string[]>()
  for (const folders of await unitFolders(path)) {
    const { inputs } = await openUnit(path, folders[0] as string)
    units.set(inputs.model, [...(units.get(inputs.model) ?? []), ...folders])
  }
  const status = await studyStatus(path).catch(() => undefined)
  const isDone = status === undefined || status.units.done === status.units.total
  const unfinished = isDone ? undefined : `${status.units.done} of ${status.units.total} units`
  return { kind: 'reproduce', path, networks: [...units.keys()], units, unfinished }
}

/** What is kept of a unit until it is compared. */
interface StudyUnit {
  readonly folder: string
  readonly inputs: UnitInputs
  readonly frame: number
  readonly name: string
  readonly sha256: string
  readonly size: number
  /** Layers with class scores. */
  readonly answering: readonly string[]
}

/** Settings in which the units of a pair must agree. */
const SETTINGS = ['category', 'stride', 'background', 'blend', 'pool', 'C', 'seed', 'readout'] as const
/** Facts about a network that may differ. */
const FACTS = ['weightsSha256', 'input', 'scores', 'detector', 'tokens', 'precision'] as const

function textsOf(names: readonly (keyof typeof INPUT_TEXTS)[], { inputs, frame }: StudyUnit): Texts {
  const texts = names.map((name) => [name === 'weightsSha256' ? 'weights' : name, INPUT_TEXTS[name](inputs)])
  return { ...Object.fromEntries(texts), ...(names === SETTINGS && { frame: `${frame} px` }) }
}

type Progressing = Pick<Progress, 'start' | 'update' | 'stop'> & { readonly signal: AbortSignal | undefined }

/**
 * Pairs the units of two networks and reads their measures, one pair after the other.
 * @throws InputError if a unit is damaged
 * @throws UsageError if the networks share no layer, or if one of them has several layers with class scores
 */
export async function pairUnits(
  before: StudyFolder,
  from: string,
  after: StudyFolder,
  to: string,
  progress: Progressing,
): Promise<Paired> {
  const [own, others] = [await unitsOf(before, from), await unitsOf(after, to)]
  const { pairs, unpaired } = pairedByContent(own, others)
  const [first, second] = [own[0] as StudyUnit, others[0] as StudyUnit]
  const compared = pairs.length > 0 ? pairs : [[first, second] as const]
  const across = (names: Parameters<typeof textsOf>[0]) => [
    ...new Set(compared.flatMap(([one, other]) => differencesBetween(textsOf(names, one), textsOf(names, other)))),
  ]
  const areUnfinished = before.unfinished !== undefined || after.unfinished !== undefined
  const sizes = areUnfinished ? [] : differencesBetween({ sizes: sizesOf(own) }, { sizes: sizesOf(others) })
  const differences = [...sizes, ...across(SETTINGS)]
  const layers = layersOf(first, second)
  const named = ({ name, sha256, size }: StudyUnit) => ({ name, sha256, size })
  return {
    pairs: pairs.length,
    unpaired: { before: unpaired.before.map(named), after: unpaired.after.map(named) },
    values: differences.length > 0 ? [] : await valuesOf(before, after, pairs, layers, progress),
    differences,
    facts: across(FACTS),
    lacking: {
      before: second.inputs.layers.filter((name) => !layers.some(([, other]) => other === name)),
      after: first.inputs.layers.filter((name) => !layers.some(([one]) => one === name)),
    },
  }
}

async function unitsOf({ path, units }: StudyFolder, network: string): Promise<readonly StudyUnit[]> {
  const found: StudyUnit[] = []
  for (const folder of units.get(network) ?? []) {
    const { inputs, frame, layers } = await openUnit(path, folder)
    const answering = layers.filter(({ answers }) => answers !== null).map(({ name }) => name)
    const { patch, patchSha256, size } = inputs
    found.push({ folder, inputs, frame, name: patch, sha256: patchSha256, size, answering })
  }
  return found
}

function sizesOf(units: readonly StudyUnit[]): string {
  const sizes = new Set(units.map(({ size }) => size))
  return `${[...sizes].sort((a, b) => a - b).join(', ')} px`
}

type LayerPair = readonly [before: string, after: string]

/** The layers that both networks have, by name. If there are none, their layers with class scores. */
function layersOf(before: StudyUnit, after: StudyUnit): readonly LayerPair[] {
  const shared = before.inputs.layers.filter((name) => after.inputs.layers.includes(name))
  if (shared.length > 0) return shared.map((name) => [name, name])
  const [[one, ...more], [other, ...others]] = [before.answering, after.answering]
  if (one !== undefined && other !== undefined && more.length + others.length === 0) return [[one, other]]
  throw new UsageError(
    `${before.inputs.model} and ${after.inputs.model} share no layer, and not both have one layer with class scores; measure layers of equal names`,
  )
}

async function valuesOf(
  before: StudyFolder,
  after: StudyFolder,
  pairs: readonly (readonly [StudyUnit, StudyUnit])[],
  layers: readonly LayerPair[],
  { start, update, stop, signal }: Progressing,
): Promise<readonly PairedValues[]> {
  const bySize = new Map<number, (readonly [StudyUnit, StudyUnit])[]>()
  for (const pair of pairs) addTo(bySize, pair[0].size, pair)
  const rows: PairedValues[] = []
  let done = 0
  start('reading pairs', pairs.length, { unit: 'units', before: 0 })
  try {
    for (const [, some] of [...bySize].sort(([a], [b]) => b - a)) {
      const values = rowsFor(some, layers)
      for (const [i, [one, other]] of some.entries()) {
        throwIfStopped(signal)
        await values.take('before', i, await openUnit(before.path, one.folder))
        await values.take('after', i, await openUnit(after.path, other.folder))
        update(++done)
      }
      rows.push(...values.rows())
    }
  } finally {
    stop()
  }
  return rows
}

/** The values of all measures at one size, which are taken unit by unit. A value that a unit lacks is NaN. */
function rowsFor(pairs: readonly (readonly [StudyUnit, StudyUnit])[], layers: readonly LayerPair[]) {
  const [[first]] = pairs as readonly [readonly [StudyUnit, StudyUnit]]
  const rows = new Map<string, { readonly order: number; readonly row: PairedValues }>()
  const rowOf = (layer: number, metric: string, variant: Variant): PairedValues | undefined => {
    const text = variantText(variant)
    const key = JSON.stringify([layer, metric, text])
    const known = rows.get(key)
    if (known !== undefined) return known.row
    const at = MEASURES.findIndex(({ name }) => name === metric)
    const measure = MEASURES[at]
    if (measure === undefined) return undefined
    const group = `${[...new Set(layers[layer])].join(' → ')}, ${sizeText([first])}`
    const label = `${metric} ${text}`.trimEnd()
    const row = {
      metric,
      group,
      label,
      name: `${group}, ${label}`,
      better: measure.better,
      isHeadline: isHeadline(measure, variant),
      before: new Float64Array(pairs.length).fill(Number.NaN),
      after: new Float64Array(pairs.length).fill(Number.NaN),
    }
    rows.set(key, { order: layer * MEASURES.length + at, row })
    return row
  }
  return {
    take: async (side: 'before' | 'after', pair: number, unit: OpenUnit) => {
      const numbers = await unit.measures()
      for (const [layer, names] of layers.entries()) {
        const own = numbers[unit.inputs.layers.indexOf(names[side === 'before' ? 0 : 1])] ?? {}
        for (const [metric, values] of Object.entries(own)) {
          for (const [variant, value] of values) {
            const row = rowOf(layer, metric, variant)
            if (row) row[side][pair] = value
          }
        }
      }
    },
    rows: () => [...rows.values()].sort((a, b) => a.order - b.order).map(({ row }) => row),
  }
}

/** Whether the tables of a report show a number that has a direction. Of the anchors, only the center counts. */
function isHeadline({ better, tables = [] }: Measure, variant: Variant): boolean {
  const isShown = tables.some(({ column }) => column(variant) !== undefined)
  return better !== 'neither' && isShown && (variant.anchor ?? 'center') === 'center'
}
