import { join } from 'node:path'
import { processorName } from '../../engine/devices/device.js'
import { requiredTrials } from '../../engine/open/executionRequest.js'
import { imageCost } from '../../engine/reuse/expected.js'
import { InputError, RUN_AGAIN, throwIfStopped, words } from '../../errors.js'
import { makeWritableFolder } from '../../files/atomic.js'
import { pause } from '../../files/lock.js'
import { readRegular } from '../../files/regularFile.js'
import { sha256 } from '../../files/sha256.js'
import { removeDeadTemporaries } from '../../files/temporaries.js'
import type { Network } from '../../network.js'
import { networkNotes } from '../../networks/open/notes.js'
import { type Progress, progressTo } from '../../progress.js'
import { type Report, writeReport } from '../../report/report.js'
import { storedWarnings } from '../../report/warnings.js'
import { openedNetworks } from '../../results/store/openedNetworks.js'
import { storedPairs } from '../../results/store/pairs.js'
import { reportStamp } from '../../results/store/reportStamp.js'
import { openPeers } from './peers.js'
import { describeNetwork, describeSystem, lastReport, writeRunFile } from './runFile.js'
import type { RunOptions, StudyPlan, StudyRun } from './studyPlan.js'
import type { FinishedItem } from './timeLeft.js'
import { imagesOf, itemsText, lanesOf, partText, replacedText, type WorkItem } from './workItem.js'
import { openWorkQueue } from './workQueue.js'

/** What `runStudy` did. */
interface RunResult {
  /** Items that this process computed, and their number of images. */
  readonly finished: readonly FinishedItem[]
  readonly images: number
  /** Whether all items are finished. Without a report, other processes may still compute some. */
  readonly isComplete: boolean
  /** Numbers and findings of the report; null if the options ask for none. */
  readonly report: Report | null
}

/**
 * Computes what is left of a study, and writes the report. Any number of processes can run the same study. Finished
 * items stay in the results folder, even after an error.
 */
export async function runStudy<T extends WorkItem>(plan: StudyPlan<T>, options: RunOptions): Promise<RunResult> {
  const { out } = plan
  const { request, signal } = options
  const progress = progressTo(options.onProgress)
  const start = new Date()
  noteWork(plan, progress)
  const networks = networksLeft(plan)
  if (networks[0] !== undefined) await requiredTrials(request, networks[0], signal)
  await makeWritableFolder(out)
  const peers = openPeers(out, progress, signal)
  // Temporary files of other machines may be in use, so this call only remembers when they last changed. When the
  // report is written, a second call removes those that have not changed since.
  await removeDeadTemporaries(out)
  await plan.keepInputs()
  const costs = await imageCosts(networks)
  const made = { settings: {}, finished: [] as FinishedItem[] }
  const queue = openWorkQueue<T>(plan, peers)
  const run: StudyRun<T> = { plan, options, peers, queue, progress, ...made, costs, start, begin: performance.now() }
  try {
    await describe(run, null)
    await computeStudy(run)
    const written = options.report ? await writeStudyReport(run) : null
    await describe(run, new Date())
    return {
      finished: run.finished,
      images: imagesOf(run.finished.map(({ item }) => item)),
      isComplete: queue.left().length === 0,
      report: written,
    }
  } finally {
    await peers.locks.close()
  }
}

function noteWork<T extends WorkItem>(plan: StudyPlan<T>, progress: Progress): void {
  const { out, networks, items, notes, left, replaced } = plan
  for (const line of [...networks.flatMap(networkNotes), ...notes]) progress.note(line)
  const remaining = new Set(left)
  const skipped = items.filter((item) => !remaining.has(item))
  if (skipped.length > 0) progress.note(`resuming: ${partText(skipped, items)} in ${out} are finished`)
  if (replaced.items.length > 0) {
    const what = replacedText(itemsText(replaced.items), replaced.differences)
    progress.note(words`replacing ${what} in ${out}; choose another \`out\` to keep both`)
  }
}

/** The measured networks that have items left. */
function networksLeft({ networks, left }: Pick<StudyPlan<WorkItem>, 'networks' | 'left'>): readonly Network[] {
  const used = new Set(left.map(({ network }) => network))
  return networks.filter((network) => used.has(network))
}

