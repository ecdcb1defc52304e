import { readdir } from 'node:fs/promises'
import { UsageError } from '../errors.js'

/** Entries that a study creates before its first report. A folder that has one of them is a results folder. */
const STUDY_ENTRIES: readonly string[] = ['run.json', 'units', 'arithmetic']

/** Entries that a report overwrites, even if other programs made them. */
const REPLACED: readonly string[] = [
  'tables',
  'heatmaps',
  'figures',
  'site',
  'index.html',
  'metrics.csv',
  'summary.json',
  'findings.md',
  'findings.json',
]

/**
 * Checks that a report would not overwrite files of another program. Call it before anything is computed.
 * @throws UsageError that names such a file
 */
export async function checkResultsFolder(results: string): Promise<void> {
  if (await isResultsFolder(results)) return
  const names = await entriesOf(results)
  const foreign = REPLACED.find((name) => names.includes(name))
  if (foreign === undefined) return
  throw new UsageError(
    `${results} is not a results folder, but contains ${foreign}, which a report would replace; choose another folder, such as an empty one`,
  )
}

export async function isResultsFolder(folder: string): Promise<boolean> {
  return (await entriesOf(folder)).some((name) => STUDY_ENTRIES.includes(name))
}

function entriesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}
