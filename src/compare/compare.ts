import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { isFolder, regularSize } from '../files/regularFile.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { callback, checkText, type GivenOptions, kinds, parseOptions } from '../support/optionChecks.js'
import { firstOf, listedNames } from '../support/text.js'
import { checkedLimits } from './limits.js'
import {
  type ComparedFolder,
  type ComparedUnit,
  differencesBetween,
  layerNames,
  type PairedValues,
  pairedUnits,
  takePair,
  type UnitPair,
} from './pairing.js'
import { openConsistency } from './photographs.js'
import type { ComparedMeasure, ComparedNetworks, Comparison } from './result.js'
import { bootstrap, comparedMeasure } from './statistics.js'
import { openStudy } from './units.js'

const OPTIONS = {
  /**
   * By how much the mean of a measure may become worse, by name: a column of photographs.csv such as `diagonal change`,
   * a metric of metrics.csv such as `answer-agreement`, which limits all its rows, or the full name of one row. No limits by
   * default.
   */
  maxWorse: z.record(z.string(), z.number()).default({}),
  /** Receives progress events. */
  onProgress: callback<ProgressListener>().exactOptional(),
  signal: kinds.signal.exactOptional(),
}

/** Options of `compare`. */
export interface CompareOptions extends GivenOptions<typeof OPTIONS> {}

/**
 * Compares two results folders of `reproduce`, or two of `consistency`, measure by measure over the objects or
 * photographs that both have. It returns whether limits are exceeded, but throws no error for that; see
 * `Comparison.limits`. `FOLDER#NETWORK` names one network of a folder. Otherwise, networks of equal names are compared,
 * or the only network of each folder.
 * @param before results folder, or `FOLDER#NETWORK`
 * @param after results folder, or `FOLDER#NETWORK`; it is what became better or worse
 * @throws UsageError for invalid options, for networks that cannot be matched, and if the folders have other settings,
 *   or no object or photograph in common
 * @throws InputError if a folder has no results, or results that are damaged or of another version
 * @throws the signal's reason after an abort
 */
export async function compare(before: string, after: string, options: CompareOptions = {}): Promise<Comparison> {
  const { maxWorse, onProgress, signal } = parseOptions(options, OPTIONS)
  for (const folder of [before, after]) checkText(folder, 'a results folder')
  const [one, other] = [await openSide(before), await openSide(after)]
  if (one.folder.kind !== other.folder.kind)
    throw new UsageError(
      `${one.folder.path} has results of ${one.folder.kind}, and ${other.folder.path} of ${other.folder.kind}; compare two folders of one kind`,
    )
  const all: Compared[] = []
  for (const names of matchedNetworks(one, other))
    all.push(await comparedNetworks(one.folder, other.folder, names, progressTo(onProgress), signal))
  const networks = all.map(({ compared }) => compared)
  return {
    kind: one.folder.kind,
    before: one.folder.path,
    after: other.folder.path,
    networks,
    limits: all.flatMap(({ compared, empty }) => checkedLimits(maxWorse, compared, empty)),
    notes: [
      ...sideNotes(one, networks, 'before'),
      ...sideNotes(other, networks, 'after'),
      ...all.flatMap(({ notes }) => notes),
    ],
  }
}

interface Side {
  readonly folder: ComparedFolder
  /** The networks that may be compared. */
  readonly networks: readonly string[]
}

async function openSide(reference: string): Promise<Side> {
  const [path, network] = await folderAndNetwork(reference)
  const isConsistency = await regularSize(join(path, 'consistency.json')).then(
    () => true,
    () => false,
  )
  const folder = await (isConsistency ? openConsistency(path) : openStudy(path))
  if (network === undefined) return { folder, networks: folder.networks }
  if (folder.networks.includes(network)) return { folder, networks: [network] }
  throw new UsageError(`${path} has no network "${network}"; its networks are ${listedNames(folder.networks)}`)
}

/** Divides `FOLDER#NETWORK` after the shortest path of a folder, because paths and names may contain # themselves. */
async function folderAndNetwork(reference: string): Promise<readonly [path: string, network?: string]> {
  if (await isFolder(reference)) return [reference]
  for (let at = reference.indexOf('#'); at >= 0; at = reference.indexOf('#', at + 1)) {
    const path = reference.slice(0, at)
    if (await isFolder(path)) return [path, reference.slice(at + 1)]
  }
  throw new InputError(`${reference} is not a folder; name a results folder of reproduce or consistency`)
}

/** Networks of equal names; or the only one of each side. */
function matchedNetworks(before: Side, after: Side): readonly (readonly [string, string])[] {
  const shared = before.networks.filter((name) => after.networks.includes(name))
  if (shared.length > 0) return shared.map((name) => [name, name])
  const [[one, ...more], [other, ...others]] = [before.networks, after.networks]
  if (one !== undefined && other !== undefined && more.length + others.length === 0) return [[one, other]]
  const named = ({ networks, folder }: Side) => `${folder.path} has ${listedNames(networks)}`
  throw new UsageError(
    `the folders share no network: ${named(before)}, and ${named(after)}; choose one of each as FOLDER#NETWORK`,
  )
}

