import { AXES } from '../engine/positions.js'
import { pixelScene } from '../engine/scene.js'
import type { Frame, Scene } from '../engine/task.js'
import type { Box } from '../experiments/boxes.js'
import { agreementOf } from '../experiments/windowAnswers.js'
import { resizeAntialiased } from '../patches/antialiased.js'
import type { Background } from '../patches/background.js'
import { middleStart, sourceSide } from '../patches/photographs.js'
import type { Better } from '../results/measures.js'
import { mean } from '../support/statistics.js'

export interface ProtocolSetting {
  /** Side of the network's input in pixels. */
  readonly frame: number
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`. */
  readonly draws: number
  /** For `embed`: the background behind the reduced photograph. */
  readonly background: Background
  /** The values that are stored for each answer. */
  readonly columns: readonly Column[]
}

/** Name of a protocol that the user can choose. */
export type ChosenProtocol = 'crop' | 'diagonal' | 'embed' | 'circular' | 'subpixel'
/**
 * `crop-exact` takes the place of `crop`, or comes beside it, if the exact chance is asked for. `center` is measured if
 * there are labels.
 */
export type ProtocolName = ChosenProtocol | 'crop-exact' | 'center'

/** Describes a frame by its shift, in pixels along each axis. */
export interface Shift {
  readonly rows: number
  readonly cols: number
}

type FrameDrawing = (shift: Shift) => Frame

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
 * A value that is stored for an answer, as float32:
 *
 * - `answer`: index of the answer's class; for a detector that sees nothing, the number of classes
 * - `probability`: its probability; for a detector that sees nothing, the best score of all classes
 * - `next`: probability of the same class in the protocol's next frame; NaN for the last frame
 * - `right`, only with labels: probability of the right class; NaN for a photograph without a label
 * - `overlap`, only of a detector: overlap of its best boxes in this frame and in the frame with which it is compared;
 *   NaN if it is compared with none
 */
export type Column = 'answer' | 'probability' | 'next' | 'right' | 'overlap'

export function columnsOf(has: { readonly labels: boolean; readonly boxes: boolean }): readonly Column[] {
  return [
    'answer',
    'probability',
    'next',
    ...(has.labels ? (['right'] as const) : []),
    ...(has.boxes ? (['overlap'] as const) : []),
  ]
}

/** A stored answer. Columns that are not stored are NaN. */
export interface StoredAnswer extends Readonly<Record<Column, number>> {
  /** Index of the frame in its protocol. */
  readonly frame: number
  /** Undefined for a photograph without a label. */
  readonly isRight: boolean | undefined
}

export const MEASURE_UNITS = ['share', 'probability', 'error', 'overlap'] as const
export type MeasureUnit = (typeof MEASURE_UNITS)[number]

/**
 * A measure of one photograph, which is computed from its stored values. It is what `ofCounts` or `ofExtra` returns.
 * Without these functions, it is the mean of the values that `of` returns for the answers, or the least of them. Answers
 * with the value undefined do not count.
 */
interface ProtocolMeasure {
  readonly name: string
  readonly title: string
  readonly unit: MeasureUnit
  readonly better: Better
  /** @param compared the answer with which this one is compared, if any */
  readonly of?: (answer: StoredAnswer, compared: StoredAnswer | undefined) => number | undefined
  readonly combine?: 'least'
  /** @param counts number of frames by answer */
  readonly ofCounts?: (counts: ReadonlyMap<number, number>) => number
  /** @param extra the values that the protocol's `extraOf` returned */
  readonly ofExtra?: (extra: ArrayLike<number>) => number
}

export interface Protocol {
  readonly name: ProtocolName
  /** Number of frames per photograph. */
  readonly count: (setting: ProtocolSetting) => number
  /** @param random returns numbers from 0 to below 1 */
  readonly shifts: (setting: ProtocolSetting, random: () => number) => Iterable<Shift>
  /** Prepares a photograph, a square of `sourceSide`. The function that it returns describes the frame of a shift. */
  readonly drawing: (photograph: Scene, setting: ProtocolSetting) => FrameDrawing | Promise<FrameDrawing>
  /** Number of frames whose answers are stored, from the first one; by default, all. */
  readonly answers?: number
  /**
   * Computes a value from the answers to two consecutive frames. It is stored after the stored answers.
   * @returns undefined for frames that have no such value
   */
  readonly extraOf?: (before: FrameAnswer, after: FrameAnswer, setting: ProtocolSetting) => number | undefined
  /** Number of values that `extraOf` returns for a photograph; none by default. */
  readonly extras?: number
  /**
   * The earlier frame with which an answer is compared: the frame before it (`previous`); in every second frame, the
   * frame before it (`pair`); or the first frame (`first`). By default, none.
   */
  readonly compares?: 'previous' | 'pair' | 'first'
  readonly measures: readonly ProtocolMeasure[]
  /** Whether the shifts are random: `draws` pairs of frames. */
  readonly isRandom?: true
  /** Whether each frame is shifted by 1 px from the frame before it. */
  readonly isPath?: true
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
export const PROTOCOLS: readonly (Protocol & { readonly name: ChosenProtocol })[] = [
  {
    name: 'crop',
    count: ({ draws }) => 2 * draws,
    compares: 'pair',
    shifts: ({ frame, draws }, random) => randomShifts(2 * draws, 0, sourceSide(frame) - frame, random),
    drawing: cropDrawing,
    measures: [agreement('same answer in two random crops')],
    isRandom: true,
    movesFrame: true,
  },
  {
    name: 'diagonal',
    count: ({ frame }) => sourceSide(frame) - frame + 1,
    compares: 'previous',
    shifts: ({ frame }) => diagonalShifts(sourceSide(frame) - frame + 1),
    drawing: cropDrawing,
    measures: pathMeasures(),
    isPath: true,
    movesFrame: true,
  },
  {
    name: 'embed',
    count: ({ frame }) => frame - embeddedSide(frame) + 1,
    compares: 'previous',
    shifts: ({ frame }) => diagonalShifts(frame - embeddedSide(frame) + 1),
    drawing: async ({ patch: { size, rgba } }, { frame, background }) => {
      const side = embeddedSide(frame)
      const reduced = await resizeAntialiased({ rows: size, cols: size, data: rgba }, side, side)
      const scene = pixelScene(side, reduced.data, background)
      return ({ rows, cols }) => ({ scene, row: rows, col: cols })
    },
    measures: pathMeasures(),
    isPath: true,
  },
  {
    name: 'circular',
    count: ({ draws }) => 2 * draws,
    compares: 'pair',
    shifts: ({ frame, draws }, random) => {
      const margin = sourceSide(frame) - frame
      return randomShifts(2 * draws, -margin, margin, random)
    },
    drawing: (photograph, { frame }) => {
      const margin = sourceSide(frame) - frame
      const scene = continuedCentre(photograph, frame, margin)
      return ({ rows, cols }) => ({ scene, row: rows - margin, col: cols - margin })
    },
    measures: [agreement('same answer in two random circular shifts')],
    isRandom: true,
  },
  {
    name: 'subpixel',
    count: () => FRACTIONS + 2 * AXES.length,
    shifts: () => [...FRACTIONAL_SHIFTS, ...STEPS_BOTH_WAYS],
    drawing: (scene, { frame }) => {
      const { rows, cols } = centreShift(frame)
      const centre = { scene, row: -rows, col: -cols }
      return (shift) => ({
        ...centre,
        movement: isStep(shift)
          ? { rows: 0, cols: 0, rowStep: shift.rows, colStep: shift.cols }
          : { ...shift, rowStep: 0, colStep: 0 },
      })
    },
    answers: FRACTIONS,
    extraOf: equivarianceError,
    extras: AXES.length,
    compares: 'first',
    measures: [
      agreement('same answer after a shift by quarters of a pixel'),
      {
        name: 'equivariance-error',
        title: 'local equivariance error',
        unit: 'error',
        better: 'lower',
        ofExtra: mean,
      },
    ],
  },
]

export const PROTOCOL_NAMES = PROTOCOLS.map(({ name }) => name)

/** The protocol `crop` with all of its windows, which gives the exact chance that two of them agree. */
export const EXACT_CROP: Protocol = {
  name: 'crop-exact',
  count: ({ frame }) => (sourceSide(frame) - frame) ** 2,
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
      better: 'higher',
      ofCounts: agreementOf,
    },
  ],
  movesFrame: true,
  windows: true,
}

/** With labels, the photograph is also measured where it has not moved. */
const CENTER: Protocol = {
  name: 'center',
  count: () => 1,
  shifts: ({ frame }) => [centreShift(frame)],
  drawing: cropDrawing,
  measures: [],
  movesFrame: true,
}

export function protocolNamed(name: ProtocolName): Protocol {
  return [...PROTOCOLS, EXACT_CROP].find((protocol) => protocol.name === name) ?? CENTER
}

const OVERLAP: ProtocolMeasure = {
  name: 'overlap',
  title: 'overlap of the best boxes, moved back by the shift',
  unit: 'overlap',
  better: 'higher',
  of: ({ overlap }) => (Number.isNaN(overlap) ? undefined : overlap),
}

const ALWAYS_SAME: ProtocolMeasure = {
  name: 'always-same',
  title: 'all shifts give the same answer',
  unit: 'share',
  better: 'higher',
  ofCounts: (counts) => Number(counts.size === 1),
}

/** Its values say which photographs are confident; see `CONFIDENT`. */
export const CONFIDENCE = 'confidence'

const CONFIDENCE_MEASURE: ProtocolMeasure = {
  name: CONFIDENCE,
  title: 'probability of the first answer',
  unit: 'probability',
  better: 'neither',
  of: ({ frame, probability }) => (frame === 0 ? probability : undefined),
}

const ACCURACY: ProtocolMeasure = {
  name: 'accuracy',
  title: 'answer is right without a shift',
  unit: 'share',
  better: 'higher',
  of: ({ isRight }) => (isRight === undefined ? undefined : Number(isRight)),
}

const MEASURES_OF_LABELS: readonly ProtocolMeasure[] = [
  { ...ACCURACY, name: 'mean-accuracy', title: 'answer is right, mean over shifts' },
  { ...ACCURACY, name: 'worst-case-accuracy', title: 'answer is right at every shift', combine: 'least' },
  {
    name: 'right-probability',
    title: "right class's probability, mean over shifts",
    unit: 'probability',
    better: 'higher',
    of: ({ right }) => (Number.isNaN(right) ? undefined : right),
  },
]

/** Adds to protocols what they measure with labels, and of a detector with boxes. */
export function withAllMeasures(
  protocols: readonly Protocol[],
  has: { readonly labels: boolean; readonly boxes: boolean },
): readonly Protocol[] {
  const all = protocols.map((protocol) => ({
    ...protocol,
    measures: [
      ...protocol.measures,
      ...(has.boxes && protocol.compares ? [OVERLAP] : []),
      ALWAYS_SAME,
      CONFIDENCE_MEASURE,
      ...(has.labels ? MEASURES_OF_LABELS : []),
    ],
  }))
  return has.labels ? [{ ...CENTER, measures: [ACCURACY, CONFIDENCE_MEASURE] }, ...all] : all
}

/** Number of values that a protocol stores per photograph. */
export function keptValues(protocol: Protocol, setting: ProtocolSetting): number {
  return answersOf(protocol, setting) * setting.columns.length + (protocol.extras ?? 0)
}

/** Number of frames whose answers a protocol stores. */
export function answersOf({ answers, count }: Protocol, setting: ProtocolSetting): number {
  return answers ?? count(setting)
}

/** The answer with which the answer to `frame` is compared. */
export function comparedWith<T>(
  { compares, answers = Number.POSITIVE_INFINITY }: Protocol,
  frame: number,
  before: T | undefined,
  first: T | undefined,
): T | undefined {
  if (frame === 0 || frame >= answers || compares === undefined) return undefined
  if (compares === 'first') return first
  return compares === 'previous' || frame % 2 === 1 ? before : undefined
}

function cropDrawing(scene: Scene): FrameDrawing {
  return ({ rows, cols }) => ({ scene, row: -rows, col: -cols })
}

/**
 * Continues the middle of a photograph periodically by `margin` pixels at each edge. A circular shift is then a window
 * of it.
 */
function continuedCentre({ patch: { size, rgba } }: Scene, frame: number, margin: number): Scene {
  const { rows: first } = centreShift(frame)
  const side = frame + 2 * margin
  const continued = new Uint8Array(side * side * 4)
  const from = (place: number) => first + ((place + frame - margin) % frame)
  for (let row = 0; row < side; row++) {
    const pixels = (col: number, count: number) => {
      const start = (from(row) * size + from(col)) * 4
      continued.set(rgba.subarray(start, start + count * 4), (row * side + col) * 4)
    }
    pixels(0, margin)
    pixels(margin, frame)
    pixels(margin + frame, margin)
  }
  return pixelScene(side, continued)
}

function centreShift(frame: number): Shift {
  const start = middleStart(sourceSide(frame), frame)
  return { rows: start, cols: start }
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

/** The share of answers that are the same as the one with which they are compared. */
function agreement(title: string): ProtocolMeasure {
  return {
    name: 'agreement',
    title,
    unit: 'share',
    better: 'higher',
    of: ({ answer }, compared) => compared && Number(answer === compared.answer),
  }
}

function pathMeasures(): readonly ProtocolMeasure[] {
  return [
    {
      name: 'change',
      title: 'answer changes after a step of 1 px',
      unit: 'share',
      better: 'lower',
      of: ({ answer }, compared) => compared && Number(answer !== compared.answer),
    },
    {
      name: 'probability-change',
      title: "mean absolute change of the answer's probability",
      unit: 'probability',
      better: 'lower',
      of: (_, compared) => compared && Math.abs(compared.next - compared.probability),
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
