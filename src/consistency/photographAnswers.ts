import { overlapOf } from '../experiments/boxes.js'
import {
  answersOf,
  comparedWith,
  type FrameAnswer,
  keptValues,
  type Protocol,
  type ProtocolSetting,
  type StoredAnswer,
} from './protocols.js'

/** What a detector sees in a frame. */
export type Seen = Pick<FrameAnswer, 'answer' | 'box'>

/** The right classes of a photograph; undefined if it has no label. */
export type RightClasses = readonly number[] | undefined

/**
 * Takes a photograph's answers frame by frame, and returns the values to store. It keeps only a few frames, because a
 * photograph may have millions.
 */
export function photographAnswers(protocols: readonly Protocol[], setting: ProtocolSetting, right: RightClasses) {
  const all = protocols.map((protocol) => protocolAnswers(protocol, setting, right))
  let at = 0
  return {
    /** Takes the class probabilities of the next frame, in the order of the protocols. */
    take: (probabilities: Float64Array, seen?: Seen): readonly number[] => {
      const { isComplete, values } = (all[at] as (typeof all)[number])(probabilities, seen)
      if (isComplete) at++
      return values
    },
    /** Whether all frames were taken. */
    isComplete: () => at === all.length,
  }
}

interface Pending {
  readonly answer: FrameAnswer
  /** Overlap of its boxes with those of the frame with which it is compared. */
  readonly overlap: number
}

function protocolAnswers(protocol: Protocol, setting: ProtocolSetting, right: RightClasses) {
  const frames = protocol.count(setting)
  const stored = answersOf(protocol, setting)
  let first: FrameAnswer | undefined
  let before: Pending | undefined
  const columnsOf = ({ answer, overlap }: Pending, after: FrameAnswer | undefined): readonly number[] => {
    const hasNext = after !== undefined && after.frame < stored
    const values = {
      answer: answer.answer,
      probability: probabilityOf(answer, answer),
      next: hasNext ? probabilityOf(answer, after) : Number.NaN,
      right: right ? Math.max(...right.map((index) => answer.probabilities[index] as number)) : Number.NaN,
      overlap,
    }
    return setting.columns.map((column) => values[column])
  }
  return (probabilities: Float64Array, seen?: Seen) => {
    const frame = before === undefined ? 0 : before.answer.frame + 1
    const answer = { ...answerOf(frame, probabilities), ...seen }
    const values: number[] = []
    if (before !== undefined) {
      if (before.answer.frame < stored) values.push(...columnsOf(before, answer))
      values.push(...[protocol.extraOf?.(before.answer, answer, setting) ?? []].flat())
    }
    const compared = comparedWith(protocol, frame, before?.answer, first)
    first ??= answer
    before = { answer, overlap: compared ? overlapOfBoxes(compared, answer) : Number.NaN }
    const isComplete = frame === frames - 1
    if (isComplete && frame < stored) values.push(...columnsOf(before, undefined))
    return { isComplete, values }
  }
}

export function answerOf(frame: number, probabilities: Float64Array): FrameAnswer {
  const largest = probabilities.reduce((most, value) => Math.max(most, value))
  return { frame, answer: probabilities.indexOf(largest), probabilities }
}

/**
 * Probability in the frame `seen` of another frame's answer. If the answer is that a detector sees nothing, the best
 * score of all classes.
 */
function probabilityOf({ answer }: FrameAnswer, seen: FrameAnswer): number {
  return seen.probabilities[answer] ?? Math.max(...seen.probabilities)
}

/** 1 if a detector sees nothing in both frames, and 0 if it does in one. */
function overlapOfBoxes(one: FrameAnswer, other: FrameAnswer): number {
  return one.box && other.box ? overlapOf(one.box, other.box) : Number(one.box === other.box)
}

/** Computes a photograph's measures from its stored values, which it takes in pieces of any length. */
export function photographMeasures(protocols: readonly Protocol[], setting: ProtocolSetting, right: RightClasses) {
  const all = protocols.map((protocol) => protocolMeasures(protocol, setting, right))
  let at = 0
  return {
    take: (values: ArrayLike<number>): void => {
      for (let i = 0; i < values.length; i++) {
        // Stored values have the precision of float32.
        if (all[at]?.take(Math.fround(values[i] as number)) === 'complete') at++
      }
    },
    /** The values of all measures, protocol by protocol. NaN for what needs a label, if the photograph has none. */
    values: () => all.flatMap(({ values }) => values()),
  }
}

function protocolMeasures(protocol: Protocol, setting: ProtocolSetting, right: RightClasses) {
  const { columns } = setting
  const stored = answersOf(protocol, setting)
  const kept = keptValues(protocol, setting)
  const means = protocol.measures.map((measure) => ({ measure, sum: 0, count: 0, least: Number.POSITIVE_INFINITY }))
  /** Number of frames by answer. */
  const counts = new Map<number, number>()
  const extra: number[] = []
  const values = new Float32Array(columns.length)
  let taken = 0
  let first: StoredAnswer | undefined
  let before: StoredAnswer | undefined
  const takeAnswer = (answer: StoredAnswer) => {
    const compared = comparedWith(protocol, answer.frame, before, first)
    first ??= answer
    before = answer
    counts.set(answer.answer, (counts.get(answer.answer) ?? 0) + 1)
    for (const mean of means) {
      const value = mean.measure.of?.(answer, compared)
      if (value === undefined) continue
      mean.sum += value
      mean.count++
      mean.least = Math.min(mean.least, value)
    }
  }
  return {
    take: (value: number) => {
      const column = taken % columns.length
      const frame = Math.floor(taken++ / columns.length)
      if (frame >= stored) extra.push(value)
      else {
        values[column] = value
        if (column === columns.length - 1) takeAnswer(storedAnswer(frame, values, setting, right))
      }
      return taken === kept ? 'complete' : undefined
    },
    values: () =>
      means.map(({ measure, sum, count, least }) => {
        if (measure.ofCounts) return measure.ofCounts(counts)
        if (measure.ofExtra) return measure.ofExtra(extra)
        if (count === 0) return Number.NaN
        return measure.combine === 'least' ? least : sum / count
      }),
  }
}

/**
 * Reads an answer from a protocol's stored values.
 * @param row the values from the protocol's first one on, or from this answer's first one on if `at` is 0
 */
export function storedAnswer(
  frame: number,
  row: Float32Array,
  { columns }: Pick<ProtocolSetting, 'columns'>,
  right: RightClasses,
  at = 0,
): StoredAnswer {
  const value = (name: (typeof columns)[number]) => row[at + columns.indexOf(name)] ?? Number.NaN
  const answer = value('answer')
  return {
    frame,
    answer,
    probability: value('probability'),
    next: value('next'),
    right: columns.includes('right') ? value('right') : Number.NaN,
    overlap: columns.includes('overlap') ? value('overlap') : Number.NaN,
    isRight: right?.includes(answer),
  }
}
