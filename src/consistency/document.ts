import { join } from 'node:path'
import { answerNames } from '../experiments/answers.js'
import { writeFileAtomic } from '../files/atomic.js'
import { encodeNpy } from '../files/npy.js'
import { packageVersion } from '../files/package.js'
import type { Network } from '../networks/index.js'
import { csvCell } from '../results/csv.js'
import type { Answers } from './answerStore.js'
import { consistencyPage } from './page/page.js'
import type { Consistency } from './result.js'

/** Content of consistency.json. It contains no durations, so that equal inputs give equal bytes. */
export function consistencyDocument({ photographs, images, seconds, imagesPerSecond, ...result }: Consistency): object {
  return { shiftscope: packageVersion(), ...result, photographs: photographs.length }
}

/** Writes all files of `out`. The description of the results, consistency.json, comes last. */
export async function writeResults(
  folder: string,
  result: Consistency,
  answers: Answers,
  network: Network,
): Promise<void> {
  let first = 0
  for (const protocol of answers.protocols) {
    const count = protocol.kept(answers.setting)
    await writeFileAtomic(join(folder, `${protocol.name}.npy`), arrayOf(answers, first, count))
    first += count
  }
  const head = ['photograph', 'sha256', ...result.measures.map(({ protocol, measure }) => `${protocol} ${measure}`)]
  const lines = [head, ...result.photographs.map(({ name, sha256, values }) => [name, sha256, ...values])]
  const csv = lines.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('')
  await writeFileAtomic(join(folder, 'photographs.csv'), csv)
  await writeFileAtomic(join(folder, 'index.html'), await consistencyPage(result, answers, answerNames(network)))
  const content = `${JSON.stringify(consistencyDocument(result), null, 2)}\n`
  await writeFileAtomic(join(folder, 'consistency.json'), content)
}

/** Number of values in memory while an array is written. */
const VALUES_AT_A_TIME = 1 << 20

/**
 * Yields the bytes of a .npy file, [photographs, count]: values `first` to before `first + count` of each row. The row
 * of a photograph that could not be used is NaN.
 */
async function* arrayOf({ files, measured, store }: Answers, first: number, count: number): AsyncGenerator<Uint8Array> {
  yield encodeNpy([files.length, count], new Float32Array())[0]
  for (const { name } of files) {
    const row = measured.get(name)?.row
    for (let at = 0; at < count; at += VALUES_AT_A_TIME) {
      const length = Math.min(VALUES_AT_A_TIME, count - at)
      const values =
        row === undefined ? new Float32Array(length).fill(Number.NaN) : await store.read(row, first + at, length)
      yield new Uint8Array(values.buffer)
    }
  }
}
