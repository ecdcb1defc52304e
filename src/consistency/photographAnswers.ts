import { overlapOf } from '../experiments/boxes.js'
import { mean } from '../support/statistics.js'
import {
  answersOf,
  type Column,
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

/** Takes a photograph's answers frame by frame, and makes the row of values to store. */
export function photographAnswers(protocols: readonly Protocol[], setting: ProtocolSetting, right: RightClasses) {
  const all = protocols.map((protocol) => protocolAnswers(protocol, setting, right))
  const row: number[] = []
  let at = 0
  return {
    row: row as readonly number[],
    /** Takes the class probabilities of the next frame, in the order of the protocols. */
    take: (probabilities: Float64Array, seen?: Seen): void => {
      const { isComplete, values } = (all[at] as (typeof all)[number])(probabilities, seen)
      row.push(...values)
      if (isComplete) at++
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

/**
 * Computes a photograph's measures from its row of stored values.
 * @returns the values of all measures, protocol by protocol; NaN for what needs a label, if the photograph has none
 */
export function photographMeasures(
  protocols: readonly Protocol[],
  setting: ProtocolSetting,
  right: RightClasses,
  row: Float32Array,
): readonly number[] {
  let first = 0
  return protocols.flatMap((protocol) => {
    const own = row.subarray(first)
    first += keptValues(protocol, setting)
    return protocolMeasures(protocol, setting, right, own)
  })
}

/** @param row the stored values from the protocol's first one on */
function protocolMeasures(protocol: Protocol, setting: ProtocolSetting, right: RightClasses, row: Float32Array) {
  const answers = Array.from({ length: answersOf(protocol, setting) }, (_, frame) =>
    storedAnswer(frame, row, setting, right),
  )
  const extra = row.subarray(answers.length * setting.columns.length, keptValues(protocol, setting))
  /** Number of frames by answer. */
  const counts = new Map<number, number>()
  for (const { answer } of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return protocol.measures.map(({ of, combine, ofCounts, ofExtra }) => {
    if (ofCounts) return ofCounts(counts)
    if (ofExtra) return ofExtra(extra)
    const values = answers.flatMap((answer, frame) => {
      const compared = comparedWith(protocol, frame, answers[frame - 1], answers[0])
      return of?.(answer, compared) ?? []
    })
    if (values.length === 0) return Number.NaN
    return combine === 'least' ? values.reduce((least, value) => Math.min(least, value)) : mean(values)
  })
}

/**
 * Reads the answer to a frame.
 * @param row the stored values from the protocol's first one on
 */
export function storedAnswer(
  frame: number,
  row: Float32Array,
  { columns }: Pick<ProtocolSetting, 'columns'>,
  right: RightClasses,
): StoredAnswer {
  const value = (name: Column) => {
    const column = columns.indexOf(name)
    return column === -1 ? Number.NaN : (row[frame * columns.length + column] as number)
  }
  const answer = value('answer')
  return {
    frame,
    answer,
    probability: value('probability'),
    next: value('next'),
    right: value('right'),
    overlap: value('overlap'),
    isRight: right?.includes(answer),
  }
}
