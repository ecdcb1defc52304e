import { overlapOf } from './boxes.js'
import type { Seen } from './headRow.js'
import {
  answersOf,
  type Column,
  comparedWith,
  type FrameAnswer,
  type Protocol,
  type ProtocolSetting,
} from './protocols.js'

/** The right classes of a photograph; undefined if it has no label. */
export type RightClasses = readonly number[] | undefined

/** Takes a photograph's answers in one protocol, frame by frame, and makes the row of values to store. */
export interface ProtocolAnswers {
  /** Takes the class probabilities of the next frame. */
  readonly take: (probabilities: Float64Array, seen?: Seen) => void
  /** Whether all frames were taken. */
  readonly isComplete: () => boolean
  /** The columns of each stored answer, then the extra values; see `keptValues`. */
  readonly row: readonly number[]
}

interface Pending {
  readonly answer: FrameAnswer
  /** Overlap of its boxes with those of the frame with which it is compared. */
  readonly overlap: number
}

export function protocolAnswers(
  protocol: Protocol,
  setting: ProtocolSetting,
  columns: readonly Column[],
  right: RightClasses,
): ProtocolAnswers {
  const frames = protocol.count(setting)
  const stored = answersOf(protocol, setting)
  const row: number[] = []
  let first: FrameAnswer | undefined
  let before: Pending | undefined
  const valuesOf = ({ answer, overlap }: Pending, after: FrameAnswer | undefined): readonly number[] => {
    const hasNext = after !== undefined && after.index < stored
    const values = {
      answer: answer.answer,
      probability: probabilityOf(answer, answer),
      next: hasNext ? probabilityOf(answer, after) : Number.NaN,
      right: right ? Math.max(...right.map((index) => answer.probabilities[index]!)) : Number.NaN,
      overlap,
    }
    return columns.map((column) => values[column])
  }
  const isComplete = () => before !== undefined && before.answer.index === frames - 1
  return {
    row,
    isComplete,
    take: (probabilities, seen) => {
      const index = before === undefined ? 0 : before.answer.index + 1
      const answer = { ...answerOf(index, probabilities), ...seen }
      if (before !== undefined) {
        if (before.answer.index < stored) row.push(...valuesOf(before, answer))
        row.push(...[protocol.extraOf?.(before.answer, answer, setting) ?? []].flat())
      }
      const compared = comparedWith(protocol, index, before?.answer, first)
      first ??= answer
      before = { answer, overlap: compared ? overlapOfBoxes(compared, answer) : Number.NaN }
      if (isComplete() && index < stored) row.push(...valuesOf(before, undefined))
    },
  }
}

function answerOf(index: number, probabilities: Float64Array): FrameAnswer {
  const largest = probabilities.reduce((most, value) => Math.max(most, value))
  return { index, answer: probabilities.indexOf(largest), probabilities }
}

/**
 * Probability in the frame `seen` of another frame's answer. If the answer is that nothing is seen, the best score of
 * all classes.
 */
function probabilityOf({ answer }: FrameAnswer, seen: FrameAnswer): number {
  return seen.probabilities[answer] ?? Math.max(...seen.probabilities)
}

/** 1 if nothing is seen in both frames, and 0 if this is so in one. */
function overlapOfBoxes(one: FrameAnswer, other: FrameAnswer): number {
  return one.box && other.box ? overlapOf(one.box, other.box) : Number(one.box === other.box)
}