function sideNotes(
  { folder, networks }: Side,
  compared: readonly ComparedNetworks[],
  side: 'before' | 'after',
): readonly string[] {
  const { path, unfinished } = folder
  const alone = networks.filter((name) => !compared.some((one) => one[side] === name))
  return [
    ...(unfinished === undefined ? [] : [`the study in ${path} is not finished: it has ${unfinished}`]),
    ...(alone.length > 0 ? [`only ${path} has ${listedNames(alone)}`] : []),
  ]
}

interface Compared {
  readonly compared: ComparedNetworks
  /** Names and metrics of the measures without values on both sides. */
  readonly empty: readonly string[]
  readonly notes: readonly string[]
}

async function comparedNetworks(
  before: ComparedFolder,
  after: ComparedFolder,
  [from, to]: readonly [string, string],
  { start, update, stop }: Progress,
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const [own, others] = [await before.unitsOf(from), await after.unitsOf(to)]
  const pairs = pairedUnits(own, others)
  const first = checkedPair(before, own, after, others, pairs)
  const rows = new Map<string, PairedValues>()
  const names = layerNames(first)
  start('reading pairs', pairs.length, { unit: 'units', before: 0 })
  try {
    for (const [i, pair] of pairs.entries()) {
      throwIfStopped(signal)
      await takePair(rows, pair, names)
      update(i + 1)
    }
  } finally {
    stop()
  }
  const full = [...rows.values()].filter((row) => row.before.length > 0)
  const empty = [...rows.values()].filter((row) => row.before.length === 0)
  const intervalOf = bootstrap()
  const measures: ComparedMeasure[] = []
  for (const row of full) {
    throwIfStopped(signal)
    // A study has thousands of measures, so other work of the process gets a turn, such as a signal that stops this.
    await setImmediate()
    measures.push(comparedMeasure(row, intervalOf))
  }
  const facts = differencesBetween(pairs, 'facts')
  const unknown = missingFrom(full, empty)
  const paired = new Set(pairs.flat())
  const alone = (units: readonly ComparedUnit[]) =>
    units
      .filter((unit) => !paired.has(unit))
      .map(({ name, sha256, size }) => ({ name, sha256, ...(size !== undefined && { size }) }))
  return {
    compared: {
      before: from,
      after: to,
      pairs: pairs.length,
      unpaired: { before: alone(own), after: alone(others) },
      measures,
    },
    empty: empty.flatMap(({ name, metric }) => [name, metric]),
    notes: [
      ...(facts.length > 0 ? [`${from} before and ${to} after differ in ${facts.join(', ')}`] : []),
      ...(unknown.length > 0 ? [`no pair has a value on both sides of ${listedNames(unknown)}`] : []),
    ],
  }
}

/**
 * Returns a pair of units whose networks are compared.
 * @throws UsageError if there is none, or if settings differ
 */
function checkedPair(
  before: ComparedFolder,
  own: readonly ComparedUnit[],
  after: ComparedFolder,
  others: readonly ComparedUnit[],
  pairs: readonly UnitPair[],
): UnitPair {
  const both = `${before.path} and ${after.path}`
  const [one, other] = [own[0], others[0]]
  const [first] = pairs
  // Without a pair, the settings may tell why, but not those that differ from one object or photograph to the next.
  const common = (unit: ComparedUnit) => {
    const { label: _label, category: _category, ...settings } = unit.settings
    return { ...unit, settings }
  }
  const compared = first === undefined && one && other ? [[common(one), common(other)] as const] : pairs
  const sizes = [own, others].map((units) =>
    [...new Set(units.map(({ size = 0 }) => size))].sort((a, b) => a - b).join(','),
  )
  const isOther = before.unfinished === undefined && after.unfinished === undefined && sizes[0] !== sizes[1]
  const differences = [
    ...(isOther ? [`sizes ${sizes.join(' and ')}`] : []),
    ...differencesBetween(compared, 'settings'),
  ]
  if (differences.length > 0)
    throw new UsageError(
      `${both} have other settings: ${firstOf(differences).join('; ')}; measure both in the same way`,
    )
  if (first !== undefined) return first
  const what = before.kind === 'consistency' ? 'photograph' : 'object'
  throw new UsageError(`${both} share no ${what}; measure ${what}s of equal content in both`)
}

/** Metrics, or whole layers or protocols, that no pair has on both sides. */
function missingFrom(full: readonly PairedValues[], empty: readonly PairedValues[]): readonly string[] {
  const [groups, metrics] = [new Set(full.map(({ group }) => group)), new Set(full.map(({ metric }) => metric))]
  const missing = empty.flatMap(({ group, metric }) => {
    if (!groups.has(group)) return [group]
    return metrics.has(metric) ? [] : [metric]
  })
  return [...new Set(missing)]
}
