import { AXES } from '../engine/positions.js'
import type { Frame } from '../engine/task.js'
import { type Box, overlapOf } from '../experiments/boxes.js'
import { agreementOf } from '../experiments/windowAnswers.js'
import { resizeAntialiased } from '../patches/antialiased.js'
import type { Image } from '../patches/image.js'
import { sourceSide } from '../patches/photographs.js'
import { mean } from '../support/statistics.js'
import { centreOf, cropped } from './crop.js'
import { circularShift, idealShift, placedOn, shiftDerivative } from './shifts.js'

export interface ProtocolSetting {
  /** Side of the network's input in pixels. */
  readonly frame: number
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`. */
  readonly draws: number
  /** For `embed`: the background behind the reduced photograph, RGB [frame, frame, 3]. */
  readonly background: Uint8Array
}

/** Name of a protocol that the user can choose. */
export type ChosenProtocol = 'crop' | 'diagonal' | 'embed' | 'circular' | 'subpixel'
/** `crop-exact` takes the place of `crop`, or comes beside it, if the exact chance is asked for. */
export type ProtocolName = ChosenProtocol | 'crop-exact'
export const PROTOCOL_NAMES: readonly ChosenProtocol[] = ['crop', 'diagonal', 'embed', 'circular', 'subpixel']

/** Describes a frame by its shift, in pixels along each axis. */
export interface Shift {
  readonly rows: number
  readonly cols: number
}

/** Gives the memory for one frame, RGB [frame, frame, 3], in the type that the frame needs. */
interface FrameMemory {
  readonly bytes: () => Uint8Array
  readonly floats: () => Float32Array
}

/** The network's answer to one frame. */
export interface FrameAnswer {
  /** Index of the frame in its protocol. */
  readonly frame: number
  /** Index of the most probable class; the number of classes if a detector sees nothing. */
  readonly answer: number
  /** Probability of each class. */
  readonly probabilities: Float64Array
  /** A detector's best box, where it would be if the photograph had not moved; absent if the detector sees nothing. */
  readonly box?: Box
}

/**
 * A measure of one photograph. It is what `ofCounts` returns. Without this function, it is the mean of the values that
 * `of` returns for pairs of consecutive frames. Pairs with the value undefined do not count.
 */
interface ProtocolMeasure {
  readonly name: string
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error' | 'overlap'
  /** @param first answer to the protocol's first frame */
  readonly of: (
    before: FrameAnswer,
    after: FrameAnswer,
    first: FrameAnswer,
    setting: ProtocolSetting,
  ) => number | undefined
  /** @param counts number of frames by answer */
  readonly ofCounts?: (counts: ReadonlyMap<number, number>) => number
}

export interface Protocol {
  readonly name: ProtocolName
  /** Number of frames per photograph. */
  readonly count: (setting: ProtocolSetting) => number
  /** @param random returns numbers from 0 to below 1 */
  readonly shifts: (setting: ProtocolSetting, random: () => number) => Iterable<Shift>
  /** Prepares a photograph. The function that it returns draws the frame of a shift. */
  readonly drawing: (photograph: Image, setting: ProtocolSetting) => (shift: Shift, memory: FrameMemory) => Frame
  /** Number of values that are stored per photograph. */
  readonly kept: (setting: ProtocolSetting) => number
  /**
   * Returns the values that are stored for one frame.
   * @param after answer to the next frame; undefined for the last frame
   */
  readonly keep: (before: FrameAnswer, after: FrameAnswer | undefined, setting: ProtocolSetting) => readonly number[]
  readonly measures: readonly ProtocolMeasure[]
  /** Whether each frame is shifted by 1 px from the frame before it. */
  readonly isPath: boolean
  /** Whether a shift moves the frame over the photograph, and not the photograph in the frame. */
  readonly movesFrame?: true
  /**
   * Whether the frames are windows that the engine cuts out of the whole photograph, instead of `drawing`. It then
   * computes values that several windows share only once.
   */
  readonly windows?: true
}

/** The protocol `subpixel` shifts by multiples of 1/4 pixel along each axis. */
const STEPS_PER_PIXEL = 4
const FRACTIONS = STEPS_PER_PIXEL ** 2

/** Size ε, in pixels, of the shifts from which the local equivariance error is computed. */
const EPSILON = 0.003

/** How many values are stored per frame; see the function `answerValues`. */
export const ANSWER_VALUES = 3

/**
 * The usual protocols to measure shift invariance. docs/consistency.md says how they differ from those of the papers.
 *
 * - `crop`: pairs of crops at random offsets (`validate_shift`, Zhang 2019).
 * - `diagonal`: crops along the diagonal, 1 px apart (`validate_diagonal`, Zhang 2019).
 * - `embed`: the photograph, reduced to half of the frame's side, moves over a background along the diagonal in steps
 *   of 1 px (after Azulay and Weiss 2019).
 * - `circular`: pairs of random circular shifts in all four directions (Chaman and Dokmanic 2021).
 * - `subpixel`: circular shifts by fractions of a pixel (after Michaeli et al. 2023), and the local equivariance error
 *   (Gruver et al. 2023): the mean of |p(x + ε∂x) − p(x − ε∂x)| / 2ε over classes and both axes. In this error, shifts
 *   are measured in units of half the image's side.
 */
export const PROTOCOLS: readonly Protocol[] = [
  {
    ...keepsAnswers('crop', ({ draws }) => 2 * draws),
    shifts: ({ frame, draws }, random) => randomShifts(2 * draws, 0, sourceSide(frame) - frame, random),
    drawing: cropDrawing,
    measures: [agreement('crops')],
    isPath: false,
    movesFrame: true,
  },
  {
    ...keepsAnswers('diagonal', ({ frame }) => sourceSide(frame) - frame + 1),
    shifts: ({ frame }) => diagonalShifts(sourceSide(frame) - frame + 1),
    drawing: cropDrawing,
    measures: pathMeasures(),
    isPath: true,
    movesFrame: true,
  },
  {
    ...keepsAnswers('embed', ({ frame }) => frame - embeddedSide(frame) + 1),
    shifts: ({ frame }) => diagonalShifts(frame - embeddedSide(frame) + 1),
    drawing: (photograph, { frame, background }) => {
      const side = embeddedSide(frame)
      const reduced = resizeAntialiased(photograph, side, side).data
      return ({ rows }, memory) => placedOn(background, frame, reduced, side, rows, memory.bytes())
    },
    measures: pathMeasures(),
    isPath: true,
  },
  {
    ...keepsAnswers('circular', ({ draws }) => 2 * draws),
    shifts: ({ frame, draws }, random) => {
      const margin = sourceSide(frame) - frame
      return randomShifts(2 * draws, -margin, margin, random)
    },
    drawing: (photograph, { frame }) => {
      const centre = centreOf(photograph, frame)
      return ({ rows, cols }, memory) => circularShift(centre, frame, rows, cols, memory.bytes())
    },
    measures: [agreement('circular shifts')],
    isPath: false,
  },
  {
    name: 'subpixel',
    count: () => FRACTIONS + 2 * AXES.length,
    shifts: () => [...FRACTIONAL_SHIFTS, ...STEPS_BOTH_WAYS],
    drawing: (photograph, { frame }) => {
      const centre = centreOf(photograph, frame)
      const fractional = fractionalDrawing(centre, frame)
      return (shift, memory) =>
        isStep(shift) ? stepped(centre, frame, shift, memory.floats()) : fractional(shift, memory)
    },
    kept: () => FRACTIONS * ANSWER_VALUES + AXES.length,
    keep: (before, after, setting) => {
      if (before.frame < FRACTIONS) return answerValues(before, before.frame < FRACTIONS - 1 ? after : undefined)
      const error = after && equivarianceError(before, after, setting)
      return error === undefined ? [] : [error]
    },
    measures: [
      {
        name: 'agreement',
        title: 'same answer after a shift by quarters of a pixel',
        unit: 'share',
        of: (_, after, first) => (after.frame < FRACTIONS ? Number(after.answer === first.answer) : undefined),
      },
      {
        name: 'equivariance-error',
        title: 'local equivariance error',
        unit: 'error',
        of: (before, after, _, setting) => equivarianceError(before, after, setting),
      },
    ],
    isPath: false,
  },
]

/** The protocol `crop` with all of its windows, which gives the exact chance that two of them agree. */
export const EXACT_CROP: Protocol = {
  ...keepsAnswers('crop-exact', ({ frame }) => (sourceSide(frame) - frame) ** 2),
  shifts: ({ frame }) => {
    const along = [...Array(sourceSide(frame) - frame).keys()]
    return along.flatMap((rows) => along.map((cols) => ({ rows, cols })))
  },
  drawing: cropDrawing,
  measures: [
    {
      name: 'agreement',
      title: 'chance that two random crops get the same answer',
      unit: 'share',
      of: () => undefined,
      ofCounts: agreementOf,
    },
  ],
  isPath: false,
  movesFrame: true,
  windows: true,
}

/**
 * Adds the measure of a detector: the overlap of its best boxes in the frames that the first measure compares. A
 * protocol that compares no consecutive frames does not get it.
 */
export function withBoxes(protocol: Protocol): Protocol {
  if (protocol.windows) return protocol
  const [compared] = protocol.measures as [ProtocolMeasure]
  const overlap: ProtocolMeasure = {
    name: 'overlap',
    title: 'overlap of the best boxes, moved back by the shift',
    unit: 'overlap',
    of: (before, after, first, setting) => {
      if (compared.of(before, after, first, setting) === undefined) return undefined
      const one = protocol.name === 'subpixel' ? first : before
      return one.box && after.box ? overlapOf(one.box, after.box) : Number(one.box === after.box)
    },
  }
  return { ...protocol, measures: [...protocol.measures, overlap] }
}

function keepsAnswers(name: ProtocolName, count: Protocol['count']) {
  return { name, count, kept: (setting: ProtocolSetting) => count(setting) * ANSWER_VALUES, keep: answerValues }
}

function cropDrawing(photograph: Image, { frame }: ProtocolSetting): ReturnType<Protocol['drawing']> {
  return ({ rows, cols }, memory) => cropped(photograph, frame, rows, cols, memory.bytes())
}

function embeddedSide(frame: number): number {
  return Math.round(frame / 2)
}

/** Draws whole numbers from `from` to below `to`, for the rows first. */
function* randomShifts(count: number, from: number, to: number, random: () => number): Iterable<Shift> {
  const offset = () => from + Math.floor(random() * (to - from))
  for (let i = 0; i < count; i++) yield { rows: offset(), cols: offset() }
}

function diagonalShifts(count: number): readonly Shift[] {
  return Array.from({ length: count }, (_, at) => ({ rows: at, cols: at }))
}

export function answerOf(frame: number, probabilities: Float64Array): FrameAnswer {
  const largest = probabilities.reduce((most, value) => Math.max(most, value))
  return { frame, answer: probabilities.indexOf(largest), probabilities }
}

/**
 * Returns three values for a frame: the index of the most probable class, its probability, and the probability of the
 * same class in the next frame. The last value is NaN for the last frame.
 */
function answerValues(before: FrameAnswer, after: FrameAnswer | undefined): readonly [number, number, number] {
  return [before.answer, probabilityOf(before, before), after === undefined ? Number.NaN : probabilityOf(before, after)]
}

/**
 * Probability in the frame `seen` of another frame's answer, rounded to float32, as it is stored. If the answer is that a
 * detector sees nothing, the best score of all classes.
 */
function probabilityOf({ answer }: FrameAnswer, seen: FrameAnswer): number {
  return Math.fround(seen.probabilities[answer] ?? Math.max(...seen.probabilities))
}

/** Index of the most probable class in a frame. */
export function answerAt(row: Float32Array, frame: number): number {
  return row[frame * ANSWER_VALUES] as number
}

export function probabilityAt(row: Float32Array, frame: number): number {
  return row[frame * ANSWER_VALUES + 1] as number
}

/** Number of frames in a stored row. Rows of `subpixel` end with two more values, which belong to no frame. */
export function answerCount(row: Float32Array): number {
  return Math.floor(row.length / ANSWER_VALUES)
}

/** Measure: the share of pairs of frames with the same answer. The pairs are frames 0 and 1, 2 and 3, … */
function agreement(shifted: string): ProtocolMeasure {
  return {
    name: 'agreement',
    title: `same answer in two random ${shifted}`,
    unit: 'share',
    of: (before, after) => (before.frame % 2 === 0 ? Number(before.answer === after.answer) : undefined),
  }
}

function pathMeasures(): readonly ProtocolMeasure[] {
  return [
    {
      name: 'change',
      title: 'answer changes after a step of 1 px',
      unit: 'share',
      of: (before, after) => Number(before.answer !== after.answer),
    },
    {
      name: 'probability-change',
      title: "mean absolute change of the answer's probability",
      unit: 'probability',
      of: (before, after) => Math.abs(probabilityOf(before, after) - probabilityOf(before, before)),
    },
  ]
}

/** All combinations of 0, ¼, ½ and ¾ pixel. The first one leaves the picture where it is. */
const FRACTIONAL_SHIFTS: readonly Shift[] = Array.from({ length: FRACTIONS }, (_, i) => ({
  rows: Math.floor(i / STEPS_PER_PIXEL) / STEPS_PER_PIXEL,
  cols: (i % STEPS_PER_PIXEL) / STEPS_PER_PIXEL,
}))

/** Shifts by ε and −ε along `rows`, then along `cols`. */
const STEPS_BOTH_WAYS: readonly Shift[] = AXES.flatMap((axis) =>
  [EPSILON, -EPSILON].map((step) => ({ rows: 0, cols: 0, [axis]: step })),
)

function isStep({ rows, cols }: Shift): boolean {
  return Math.abs(rows + cols) === EPSILON
}

/** Draws ideal shifts. The picture that is shifted along `rows` is kept, because several frames in a row need it. */
function fractionalDrawing(picture: Uint8Array, side: number): ReturnType<Protocol['drawing']> {
  let moved: { readonly by: number; readonly pixels: Float32Array } = { by: 0, pixels: Float32Array.from(picture) }
  return ({ rows, cols }, memory) => {
    if (moved.by !== rows) moved = { by: rows, pixels: idealShift(picture, side, 'rows', rows) }
    const frame = memory.floats()
    if (cols === 0) frame.set(moved.pixels)
    else idealShift(moved.pixels, side, 'cols', cols, frame)
    return frame
  }
}

/** Draws x + ε∂x, where x is the picture, and ∂x its derivative with respect to the distance of the shift. */
function stepped(picture: Uint8Array, side: number, { rows, cols }: Shift, frame: Float32Array): Float32Array {
  const derivative = shiftDerivative(picture, side, rows === 0 ? 'cols' : 'rows')
  for (let i = 0; i < frame.length; i++) frame[i] = (picture[i] as number) + (rows + cols) * (derivative[i] as number)
  return frame
}

/**
 * The local equivariance error along one axis, rounded to float32, as it is stored.
 * @returns undefined unless the frames are the two steps along one axis
 */
function equivarianceError(before: FrameAnswer, after: FrameAnswer, { frame }: ProtocolSetting): number | undefined {
  if (before.frame < FRACTIONS || (before.frame - FRACTIONS) % 2 === 1) return undefined
  const slopes = before.probabilities.map(
    (value, i) => Math.abs(value - (after.probabilities[i] as number)) / (2 * EPSILON),
  )
  return Math.fround((mean(slopes) * (frame - 1)) / 2)
}
