import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { packageVersion } from '../files/package.js'
import type { Network } from '../networks/index.js'
import { csvCell } from '../results/csv.js'
import { consistencyPage } from './page.js'
import type { Consistency, KeptAnswers } from './result.js'

/** Content of consistency.json. It contains no durations, so that equal inputs give equal bytes. */
export function consistencyDocument({ photographs, images, seconds, imagesPerSecond, ...result }: Consistency): object {
  return { shiftscope: packageVersion(), ...result, photographs: photographs.length }
}

export function consistencyFile(result: Consistency): { readonly file: string; readonly content: string } {
  return { file: 'consistency.json', content: `${JSON.stringify(consistencyDocument(result), null, 2)}\n` }
}

export async function writeTables(
  folder: string,
  result: Consistency,
  kept: KeptAnswers,
  { classes }: Network,
): Promise<void> {
  const head = ['photograph', ...result.measures.map(({ protocol, measure }) => `${protocol} ${measure}`)]
  const lines = [head, ...result.photographs.map(({ name, values }) => [name, ...values])]
  const csv = lines.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('')
  await writeFileAtomic(join(folder, 'photographs.csv'), csv)
  await writeFileAtomic(join(folder, 'index.html'), await consistencyPage(result, kept, classes?.names ?? []))
}
