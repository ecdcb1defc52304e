import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { encodeNpy } from '../files/npy.js'
import { packageVersion } from '../files/package.js'
import { csvText } from '../results/csv.js'
import { type NetworkAnswers, networkFolder } from './networkAnswers.js'
import { consistencyPage } from './page/page.js'
import { numberCell, photographsTable } from './photographsTable.js'
import { keptValues } from './protocols.js'
import type { Consistency, NetworkConsistency, ShownConsistency, ShownNetwork } from './result.js'

/** Properties of a network that depend on the photographs that are left to measure, or on the machine's speed. */
const OF_THE_CALL: ReadonlySet<string> = new Set(['settings', 'images', 'seconds', 'imagesPerSecond'])

/**
 * Content of consistency.json. It contains no durations and no numbers of workers, which depend on the photographs that
 * are left to measure, so equal inputs give equal bytes.
 */
export function consistencyDocument({ networks, ...result }: ShownConsistency): object {
  return {
    shiftscope: packageVersion(),
    ...result,
    networks: networks.map((network) => {
      const { photographs, ...described } = network
      const kept = Object.entries(described).filter(([name]) => !OF_THE_CALL.has(name))
      return { ...Object.fromEntries(kept), photographs: photographs.length }
    }),
  }
}

/**
 * Writes all files of `out`. The description of the results, consistency.json, comes last.
 * @param stored the networks that earlier calls have measured there
 */
export async function writeResults(
  folder: string,
  result: Consistency,
  networks: readonly NetworkAnswers[],
  stored: readonly ShownNetwork[],
): Promise<void> {
  for (const [i, answers] of networks.entries())
    await writeNetwork(folder, result.networks[i] as NetworkConsistency, answers)
  const own = new Map(result.networks.map((network) => [network.model, network]))
  const before = new Set(stored.map(({ model }) => model))
  const all = {
    ...result,
    networks: [
      ...stored.map((network) => own.get(network.model) ?? network),
      ...result.networks.filter(({ model }) => !before.has(model)),
    ],
  }
  await writeFileAtomic(join(folder, 'summary.csv'), csvText(summaryLines(all)))
  await writeFileAtomic(join(folder, 'index.html'), await consistencyPage(all, networks))
  const content = `${JSON.stringify(consistencyDocument(all), null, 2)}\n`
  await writeFileAtomic(join(folder, 'consistency.json'), content)
}

async function writeNetwork(out: string, result: NetworkConsistency, answers: NetworkAnswers): Promise<void> {
  const folder = networkFolder(out, result.model)
  let first = 0
  for (const protocol of answers.protocols) {
    const count = keptValues(protocol, answers.setting)
    await writeFileAtomic(join(folder, `${protocol.name}.npy`), arrayOf(answers, first, count))
    first += count
  }
  await writeFileAtomic(join(folder, 'photographs.csv'), photographsTable(result, answers.labels))
}

/** One line per network, measure, and choice of photographs. */
function summaryLines({ networks }: ShownConsistency) {
  const lines = networks.flatMap(({ model, measures }) =>
    measures.flatMap(({ protocol, measure, confident, ...all }) =>
      Object.entries({ all, confident }).map(([photographs, { mean, standardError, count }]) => [
        model,
        protocol,
        measure,
        photographs,
        numberCell(mean),
        numberCell(standardError),
        count,
      ]),
    ),
  )
  return [['network', 'protocol', 'measure', 'photographs', 'mean', 'standard error', 'count'], ...lines]
}

/**
 * Yields the bytes of a .npy file, [photographs, count]: values `first` to before `first + count` of each row. The row
 * of a photograph that could not be used is NaN.
 */
async function* arrayOf(
  { files, measured, store }: NetworkAnswers,
  first: number,
  count: number,
): AsyncGenerator<Uint8Array> {
  yield encodeNpy([files.length, count], new Float32Array())[0]
  for (const { name } of files) {
    const row = measured.get(name)?.row
    const values = row === undefined ? new Float32Array(count).fill(Number.NaN) : await store.read(row, first, count)
    yield new Uint8Array(values.buffer)
  }
}
