import { z } from 'zod'
import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { isFolder } from '../files/regularFile.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { quotation } from '../report/text/quotation.js'
import { distinct } from '../support/lists.js'
import { callback, checkText, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import { firstOf, listedNames } from '../support/text.js'
import { openFolder } from './folder.js'
import { constantTexts, type JudgedRow, judgedRows } from './judged.js'
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
import { COMPARED_KINDS, type ComparedKind, type ComparedNetworks, type Comparison, type Unpaired } from './result.js'

const OPTIONS = {
  /**
   * By how much the mean of a measure may become worse, by name: a column of photographs.csv such as `diagonal change`,
   * a metric of metrics.csv such as `answer-agreement`, which limits all its rows, or the full name of one row. A limit
   * fails only if the pairs show that the loss exceeds it (one-sided test at 95 %). No limits by default.
   */
  maxWorse: z.record(z.string(), z.number()).default({}),
  /**
   * By how much the mean of a measure may differ in either direction, by the same names. The networks are equivalent if
   * two one-sided tests at 95 % say so (Schuirmann 1987).
   */
  equivalent: z.record(z.string(), z.number()).default({}),
  /** Receives progress events. */
  onProgress: callback<ProgressListener>().exactOptional(),
  signal: schemas.signal.exactOptional(),
}

/** Options of `compare`. */
export interface CompareOptions extends GivenOptions<typeof OPTIONS> {}

/**
 * Compares two results folders of `reproduce` or `consistency`, measure by measure over the objects and the photographs
 * that both have. It returns what became of limits, but throws no error if one fails; see `Comparison.limits`. `FOLDER#NETWORK` names one network of a folder. Otherwise, networks of equal names are compared,
 * or the only network of each folder.
 * @param before results folder, or `FOLDER#NETWORK`
 * @param after results folder, or `FOLDER#NETWORK`; it is what became better or worse
 * @throws UsageError for invalid options, for networks that cannot be matched, and if the folders have other settings,
 *   no results of one kind, or no object or photograph in common
 * @throws InputError if a folder has no results, or results that are damaged or of another version, and if limits are
 *   given for a study that is not finished
 * @throws the signal's reason after an abort
 */
export async function compare(before: string, after: string, options: CompareOptions = {}): Promise<Comparison> {
  const { maxWorse, equivalent, onProgress, signal } = parseOptions(options, OPTIONS)
  for (const folder of [before, after]) checkText(folder, 'a results folder')
  const [one, other] = [await openSide(before), await openSide(after)]
  if (Object.keys({ ...maxWorse, ...equivalent }).length > 0) checkFinished([one, other])
  const pairs: NetworkPair[] = []
  for (const [from, to] of matchedNetworks(one, other))
    pairs.push(await openPair({ folder: one.folder, name: from }, { folder: other.folder, name: to }))
  if (pairs.every(({ kinds }) => kinds.length === 0))
    throw new UsageError(
      `${one.folder.path} and ${other.folder.path} have no results of one kind: ${pairs.flatMap(aloneTexts).join('; ')}; run the same command in both`,
    )
  const all: Compared[] = []
  for (const pair of pairs)
    for (const units of pair.kinds) all.push(await comparedNetworks(pair, units, progressTo(onProgress), signal))
  const networks = all.map(({ compared }) => compared)
  return {
    before: one.folder.path,
    after: other.folder.path,
    networks,
    limits: checkedLimits({ maxWorse, equivalent }, all),
    notes: [
      ...sideNotes(
        one,
        pairs.map(({ before }) => before.name),
      ),
      ...sideNotes(
        other,
        pairs.map(({ after }) => after.name),
      ),
      ...pairs.flatMap((pair) => [...aloneTexts(pair), ...factNotes(pair)]),
      ...all.flatMap(missingNotes),
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
  const folder = await openFolder(path)
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

/** A limit must not pass because the rest of a study is missing. */
function checkFinished(sides: readonly Side[]): void {
  for (const { folder } of sides)
    if (folder.unfinished !== undefined)
      throw new InputError(`${unfinishedText(folder)}; wait until it is finished, or compare without limits`)
}

function unfinishedText({ path, unfinished }: ComparedFolder): string {
  return `the study in ${path} is not finished: it has ${unfinished}`
}

/** @param matched names of the networks that have a partner */
function sideNotes({ folder, networks }: Side, matched: readonly string[]): readonly string[] {
  const { path } = folder
  const alone = networks.filter((name) => !matched.includes(name))
  return [
    ...(folder.unfinished === undefined ? [] : [unfinishedText(folder)]),
    ...(alone.length > 0 ? [`only ${path} has ${listedNames(alone)}`] : []),
  ]
}

interface NetworkSide {
  readonly folder: ComparedFolder
  /** Name of the network. */
  readonly name: string
}

/** The objects or the photographs of two networks. */
interface PairedKind {
  readonly kind: ComparedKind
  readonly own: readonly ComparedUnit[]
  readonly others: readonly ComparedUnit[]
  readonly pairs: readonly UnitPair[]
}

interface NetworkPair {
  readonly before: NetworkSide
  readonly after: NetworkSide
  /** What both networks have. */
  readonly kinds: readonly PairedKind[]
  /** What only one of them has, and which one. */
  readonly alone: readonly (readonly [ComparedKind, NetworkSide])[]
}

async function openPair(before: NetworkSide, after: NetworkSide): Promise<NetworkPair> {
  const kinds: PairedKind[] = []
  const alone: [ComparedKind, NetworkSide][] = []
  for (const kind of COMPARED_KINDS) {
    const [own, others] = [await unitsOf(before, kind), await unitsOf(after, kind)]
    if (own.length > 0 && others.length > 0) kinds.push({ kind, own, others, pairs: pairedUnits(own, others) })
    else if (own.length > 0) alone.push([kind, before])
    else if (others.length > 0) alone.push([kind, after])
  }
  return { before, after, kinds, alone }
}

function unitsOf({ folder, name }: NetworkSide, kind: ComparedKind): Promise<readonly ComparedUnit[]> {
  return folder.unitsOf(name, kind)
}

function aloneTexts({ alone }: NetworkPair): readonly string[] {
  return alone.map(([kind, { folder, name }]) => `only ${folder.path} has ${kind} of ${name}`)
}

function factNotes({ before, after, kinds }: NetworkPair): readonly string[] {
  const facts = distinct(kinds.flatMap(({ pairs }) => differencesBetween(pairs, 'facts')))
  return facts.length > 0 ? [`${before.name} (before) and ${after.name} (after) differ in ${facts.join('; ')}`] : []
}

interface Compared {
  readonly compared: ComparedNetworks
  readonly rows: readonly JudgedRow[]
  /** The measures without values on both sides. */
  readonly empty: readonly PairedValues[]
}

async function comparedNetworks(
  { before, after }: NetworkPair,
  { kind, own, others, pairs }: PairedKind,
  { start, update, stop }: Progress,
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const found = new Map<string, PairedValues>()
  const layers = layerNames(checkedPair(before.folder, after.folder, { kind, own, others, pairs }))
  const context = { layerNames: layers, shared: new Set(pairs.flat().map(({ sha256 }) => sha256)) }
  start('reading pairs', pairs.length, { unit: 'units', before: 0 })
  try {
    for (const [i, pair] of pairs.entries()) {
      throwIfStopped(signal)
      await takePair(found, pair, context)
      update(i + 1)
    }
  } finally {
    stop()
  }
  const all = [...found.values()]
  const rows = judgedRows(all.filter((row) => row.before.length > 0))
  const paired = new Set(pairs.flat())
  const alone = (units: readonly ComparedUnit[], other: NetworkSide) =>
    units.filter((unit) => !paired.has(unit)).map((unit) => unpaired(unit, other))
  return {
    compared: {
      kind,
      before: before.name,
      after: after.name,
      pairs: pairs.length,
      unpaired: { before: alone(own, after), after: alone(others, before) },
      measures: rows.map(({ metric }) => metric),
      sentence: sentenceOf(kind, before, after, rows),
      constant: constantTexts(before.name, after.name, all),
    },
    rows,
    empty: all.filter((row) => row.before.length === 0),
  }
}

/** @param other the side that lacks the unit */
function unpaired({ name, sha256, size }: ComparedUnit, { folder, name: network }: NetworkSide): Unpaired {
  const failures = folder.skippedBy(network)
  const failure = failures.find((one) => one.sha256 === sha256) ?? failures.find((one) => one.name === name)
  return { name, sha256, ...(size !== undefined && { size }), ...(failure && { skipped: failure.reason }) }
}

/** Speaks of the first headline measure. */
function sentenceOf(
  kind: ComparedKind,
  before: NetworkSide,
  after: NetworkSide,
  rows: readonly JudgedRow[],
): string | null {
  const [leading] = rows
  if (leading?.judged === undefined) return null
  const nameOf = ({ name, folder }: NetworkSide) => (before.name === after.name ? `${name} (${folder.path})` : name)
  const { values, difference, judged } = leading
  const noun = kind === 'objects' ? 'object' : 'photograph'
  return quotation({ ...values.quoted, noun, networks: [nameOf(after), nameOf(before)], difference, judged }) ?? null
}

const SHARE_NONE: Readonly<Record<ComparedKind, string>> = {
  objects: 'share no object; measure objects of equal content in both',
  photographs: 'share no photograph; measure photographs of equal content in both',
}

/**
 * Returns a pair of units whose networks are compared.
 * @throws UsageError if there is none, or if settings differ
 */
function checkedPair(
  before: ComparedFolder,
  after: ComparedFolder,
  { kind, own, others, pairs }: PairedKind,
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
    [...new Set(units.flatMap(({ size }) => size ?? []))].sort((a, b) => a - b).join(','),
  )
  const areFinished = before.unfinished === undefined && after.unfinished === undefined
  // In other frames, the same share is another size.
  const isScaled = first !== undefined && one?.grid?.frame !== other?.grid?.frame
  const isOther = areFinished && !isScaled && sizes[0] !== sizes[1]
  const differences = [
    ...(isOther ? [`sizes ${sizes.join(' and ')}`] : []),
    ...differencesBetween(compared, 'settings'),
  ]
  if (differences.length > 0)
    throw new UsageError(
      `${both} have other settings: ${firstOf(differences).join('; ')}; measure both in the same way`,
    )
  if (first !== undefined) return first
  throw new UsageError(`${both} ${SHARE_NONE[kind]}`)
}

/** Names the metrics, or whole layers or protocols, that no pair has on both sides. */
function missingNotes({ compared: { measures }, empty }: Compared): readonly string[] {
  const [groups, metrics] = [new Set(measures.map(({ group }) => group)), new Set(measures.map(({ metric }) => metric))]
  const missing = empty.flatMap(({ group, metric }) => {
    if (!groups.has(group)) return [group]
    return metrics.has(metric) ? [] : [metric]
  })
  return missing.length > 0 ? [`no pair has a value on both sides of ${listedNames(distinct(missing))}`] : []
}
