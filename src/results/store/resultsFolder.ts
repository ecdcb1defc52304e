import { readdir } from 'node:fs/promises'
import { UsageError } from '../../errors.js'
import { checkNotEarlier } from './openResults.js'

/** Entries that a study creates before its first report. A folder that has one of them is a results folder. */
const STUDY_ENTRIES: readonly string[] = ['run.json', 'units', 'arithmetic', 'answers', 'lists']

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
 * Checks that results can be written to a folder, and that a report would not overwrite files of another program. Call
 * it before anything is computed.
 * @throws UsageError if there is a file instead of the folder, or that names a file of another program
 * @throws InputError if the folder has results of an earlier version
 */
export async function checkResultsFolder(results: string): Promise<void> {
  await checkNotEarlier(results)
  const names = await readdir(results).catch((error: NodeJS.ErrnoException): readonly string[] => {
    if (error.code !== 'ENOTDIR') return []
    throw new UsageError(
      `cannot write results to ${results}: there is a file where a folder is needed; choose another folder`,
      { cause: error },
    )
  })
  if (isOfStudy(names)) return
  const foreign = REPLACED.find((name) => names.includes(name))
  if (foreign === undefined) return
  throw new UsageError(
    `${results} is not a results folder, but contains ${foreign}, which a report would replace; choose another folder, such as an empty one`,
  )
}

export function isResultsFolder(folder: string): Promise<boolean> {
  return readdir(folder).then(isOfStudy, () => false)
}

function isOfStudy(names: readonly string[]): boolean {
  return names.some((name) => STUDY_ENTRIES.includes(name))
}
