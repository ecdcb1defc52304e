import type { NetworkAnswers } from '../../src/consistency/networkAnswers.js'
import { consistencyPage } from '../../src/consistency/page/page.js'
import {
  columnsOf,
  EXACT_CROP,
  PROTOCOLS,
  type Protocol,
  type ProtocolSetting,
  withAllMeasures,
} from '../../src/consistency/protocols.js'
import { type NetworkConsistency, summary } from '../../src/consistency/result.js'
import { sha256 } from '../../src/files/sha256.js'
import type { PhotographFile } from '../../src/patches/photographs.js'

const NO_MORE = { labels: false, boxes: false }

const SETTING: ProtocolSetting = {
  ...{ frame: 32, draws: 1, background: { rgb: [0, 0, 0] } },
  columns: columnsOf(NO_MORE),
}

const CROP_AND_DIAGONAL = PROTOCOLS.filter(({ name }) => name === 'crop' || name === 'diagonal')
/** All windows of a photograph, and no path. */
export const ONLY_EXACT: readonly Protocol[] = [EXACT_CROP]

/** Values of a photograph: agreement of its crops, share of steps that change the answer, first probability. */
export type MadeValues = readonly [agreement: number, change: number, confidence: number]

export interface MadeNetwork {
  readonly result: NetworkConsistency
  readonly answers: NetworkAnswers
}

/**
 * A network that has measured the photographs `0.png`, `1.png`, … It answers `ant` and `bee` in turn.
 * @param photographs undefined for a photograph that it has not measured
 */
export function madeNetwork(
  model: string,
  photographs: readonly (MadeValues | undefined)[],
  { protocols = CROP_AND_DIAGONAL as readonly Protocol[], files = [] as readonly PhotographFile[] } = {},
): MadeNetwork {
  const all = withAllMeasures(protocols, NO_MORE)
  const rows = photographs.flatMap((values, i) => {
    if (values === undefined) return []
    const [agreement, change, confidence] = values
    const given: Record<string, number> = { agreement, change, confidence, 'always-same': 0, 'probability-change': 0.1 }
    const own = all.flatMap(({ measures }) => measures.map(({ name }) => given[name] as number))
    return [{ name: `${i}.png`, sha256: sha256(`${i}.png`), values: own, row: i }]
  })
  const columns = [0, 0.75, 0.5]
  const read = async (_row: number, _first: number, count: number) =>
    Float32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? (i / 3) % 2 : (columns[i % 3] as number)))
  const failed = photographs.length === rows.length ? [] : [{ name: 'small.png', reason: 'it is too small' }]
  return {
    result: {
      model,
      frame: SETTING.frame,
      device: 'cpu',
      failed,
      ...summary(all, rows),
    } as unknown as NetworkConsistency,
    answers: {
      ...{ network: { id: model, classes: { names: ['ant', 'bee'] } }, protocols: all, setting: SETTING, files },
      ...{ measured: new Map(rows.map((row) => [row.name, row])), store: { read } },
    } as unknown as NetworkAnswers,
  }
}

export function madePage(networks: readonly MadeNetwork[]): Promise<string> {
  const protocols = networks[0]?.answers.protocols.map(({ name }) => name) ?? []
  const result = { protocols, draws: 1, seed: 0, background: '#000000', networks: networks.map(({ result }) => result) }
  return consistencyPage(
    result,
    networks.map(({ answers }) => answers),
  )
}
