import { AXES } from '../engine/positions.js'
import type { Frame } from '../engine/task.js'
import { resizeAntialiased } from '../patches/antialiased.js'
import type { Image } from '../patches/image.js'
import { mean } from '../support/statistics.js'
import { centreOf, cropped, sourceSide } from './photographs.js'
import { circularShift, idealShift, placedOn, shiftDerivative } from './shifts.js'

export interface ProtocolSetting {
  /** Side of the network's input in pixels. */
  readonly frame: number
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`. */
  readonly draws: number
  /** For `embed`: the background behind the reduced photograph, RGB [frame, frame, 3]. */
  readonly background: Uint8Array
}

export type ProtocolName = 'crop' | 'diagonal' | 'embed' | 'circular' | 'subpixel'
export const PROTOCOL_NAMES: readonly ProtocolName[] = ['crop', 'diagonal', 'embed', 'circular', 'subpixel']

/** A measure of one photograph. It is computed from the row of numbers that `Protocol.keep` returned. */
interface ProtocolMeasure {
  readonly name: string
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error'
  readonly of: (row: Float32Array) => number
}

export interface Protocol {
  readonly name: ProtocolName
  /** Number of frames per photograph. */
  readonly count: (setting: ProtocolSetting) => number
  /** @param random returns numbers from 0 to below 1 */
  readonly frames: (photograph: Image, setting: ProtocolSetting, random: () => number) => readonly Frame[]
  /** Number of values that `keep` returns. */
  readonly kept: (setting: ProtocolSetting) => number
  /**
   * Reduces a photograph's class probabilities, [frames, classes], to the few numbers that are stored. They begin with
   * the result of the function `answers`.
   */
  readonly keep: (probabilities: Float64Array, classes: number, setting: ProtocolSetting) => Float32Array
  readonly measures: readonly ProtocolMeasure[]
  /** Whether each frame is shifted by 1 px from the frame before it. */
  readonly isPath: boolean
}

/** The protocol `subpixel` shifts by multiples of 1/4 pixel along each axis. */
const STEPS_PER_PIXEL = 4
const FRACTIONS = STEPS_PER_PIXEL ** 2

/** Size ε, in pixels, of the shifts from which the local equivariance error is computed. */
const EPSILON = 0.003

/** How many numbers are kept per frame; see the function `answers`. */
const ANSWER_NUMBERS = 3

/**
 * The usual protocols to measure shift invariance.
 *
 * - `crop`: pairs of crops at random offsets (`validate_shift`, Zhang 2019).
 * - `diagonal`: crops along the diagonal, 1 px apart (Azulay and Weiss 2019; `validate_diagonal`, Zhang 2019).
 * - `embed`: the photograph, reduced to half of the frame's side, moves over a background along the diagonal in steps
 *   of 1 px (Azulay and Weiss 2019).
 * - `circular`: pairs of random circular shifts (Chaman and Dokmanic 2021).
 * - `subpixel`: circular shifts by fractions of a pixel (Michaeli et al. 2023), and the local equivariance error
 *   (Gruver et al. 2023): the mean of |p(x + ε∂x) − p(x − ε∂x)| / 2ε over classes and both axes. In this error, shifts
 *   are measured in units of half the image's side.
 */
export const PROTOCOLS: readonly Protocol[] = [
  {
    ...keepsAnswers('crop', ({ draws }) => 2 * draws),
    frames: (photograph, { frame, draws }, random) =>
      Array.from({ length: 2 * draws }, () => {
        const [row, col] = [offset(random, photograph.rows - frame), offset(random, photograph.rows - frame)]
        return cropped(photograph, frame, row, col)
      }),
    measures: [agreement('crops')],
    isPath: false,
  },
  {
    ...keepsAnswers('diagonal', ({ frame }) => sourceSide(frame) - frame + 1),
    frames: (photograph, { frame }) =>
      Array.from({ length: photograph.rows - frame + 1 }, (_, at) => cropped(photograph, frame, at, at)),
    measures: pathMeasures(),
    isPath: true,
  },
  {
    ...keepsAnswers('embed', ({ frame }) => frame - embeddedSide(frame) + 1),
    frames: (photograph, { frame, background }) => {
      const side = embeddedSide(frame)
      const reduced = resizeAntialiased(photograph, side, side).data
      return Array.from({ length: frame - side + 1 }, (_, at) => placedOn(background, frame, reduced, side, at))
    },
    measures: pathMeasures(),
    isPath: true,
  },
  {
    ...keepsAnswers('circular', ({ draws }) => 2 * draws),
    frames: (photograph, { frame, draws }, random) => {
      const margin = photograph.rows - frame
      const centre = centreOf(photograph, frame)
      return Array.from({ length: 2 * draws }, () =>
        circularShift(centre, frame, offset(random, margin), offset(random, margin)),
      )
    },
    measures: [agreement('circular shifts')],
    isPath: false,
  },
  {
    name: 'subpixel',
    count: () => FRACTIONS + 2 * AXES.length,
    frames: (photograph, { frame }) => {
      const centre = centreOf(photograph, frame)
      return [...fractionalShifts(centre, frame), ...steppedBothWays(centre, frame)]
    },
    kept: () => FRACTIONS * ANSWER_NUMBERS + AXES.length,
    keep: (probabilities, classes, { frame }) => {
      const errors = equivarianceErrors(probabilities.subarray(FRACTIONS * classes), classes, frame)
      return Float32Array.of(...answers(probabilities.subarray(0, FRACTIONS * classes), classes), ...errors)
    },
    measures: [
      {
        name: 'agreement',
        title: 'same answer after a shift by quarters of a pixel',
        unit: 'share',
        of: (row) => share(FRACTIONS - 1, (i) => answerAt(row, i + 1) === answerAt(row, 0)),
      },
      {
        name: 'equivariance-error',
        title: 'local equivariance error',
        unit: 'error',
        of: (row) => mean(row.subarray(FRACTIONS * ANSWER_NUMBERS)),
      },
    ],
    isPath: false,
  },
]

function keepsAnswers(name: ProtocolName, count: Protocol['count']) {
  return { name, count, kept: (setting: ProtocolSetting) => count(setting) * ANSWER_NUMBERS, keep: answers }
}

function embeddedSide(frame: number): number {
  return Math.round(frame / 2)
}

/**
 * Returns three numbers per frame: the index of the most probable class, its probability, and the probability of the
 * same class in the next frame. The last number is NaN for the last frame.
 */
function answers(probabilities: Float64Array, classes: number): Float32Array {
  const frames = probabilities.length / classes
  const kept = new Float32Array(frames * ANSWER_NUMBERS)
  for (let frame = 0; frame < frames; frame++) {
    const row = probabilities.subarray(frame * classes, (frame + 1) * classes)
    const strongest = row.indexOf(row.reduce((most, value) => Math.max(most, value)))
    const next = probabilities[(frame + 1) * classes + strongest] ?? Number.NaN
    kept.set([strongest, row[strongest] as number, next], frame * ANSWER_NUMBERS)
  }
  return kept
}

/** Index of the most probable class in a frame. */
export function answerAt(row: Float32Array, frame: number): number {
  return row[frame * ANSWER_NUMBERS] as number
}

export function probabilityAt(row: Float32Array, frame: number): number {
  return row[frame * ANSWER_NUMBERS + 1] as number
}

/** Number of frames in a stored row. Rows of `subpixel` end with two more numbers, which belong to no frame. */
export function answerCount(row: Float32Array): number {
  return Math.floor(row.length / ANSWER_NUMBERS)
}

/** Measure: the share of pairs of frames with the same answer. The pairs are frames 0 and 1, 2 and 3, … */
function agreement(shifted: string): ProtocolMeasure {
  return {
    name: 'agreement',
    title: `same answer in two random ${shifted}`,
    unit: 'share',
    of: (row) => share(answerCount(row) / 2, (pair) => answerAt(row, 2 * pair) === answerAt(row, 2 * pair + 1)),
  }
}

function pathMeasures(): readonly ProtocolMeasure[] {
  const steps = (row: Float32Array) => answerCount(row) - 1
  return [
    {
      name: 'change',
      title: 'answer changes after a step of 1 px',
      unit: 'share',
      of: (row) => share(steps(row), (step) => answerAt(row, step) !== answerAt(row, step + 1)),
    },
    {
      name: 'probability-change',
      title: "mean absolute change of the answer's probability",
      unit: 'probability',
      of: (row) =>
        mean(
          Float64Array.from({ length: steps(row) }, (_, step) => {
            const [, before = 0, after = 0] = row.subarray(step * ANSWER_NUMBERS)
            return Math.abs(after - before)
          }),
        ),
    },
  ]
}

function offset(random: () => number, below: number): number {
  return Math.floor(random() * below)
}

/**
 * Shifts a picture down and to the right by all combinations of 0, ¼, ½ and ¾ pixel. The first result is the unshifted
 * picture.
 */
function fractionalShifts(picture: Uint8Array, side: number): readonly Float32Array[] {
  const quarters = Array.from({ length: STEPS_PER_PIXEL }, (_, i) => i / STEPS_PER_PIXEL)
  return quarters.flatMap((rows) => {
    const shifted = rows === 0 ? Float32Array.from(picture) : idealShift(picture, side, 'rows', rows)
    return quarters.map((cols) => (cols === 0 ? shifted : idealShift(shifted, side, 'cols', cols)))
  })
}

/**
 * Returns four pictures: x + ε∂x and x − ε∂x for shifts along `rows`, then the same for `cols`. x is the given picture,
 * and ∂x its derivative with respect to the distance of the shift.
 */
function steppedBothWays(picture: Uint8Array, side: number): readonly Float32Array[] {
  return AXES.flatMap((axis) => {
    const derivative = shiftDerivative(picture, side, axis)
    return [EPSILON, -EPSILON].map((step) => derivative.map((slope, i) => (picture[i] as number) + step * slope))
  })
}

/** @param probabilities class probabilities for the four pictures that `steppedBothWays` returns, [4, classes] */
function equivarianceErrors(probabilities: Float64Array, classes: number, frame: number): readonly number[] {
  return AXES.map((_, axis) => {
    const at = (sign: number, i: number) => probabilities[(2 * axis + sign) * classes + i] as number
    const slopes = Float64Array.from({ length: classes }, (_, i) => Math.abs(at(0, i) - at(1, i)) / (2 * EPSILON))
    return (mean(slopes) * (frame - 1)) / 2
  })
}

function share(count: number, isOne: (i: number) => boolean): number {
  let ones = 0
  for (let i = 0; i < count; i++) if (isOne(i)) ones++
  return ones / count
}
