import { z } from 'zod'
import { InputError, UsageError } from '../errors.js'
import { isFolder, regularSize } from '../files/regularFile.js'
import { type ProgressListener, progressTo } from '../progress.js'
import { FEWEST_PATCHES } from '../results/rows.js'
import { callback, type GivenOptions, kinds, parseOptions } from '../support/optionChecks.js'
import { mean, meanAndError } from '../support/statistics.js'
import { counted, listedNames } from '../support/text.js'
import { checkedLimits, checkLimits } from './limits.js'
import type { Paired, PairedValues } from './pairing.js'
import { type ConsistencyFolder, openConsistencyFolder, pairPhotographs } from './photographs.js'
import type { Change, CheckedLimit, ComparedMeasure, ComparedNetworks, Comparison } from './result.js'
import { bootstrapIntervals, type Interval, signTest } from './statistics.js'
import { openStudyFolder, pairUnits, type StudyFolder } from './units.js'

const OPTIONS = {
  /**
   * By how much the mean of a measure may become worse, by name: a column of photographs.csv such as `diagonal change`, a
   * metric of metrics.csv such as `answer-kept`, which limits all its rows, or the full name of one row. No limits by
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
  checkLimits(maxWorse)
  const [one, other] = [await openSide(before), await openSide(after)]
  if (one.folder.kind !== other.folder.kind)
    throw new UsageError(
      `${one.folder.path} has results of ${one.folder.kind}, and ${other.folder.path} of ${other.folder.kind}; compare two folders of one kind`,
    )
  const { matched, notes } = matchedNetworks(one, other)
  const networks: ComparedNetworks[] = []
  const limits: CheckedLimit[] = []
  notes.push(...unfinishedNotes(one.folder), ...unfinishedNotes(other.folder))
  for (const [from, to] of matched) {
    const paired = await pairNetworks(one.folder, from, other.folder, to, { ...progressTo(onProgress), signal })
    checkComparable(one.folder, other.folder, paired)
    const measures = await comparedMeasures(paired.values, signal)
    const { pairs, unpaired } = paired
    const compared = { before: from, after: to, pairs, unpaired, measures }
    networks.push(compared)
    notes.push(...notesOf(compared, paired))
    limits.push(...checkedLimits(maxWorse, compared, paired))
  }
  return { kind: one.folder.kind, before: one.folder.path, after: other.folder.path, networks, limits, notes }
}

type ResultsFolder = ConsistencyFolder | StudyFolder

interface Side {
  readonly folder: ResultsFolder
  /** The networks that may be compared. */
  readonly networks: readonly string[]
}

async function openSide(reference: string): Promise<Side> {
  const [path, network] = await folderAndNetwork(reference)
  const hasConsistency = await regularSize(`${path}/consistency.json`).then(
    () => true,
    () => false,
  )
  const folder = hasConsistency ? await openConsistencyFolder(path) : await openStudyFolder(path)
  if (network === undefined) return { folder, networks: folder.networks }
  if (folder.networks.includes(network)) return { folder, networks: [network] }
  throw new UsageError(`${path} has no network "${network}"; its networks are ${listedNames(folder.networks)}`)
}

/** Divides `FOLDER#NETWORK` at the first # behind which it is not a folder. A folder's name may contain #. */
async function folderAndNetwork(reference: string): Promise<readonly [path: string, network?: string]> {
  if (await isFolder(reference)) return [reference]
  for (let at = reference.indexOf('#'); at >= 0; at = reference.indexOf('#', at + 1)) {
    const path = reference.slice(0, at)
    if (await isFolder(path)) return [path, reference.slice(at + 1)]
  }
  throw new InputError(`${reference} is not a folder; name a results folder of reproduce or consistency`)
}

/** Networks of equal names; or the only one of each side. */
function matchedNetworks(before: Side, after: Side) {
  const shared = before.networks.filter((name) => after.networks.includes(name))
  const alone = ({ networks, folder }: Side) =>
    networks.filter((name) => !shared.includes(name)).map((name) => `only ${folder.path} has the network ${name}`)
  if (shared.length > 0)
    return { matched: shared.map((name) => [name, name] as const), notes: [...alone(before), ...alone(after)] }
  const [[one, ...more], [other, ...others]] = [before.networks, after.networks]
  if (one !== undefined && other !== undefined && more.length + others.length === 0)
    return { matched: [[one, other] as const], notes: [] }
  const named = ({ networks, folder }: Side) => `${folder.path} has ${listedNames(networks)}`
  throw new UsageError(
    `the folders share no network: ${named(before)}, and ${named(after)}; choose one of each as FOLDER#NETWORK`,
  )
}

