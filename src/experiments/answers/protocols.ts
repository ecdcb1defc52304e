import { AXES } from '../../engine/scene/positions.js'
import { pixelScene } from '../../engine/scene/scene.js'
import type { ImageSpec, Scene } from '../../engine/scene/task.js'
import type { HeadKind } from '../../network.js'
import { resizeAntialiased } from '../../patches/antialiased.js'
import type { Background } from '../../patches/background.js'
import { middleStart } from '../../patches/photographs.js'
import { sourceSide } from '../../patches/sizes.js'
import { mean } from '../../support/statistics.js'
import { HEAD_COLUMNS, type Seen } from './headRow.js'
import { headOf } from './heads.js'

export interface ProtocolSetting {
  /** Side of the network's input in pixels. */
  readonly frame: number
  /** Number of pairs of random shifts per photograph, for `crop` and `circular`. */
  readonly draws: number
  /** For `embed`: the background behind the reduced photograph. */
  readonly background: Background
}

/** What decides how many frames a protocol has. */
type FrameCounts = Pick<ProtocolSetting, 'frame' | 'draws'>

/**
 * Names of all protocols, in the order in which results list them. `center` is measured if there are labels. `crop-exact`
 * takes the place of `crop`, or comes beside it, if the exact chance is asked for.
 */
export const PROTOCOL_NAMES = ['center', 'crop', 'crop-exact', 'diagonal', 'embed', 'circular', 'subpixel'] as const
export type ProtocolName = (typeof PROTOCOL_NAMES)[number]

/** Name of a protocol that the user can choose. */
export type ChosenProtocol = Exclude<ProtocolName, 'center' | 'crop-exact'>

/** Describes a frame by its shift, in pixels along each axis. */
export interface Shift {
  readonly rows: number
  readonly cols: number
}

type FrameDrawing = (shift: Shift) => ImageSpec

/** The network's answer to one frame. */
export interface FrameAnswer extends Seen {
  /** Index of the frame in its protocol. */
  readonly index: number
  /** Probability of each class. */
  readonly probabilities: Float64Array
}

/**
 * A value that is stored for an answer, as float32:
 *
 * - `answer`: index of the answer's class; if nothing is seen, the number of classes
 * - `probability`: its probability; if nothing is seen, the best score of all classes
 * - `next`: probability of the same class in the protocol's next frame; NaN for the last frame
 * - `right`: probability of the right class; NaN for a photograph that had no label
 * - `overlap`, only of a head that sees boxes: overlap of those in this frame and in the frame with which it is
 *   compared; NaN if it is compared with none
 */
export type Column = (typeof COLUMNS)[number]
const ANSWER_COLUMNS = ['answer', 'probability', 'next', 'right'] as const
export const COLUMNS = [...ANSWER_COLUMNS, ...HEAD_COLUMNS] as const

/** The columns of a network's answers. */
export function columnsOf({ head }: { readonly head?: { readonly kind: HeadKind } }): readonly Column[] {
  return [...ANSWER_COLUMNS, ...headOf(head?.kind).columns.map(({ name }) => name)]
}

export interface Protocol {
  readonly name: ProtocolName
  /** Author and year of its paper, as a sentence cites it. */
  readonly source?: string
  /** The settings, besides the frame, on which its answers depend. */
  readonly settings: readonly ('draws' | 'seed' | 'background')[]
  /** Number of frames per photograph. */
  readonly count: (setting: FrameCounts) => number
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
  /** Whether each frame is shifted by 1 px from the frame before it. */
  readonly isPath?: true
  /** Whether a shift moves the frame over the photograph, and not the photograph in the frame. */
  readonly movesFrame?: true
  /** Whether the frames of a photograph show one scene at whole positions. The engine can then share values. */
  readonly isOneScene?: true
  /** Whether the frames are all windows of the photograph. */
  readonly windows?: true
}

/** The protocol `subpixel` shifts by multiples of 1/4 pixel along each axis. */
const STEPS_PER_PIXEL = 4
const FRACTIONS = STEPS_PER_PIXEL ** 2

/** Size ε, in pixels, of the shifts from which the local equivariance error is computed. */
const EPSILON = 0.003

