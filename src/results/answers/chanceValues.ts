import {
  type ChanceCorrected,
  chanceCorrected,
  type PictureAnswers,
  varietyOf,
} from '../../experiments/answers/chance.js'
import type { ProtocolName } from '../../experiments/answers/protocols.js'
import { CONFIDENCE } from './measures.js'
import {
  type ChanceValues,
  type ConsistencyMetric,
  type ListedMetric,
  type MeasuredPhotograph,
  metricMeans,
} from './summary.js'
import type { ProtocolVariety } from './variety.js'

/** A photograph with its answers in the frames of each protocol, as `numberedAnswers` numbers them. */
export interface ReadPhotograph extends MeasuredPhotograph {
  readonly frames: ReadonlyMap<ProtocolName, Uint32Array>
}

interface WithChance {
  readonly photographs: readonly MeasuredPhotograph[]
  readonly measures: readonly ConsistencyMetric[]
  readonly varieties: readonly ProtocolVariety[]
  readonly chanceOn: ChanceValues
}

/** Completes the values of photographs by those measures that depend on all of them, and takes the means. */
export function withChance(listed: readonly ListedMetric[], read: readonly ReadPhotograph[]): WithChance {
  const protocols = [...new Set(listed.map(({ protocol }) => protocol))]
  const corrected = new Map(protocols.map((protocol) => [protocol, correctedIn(protocol, listed, read)]))
  const photographs = read.map(({ frames: _, ...photograph }) => ({
    ...photograph,
    values: photograph.values.map((value, i) => {
      const { protocol, measure } = listed[i]!
      if (measure.ofAll === undefined) return value
      return corrected.get(protocol)?.[measure.ofAll].get(photograph.sha256) ?? Number.NaN
    }),
  }))
  const chanceOn: ChanceValues = ({ protocol, measure: name }, wanted) => {
    const { ofAll } = listed.find((one) => one.protocol === protocol && one.measure.name === name)?.measure ?? {}
    const some = read.filter(({ sha256 }) => wanted.has(sha256))
    return ofAll && correctedIn(protocol, listed, some)[ofAll]
  }
  const measures = metricMeans(listed, photographs, chanceOn)
  const varieties = protocols.map((protocol): ProtocolVariety => {
    return { protocol, ...varietyOf(picturesIn(protocol, listed, read).map(([, picture]) => picture)) }
  })
  return { photographs, measures, varieties, chanceOn }
}

/** Finite values by the SHA-256 of the photograph. */
function correctedIn(
  protocol: ProtocolName,
  listed: readonly ListedMetric[],
  some: readonly ReadPhotograph[],
): Readonly<Record<keyof ChanceCorrected, ReadonlyMap<string, number>>> {
  const pictures = picturesIn(protocol, listed, some)
  const { chance, relative } = chanceCorrected(pictures.map(([, picture]) => picture))
  const bySha256 = (values: readonly number[]) =>
    new Map(pictures.flatMap(([sha256], i) => (Number.isFinite(values[i]) ? [[sha256, values[i]!] as const] : [])))
  return { chance: bySha256(chance), relative: bySha256(relative) }
}

/** The photographs that the protocol has measured. */
function picturesIn(
  protocol: ProtocolName,
  listed: readonly ListedMetric[],
  some: readonly ReadPhotograph[],
): readonly (readonly [sha256: string, PictureAnswers])[] {
  const measured = ({ values }: ReadPhotograph, name: string) =>
    values[listed.findIndex((one) => one.protocol === protocol && one.measure.name === name)]
  return some.flatMap((photograph) => {
    const answers = photograph.frames.get(protocol)
    if (answers === undefined) return []
    const confidence = measured(photograph, CONFIDENCE) ?? Number.NaN
    const agreement = measured(photograph, 'agreement') ?? 1 - (measured(photograph, 'change') ?? Number.NaN)
    return [[photograph.sha256, { answers, first: answers[0] ?? 0, confidence, agreement }] as const]
  })
}
