import { answerOf, type FrameAnswer, type Protocol, type ProtocolSetting } from './protocols.js'

/**
 * Takes a photograph's answers frame by frame, and computes its measures. It keeps only two frames, because a
 * photograph may have millions.
 */
export interface PhotographAnswers {
  /**
   * Takes the class probabilities of the next frame, in the order of the protocols.
   * @param seen what a detector sees in the frame
   * @returns the next values to store
   */
  take(probabilities: Float64Array, seen?: Pick<FrameAnswer, 'answer' | 'box'>): readonly number[]
  /** The values of all measures, protocol by protocol; undefined until all frames were taken. */
  values(): readonly number[] | undefined
}

export function photographAnswers(protocols: readonly Protocol[], setting: ProtocolSetting): PhotographAnswers {
  const all = protocols.map((protocol) => protocolAnswers(protocol, setting))
  let at = 0
  return {
    take: (probabilities, seen) => {
      const { isComplete, values } = (all[at] as (typeof all)[number]).take(probabilities, seen)
      if (isComplete) at++
      return values
    },
    values: () =>
      at < all.length
        ? undefined
        : all.flatMap(({ means, counts }) =>
            means.map(({ ofCounts, sum, count }) => (ofCounts ? ofCounts(counts) : sum / count)),
          ),
  }
}

function protocolAnswers({ count, keep, measures }: Protocol, setting: ProtocolSetting) {
  const frames = count(setting)
  const means = measures.map(({ of, ofCounts }) => ({ of, ofCounts, sum: 0, count: 0 }))
  /** Number of frames by answer. */
  const counts = new Map<number, number>()
  let first: FrameAnswer | undefined
  let before: FrameAnswer | undefined
  return {
    means,
    counts,
    take: (probabilities: Float64Array, seen?: Pick<FrameAnswer, 'answer' | 'box'>) => {
      const after = { ...answerOf(before === undefined ? 0 : before.frame + 1, probabilities), ...seen }
      const isComplete = after.frame === frames - 1
      first ??= after
      counts.set(after.answer, (counts.get(after.answer) ?? 0) + 1)
      const values = before === undefined ? [] : [...keep(before, after, setting)]
      for (const measure of means) {
        const value = before && measure.of(before, after, first, setting)
        if (value === undefined) continue
        measure.sum += value
        measure.count++
      }
      if (isComplete) values.push(...keep(after, undefined, setting))
      before = after
      return { isComplete, values }
    },
  }
}