function unfinishedNotes(folder: ResultsFolder): readonly string[] {
  if (folder.kind === 'consistency' || folder.unfinished === undefined) return []
  return [`the study in ${folder.path} is not finished: it has ${folder.unfinished}`]
}

function pairNetworks(
  before: ResultsFolder,
  from: string,
  after: ResultsFolder,
  to: string,
  progress: Parameters<typeof pairUnits>[4],
): Promise<Paired> {
  if (before.kind === 'consistency') return pairPhotographs(before, from, after as ConsistencyFolder, to)
  return pairUnits(before, from, after as StudyFolder, to, progress)
}

function checkComparable(before: ResultsFolder, after: ResultsFolder, { pairs, differences }: Paired): void {
  const both = `${before.path} and ${after.path}`
  if (differences.length > 0)
    throw new UsageError(
      `${both} were measured differently: ${differences.join('; ')}; measure both with the same settings`,
    )
  const what = before.kind === 'consistency' ? 'photograph' : 'object'
  if (pairs === 0) throw new UsageError(`${both} share no ${what}; measure ${what}s of equal content in both`)
}

function notesOf({ before, after, measures }: ComparedNetworks, { facts, lacking, values }: Paired): readonly string[] {
  const names = before === after ? `${before} before and after` : `${before} and ${after}`
  const isScaled = facts.some((fact) => fact.startsWith('frame '))
  const scale = isScaled ? ' (the lengths of shifts are in proportion to the frame)' : ''
  const known = new Set(measures.map(({ name }) => name))
  const empty = [...new Set(values.filter(({ name }) => !known.has(name)).map(({ metric }) => metric))]
  const partial = measures.filter(({ leftOut, isHeadline }) => leftOut > 0 && isHeadline)
  return [
    ...(facts.length > 0 ? [`${names} differ in ${facts.join('; ')}${scale}`] : []),
    ...(lacking.before.length > 0 ? [`only ${after} after has ${lacking.before.join(', ')}`] : []),
    ...(lacking.after.length > 0 ? [`only ${before} before has ${lacking.after.join(', ')}`] : []),
    ...(empty.length > 0 ? [`no pair has values on both sides of ${empty.join(', ')}`] : []),
    ...partial.map(({ name, leftOut }) => `${name}: ${counted(leftOut, 'pair')} left out, without a value on one side`),
  ]
}

/** Compares the measures that at least one pair has on both sides. */
async function comparedMeasures(
  all: readonly PairedValues[],
  signal: AbortSignal | undefined,
): Promise<readonly ComparedMeasure[]> {
  const rows = all.map((row) => ({ row, ...finitePairs(row) })).filter(({ differences }) => differences.length > 0)
  const intervals = await bootstrapIntervals(
    rows.map(({ differences }) => differences),
    signal,
  )
  return rows.map(({ row, before, after, differences }, i) => {
    const { metric, group, label, name, better, isHeadline } = row
    const { mean: difference, standardError } = meanAndError([...differences])
    const interval = intervals[i] as Interval
    const count = differences.length
    const higher = differences.filter((value) => value > 0).length
    const lower = differences.filter((value) => value < 0).length
    return {
      name,
      metric,
      group,
      label,
      better,
      isHeadline,
      count,
      leftOut: row.before.length - count,
      before: mean(before),
      after: mean(after),
      difference,
      standardError,
      interval,
      signTest: { higher, lower, equal: count - higher - lower, p: signTest(higher, lower) },
      change: changeOf(better, interval, count),
    }
  })
}

function finitePairs({ before, after }: PairedValues) {
  const has = before.map((value, i) => Number(Number.isFinite(value) && Number.isFinite(after[i])))
  const first = before.filter((_, i) => has[i] === 1)
  const second = after.filter((_, i) => has[i] === 1)
  return { before: first, after: second, differences: first.map((value, i) => (second[i] as number) - value) }
}

function changeOf(better: ComparedMeasure['better'], [low, high]: Interval, count: number): Change {
  if (count < FEWEST_PATCHES || (low <= 0 && high >= 0)) return 'neither'
  if (better === 'neither') return 'changed'
  return low > 0 === (better === 'higher') ? 'better' : 'worse'
}
