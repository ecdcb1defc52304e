import { type ProtocolName, protocolNamed } from '../../src/experiments/answers/protocols.js'
import { sha256 } from '../../src/files/sha256.js'
import { resultsPage } from '../../src/page/html/page.js'
import { photographsPart } from '../../src/report/photographs/section.js'
import { withChance } from '../../src/results/answers/chanceValues.js'
import { metricsOf } from '../../src/results/answers/measures.js'
import type { AnsweredNetwork } from '../../src/results/answers/read.js'
import type { ListedMetric } from '../../src/results/answers/summary.js'

/** Values of a photograph: agreement of its crops, share of steps that change the answer, first probability. */
export type MadeValues = readonly [agreement: number, change: number, confidence: number]

interface MadeSettings extends Partial<Pick<AnsweredNetwork, 'facts' | 'frame'>> {
  readonly protocols?: readonly ProtocolName[]
  readonly draws?: number
  /** Whether the photographs have labels. All answers without a shift are right then. */
  readonly labels?: boolean
  /** Whether all photographs get the same answer. By default, none get the same, so the chance agreement is 0. */
  readonly isConstant?: boolean
}

/**
 * A network that has measured the photographs `0.png`, `1.png`, … It answers `ant` and `bee` in turn.
 * @param photographs undefined for a photograph that it has not measured
 */
export function madeNetwork(
  model: string,
  photographs: readonly (MadeValues | undefined)[],
  { protocols = ['crop', 'diagonal'], draws = 1, labels = false, isConstant = false, ...facts }: MadeSettings = {},
): AnsweredNetwork {
  const listed = protocols.flatMap((protocol) =>
    metricsOf(protocolNamed(protocol), { labels }).map((measure): ListedMetric => ({ protocol, measure })),
  )
  const rows = photographs.flatMap((values, i) => {
    if (values === undefined) return []
    const [agreement, change, confidence] = values
    const others = { accuracy: 1, 'always-same': 0, 'probability-change': 0.1 }
    const given: Record<string, number> = { agreement, change, confidence, ...others }
    const own = listed.map(({ measure }) => given[measure.name] ?? Number.NaN)
    const frames = new Map(protocols.map((protocol) => [protocol, Uint32Array.of(isConstant ? 0 : i)]))
    return [{ name: `${i}.png`, sha256: sha256(`${i}.png`), values: own, frames }]
  })
  return {
    model,
    weightsSha256: sha256(model),
    layer: 'fc',
    frame: 32,
    input: 'none',
    reading: 'torchvision',
    scores: 'logits',
    ...facts,
    protocols: protocols.map((name) => ({ name, ...(name === 'crop' && { draws, seed: 0 }) })),
    ...withChance(listed, rows),
    copies: [],
    failed: photographs.length === rows.length ? [] : [{ name: 'small.png', reason: 'it is too small' }],
    answersTo: async (protocol) => ({
      answers: Array.from({ length: protocolNamed(protocol).count({ frame: 32, draws }) }, (_, index) => ({
        index,
        ...{
          answer: index % 2,
          probability: 0.75,
          next: 0.5,
          right: Number.NaN,
          overlap: Number.NaN,
          isRight: undefined,
        },
      })),
      names: { 0: 'ant', 1: 'bee' },
    }),
  }
}

/** @param pictures JPEGs by the names of photographs */
export async function madePage(
  networks: readonly AnsweredNetwork[],
  pictures: Readonly<Record<string, Buffer>> = {},
): Promise<string> {
  const { sections } = await photographsPart(networks, [], async ({ name }) => pictures[name])
  return resultsPage(null, sections, { title: 'Shift consistency' })
}
