import { readdir } from 'node:fs/promises'
import { UsageError } from '../errors.js'

/** Entries that a study makes before its first report. Any of them marks a results folder. */
const STUDY_ENTRIES: readonly string[] = ['run.json', 'units', 'arithmetic']

/** Files and folders that a report replaces, whatever they hold. */
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
 * Checks, before anything is computed, that a report would not replace files that no study has made.
 * @throws UsageError that names such a file
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