async function imageCosts(networks: readonly Network[]): Promise<ReadonlyMap<Network, number>> {
  const costs = new Map<Network, number>()
  for (const network of networks) costs.set(network, await imageCost(network))
  return costs
}

/** @param report mark of the report that was just written */
function describe<T extends WorkItem>(run: StudyRun<T>, end: Date | null, report: string | null = null): Promise<void> {
  const { plan, peers, options, settings, finished, start } = run
  const entry = () => ({
    ...describeSystem(),
    networks: plan.networks.map(describeNetwork),
    ...plan.description,
    process: peers.locks.owner,
    settings,
    device: options.device,
    processor: processorName(),
    started: start.toISOString(),
    finished: end?.toISOString() ?? null,
    computed: finished.length,
  })
  return peers.alone('run.json', () => writeRunFile(runFile(plan), entry(), report))
}

function runFile({ out }: { readonly out: string }): string {
  return join(out, 'run.json')
}

/**
 * Computes items until all are finished or taken by other processes. If this process writes the report, it also waits
 * for the items of the others.
 */
async function computeStudy<T extends WorkItem>(run: StudyRun<T>): Promise<void> {
  const { plan, peers, queue, options, settings, progress } = run
  for (let idleRounds = 0; ; idleRounds++) {
    for (const lane of lanesOf(plan.left)) {
      throwIfStopped(options.signal)
      const item = await queue.take(lane)
      if (item === undefined) continue
      const used = await plan.compute(run, item)
      if (used !== undefined) settings[item.network.id] = used
      idleRounds = 0
    }
    const left = queue.left()
    if (left.length === 0) break
    if (!options.report) {
      progress.note(`leaving ${itemsText(left)} to other processes`)
      break
    }
    if (idleRounds === 0) progress.note(waitingFor(left))
    await pause(idleRounds, options.signal)
  }
  await peers.look()
  const { byOthers } = queue
  if (byOthers.length > 0) progress.note(`other processes computed ${partText(byOthers, plan.items)}`)
}

function waitingFor(left: readonly WorkItem[]): string {
  return `waiting for ${itemsText(left)}, which other processes compute; if one of them stops, this process computes the rest`
}

/** Writes the report. If another process wrote the same report while this process ran, returns that report instead. */
function writeStudyReport<T extends WorkItem>(run: StudyRun<T>): Promise<Report> {
  const { plan, peers, options, progress } = run
  const { out } = plan
  const { limits, onProgress, signal } = options
  return peers.alone('report', async () => {
    const [pairs, opened] = [await storedPairs(out), await openedNetworks(out)]
    const stamp = await reportStamp(out, { limits: limits ?? null, pairs, opened })
    const written = peers.hadOthers ? await writtenReport(out, stamp) : undefined
    if (written !== undefined) {
      progress.note('another process wrote the report')
      return written
    }
    await checkItems(plan)
    const wanted = { ...(limits && { limits }), ...(onProgress && { onProgress }), ...(signal && { signal }) }
    const report = await writeReport(out, wanted)
    await describe(run, null, reportMark(stamp, await reportTexts(out)))
    return report
  })
}

function reportTexts(out: string): Promise<readonly string[]> {
  const read = (file: string) => readRegular(join(out, file)).then(String, () => '')
  return Promise.all(['summary.json', 'findings.json'].map(read))
}

/** Mark by which run.json identifies a report. */
function reportMark(stamp: string, texts: readonly string[]): string {
  return `${stamp} ${sha256(...texts)}`
}

async function writtenReport(out: string, stamp: string): Promise<Report | undefined> {
  const texts = await reportTexts(out)
  if ((await lastReport(runFile({ out }))) !== reportMark(stamp, texts)) return undefined
  const [rows, findings] = texts.map((text) => text && JSON.parse(text)) as [Report['rows'], Report['findings'] | '']
  return { rows, findings: findings || [], warnings: await storedWarnings(out) }
}

/** @throws InputError if finished items have disappeared, because the tables would be averages of fewer results */
async function checkItems({ out, items }: Pick<StudyPlan<WorkItem>, 'out' | 'items'>): Promise<void> {
  const gone: WorkItem[] = []
  for (const item of items) if (!(await item.isStored())) gone.push(item)
  if (gone.length === 0) return
  throw InputError.of`${partText(gone, items)} disappeared from ${out} after they were computed; ${RUN_AGAIN} to compute them`
}
