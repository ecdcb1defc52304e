import { readdir } from 'node:fs/promises'
import { UsageError } from '../errors.js'

/** Entries that a study makes before its first report. Any of them marks a results folder. */
const STUDY_ENTRIES: readonly string[] = ['run.json', 'units', 'arithmetic']

/** Entries that a report replaces as a whole, whatever they hold. */
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
 * Looks whether a report into a folder would replace what no study has made, before anything is computed.
 * @throws UsageError that names it
 */
export async function checkResultsFolder(results: string): Promise<void> {
  const names = await readdir(results).catch((): string[] => [])
  if (names.some((name) => STUDY_ENTRIES.includes(name))) return
  const foreign = REPLACED.find((name) => names.includes(name))
  if (foreign === undefined) return
  throw new UsageError(
    `${results} is not a results folder, and a report would replace its ${foreign}; choose another folder, such as an empty one`,
  )
}