/**
 * The usual protocols to measure shift invariance. docs/protocols.md says how they differ from those of the papers.
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
    source: 'Zhang, 2019',
    settings: ['draws', 'seed'],
    count: ({ draws }) => 2 * draws,
    compares: 'pair',
    shifts: ({ frame, draws }, random) => randomShifts(2 * draws, 0, sourceSide(frame) - frame, random),
    drawing: cropDrawing,
    movesFrame: true,
  },
  {
    name: 'diagonal',
    source: 'Zhang, 2019',
    settings: [],
    count: ({ frame }) => sourceSide(frame) - frame + 1,
    compares: 'previous',
    shifts: ({ frame }) => diagonalShifts(sourceSide(frame) - frame + 1),
    drawing: cropDrawing,
    isPath: true,
    movesFrame: true,
  },
  {
    name: 'embed',
    source: 'after Azulay and Weiss, 2019',
    settings: ['background'],
    count: ({ frame }) => frame - embeddedSide(frame) + 1,
    compares: 'previous',
    shifts: ({ frame }) => diagonalShifts(frame - embeddedSide(frame) + 1),
    drawing: async ({ patch: { size, rgba } }, { frame, background }) => {
      const side = embeddedSide(frame)
      const reduced = await resizeAntialiased({ rows: size, cols: size, data: rgba }, side, side)
      const scene = pixelScene(side, reduced.data, background)
      return ({ rows, cols }) => ({ scene, row: rows, col: cols })
    },
    isPath: true,
    isOneScene: true,
  },
  {
    name: 'circular',
    source: 'Chaman and Dokmanić, 2021',
    settings: ['draws', 'seed'],
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
  },
  {
    name: 'subpixel',
    source: 'after Michaeli et al., 2023',
    settings: [],
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
  },
]

/** The protocol `crop` with all of its windows, which gives the exact chance that two of them agree. */
export const EXACT_CROP: Protocol = {
  name: 'crop-exact',
  source: 'after Zhang, 2019',
  settings: [],
  count: ({ frame }) => (sourceSide(frame) - frame) ** 2,
  shifts: ({ frame }) => {
    const along = [...Array(sourceSide(frame) - frame).keys()]
    return along.flatMap((rows) => along.map((cols) => ({ rows, cols })))
  },
  drawing: cropDrawing,
  movesFrame: true,
  isOneScene: true,
  windows: true,
}

/** The photograph where it has not moved. With labels, the answer there gives the accuracy. */
export const CENTER: Protocol = {
  name: 'center',
  settings: [],
  count: () => 1,
  shifts: ({ frame }) => [centreShift(frame)],
  drawing: cropDrawing,
  movesFrame: true,
}

export function protocolNamed(name: ProtocolName): Protocol {
  return [...PROTOCOLS, EXACT_CROP].find((protocol) => protocol.name === name) ?? CENTER
}

/** Number of values that a protocol stores per photograph. */
export function keptValues(protocol: Protocol, setting: FrameCounts, columns: readonly Column[]): number {
  return answersOf(protocol, setting) * columns.length + (protocol.extras ?? 0)
}

/** Number of frames whose answers a protocol stores. */
export function answersOf({ answers, count }: Protocol, setting: FrameCounts): number {
  return answers ?? count(setting)
}

/** The answer with which the answer to the frame `index` is compared. */
export function comparedWith<T>(
  { compares, answers = Number.POSITIVE_INFINITY }: Protocol,
  index: number,
  before: T | undefined,
  first: T | undefined,
): T | undefined {
  if (index === 0 || index >= answers || compares === undefined) return undefined
  if (compares === 'first') return first
  return compares === 'previous' || index % 2 === 1 ? before : undefined
}

function cropDrawing(scene: Scene): FrameDrawing {
  return ({ rows, cols }) => ({ scene, row: -rows, col: -cols })
}

/**
 * Continues the middle of a photograph periodically by `margin` pixels at each edge. A circular shift is then a window
 * of it.
 */
function continuedCentre({ patch: { size, rgba } }: Scene, frameSide: number, margin: number): Scene {
  const { rows: first } = centreShift(frameSide)
  const side = frameSide + 2 * margin
  const continued = new Uint8Array(side * side * 4)
  const from = (place: number) => first + ((place + frameSide - margin) % frameSide)
  for (let row = 0; row < side; row++) {
    const pixels = (col: number, count: number) => {
      const start = (from(row) * size + from(col)) * 4
      continued.set(rgba.subarray(start, start + count * 4), (row * side + col) * 4)
    }
    pixels(0, margin)
    pixels(margin, frameSide)
    pixels(margin + frameSide, margin)
  }
  return pixelScene(side, continued)
}

function centreShift(frameSide: number): Shift {
  const start = middleStart(sourceSide(frameSide), frameSide)
  return { rows: start, cols: start }
}

function embeddedSide(frameSide: number): number {
  return Math.round(frameSide / 2)
}

/** Draws whole numbers from `from` to below `to`, for the rows first. */
function* randomShifts(count: number, from: number, to: number, random: () => number): Iterable<Shift> {
  const offset = () => from + Math.floor(random() * (to - from))
  for (let i = 0; i < count; i++) yield { rows: offset(), cols: offset() }
}

function diagonalShifts(count: number): readonly Shift[] {
  return Array.from({ length: count }, (_, at) => ({ rows: at, cols: at }))
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
  if (before.index < FRACTIONS || (before.index - FRACTIONS) % 2 === 1) return undefined
  const slopes = before.probabilities.map((value, i) => Math.abs(value - after.probabilities[i]!) / (2 * EPSILON))
  return Math.fround((mean(slopes) * (frame - 1)) / 2)
}
