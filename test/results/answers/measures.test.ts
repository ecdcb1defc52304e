import { expect, it } from 'vitest'
import { imageDrawing } from '../../../src/engine/backends/images.js'
import { pixelScene } from '../../../src/engine/scene/scene.js'
import type { Scene } from '../../../src/engine/scene/task.js'
import type { Seen } from '../../../src/experiments/answers/headRow.js'
import { protocolAnswers } from '../../../src/experiments/answers/protocolAnswers.js'
import {
  CENTER,
  columnsOf,
  EXACT_CROP,
  keptValues,
  PROTOCOLS,
  type Protocol,
  type ProtocolName,
  type ProtocolSetting,
  protocolNamed,
  type Shift,
} from '../../../src/experiments/answers/protocols.js'
import { HEAD_KINDS } from '../../../src/network.js'
import { resizeAntialiased } from '../../../src/patches/antialiased.js'
import { noise } from '../../../src/patches/background.js'
import { sourceSide } from '../../../src/patches/sizes.js'
import { metricsOf, photographMetrics } from '../../../src/results/answers/measures.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { runHere } from '../../support/inProcess.js'
import { randomOf } from '../../support/random.js'

const PLAIN: Parameters<typeof metricsOf>[1] = { labels: false }
const setting = { frame: 224, draws: 500, background: { rgb: [0, 0, 0] as const } }

function shiftsOf(name: ProtocolName) {
  const random = randomOf(1, 'shifts', 0)
  return [...protocolNamed(name).shifts(setting, () => random.below(2 ** 20) / 2 ** 20)]
}

it('shifts circularly by −32 to 31 px along each axis, and crops at offsets of 0 to 31 px', () => {
  for (const [name, least] of [['circular', -32] as const, ['crop', 0] as const])
    for (const axis of ['rows', 'cols'] as const) {
      const found = new Set(shiftsOf(name).map((shift) => shift[axis]))
      expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 - least }, (_, i) => least + i))
    }
})

it('the help names all protocols', async () => {
  const { stdout } = await runHere(['consistency', '--help'])
  const [named = ''] = /--protocols [^-]*/.exec(stdout) ?? []
  for (const { name } of PROTOCOLS) expect(named).toMatch(new RegExp(`\\b${name}\\b`))
})

interface Given {
  readonly frame: number
  readonly has?: typeof PLAIN
  readonly right?: readonly number[]
}

/** Measures a photograph from the class probabilities in its frames, and gives the names of its values. */
function measuredBy(
  name: ProtocolName,
  frames: readonly (readonly [Float64Array, Seen?])[],
  { frame, has = PLAIN, right }: Given,
) {
  const protocol = protocolNamed(name)
  const columns = columnsOf(has.head ? { head: { kind: has.head } } : {})
  const own = { frame, draws: 2, background: { rgb: [0, 0, 0] as const } }
  const answers = protocolAnswers(protocol, own, columns, right)
  for (const one of frames) {
    expect(answers.isComplete()).toBe(false)
    answers.take(...one)
  }
  expect(answers.isComplete()).toBe(true)
  const stored = answers.row
  expect(stored.length).toBe(keptValues(protocol, own, columns))
  const measures = metricsOf(protocol, has)
  const measured = photographMetrics(protocol, measures, columns, right, Float32Array.from(stored))
  return { stored, values: Object.fromEntries(measured.map((value, i) => [measures[i]?.name, value])) }
}

it.each([...PROTOCOLS, EXACT_CROP, CENTER].map((protocol) => [protocol.name, protocol] as const))(
  'describes as many frames of %s as it counts, and stores as many values as it names',
  (name, protocol) => {
    const small = { ...setting, frame: 28, draws: 2 }
    const frames = protocol.count(small)
    expect([...protocol.shifts(small, Math.random)].length).toBe(frames)
    for (const labels of [false, true])
      for (const head of HEAD_KINDS) {
        const given = Array.from({ length: frames }, (_, i) => [Float64Array.of(0.25, 0.75 - (i % 3) / 4)] as const)
        measuredBy(name, given, { frame: 28, has: { labels, head }, right: [1] })
      }
  },
)

// Answers: 1 1 0 1, with probabilities of the two classes in quarters.
const FRAMES = [3, 2.5, 1, 4].map((quarters) => [Float64Array.of(1 - quarters / 4, quarters / 4)] as const)

/** Values that need the answers to all photographs. */
const OF_ALL = { 'relative-agreement': Number.NaN, chance: Number.NaN }

it('computes measures from the answers to consecutive frames', () => {
  const [none, right] = [Number.NaN, Number.NaN]
  const stored = [
    ...[1, 0.75, 0.625, right],
    ...[1, 0.625, 0.25, right],
    ...[0, 0.75, 0, right],
    ...[1, 1, none, right],
  ]
  // Of the pairs 1 1 and 0 1, one agrees.
  expect(measuredBy('crop', FRAMES, { frame: 28 })).toEqual({
    stored,
    values: { agreement: 0.5, 'always-same': 0, confidence: 0.75, ...OF_ALL },
  })
  // A frame of 21 px is cut out at 4 positions. Two of its three steps change the answer.
  expect(measuredBy('diagonal', FRAMES, { frame: 21 })).toEqual({
    stored,
    values: {
      change: 2 / 3,
      'probability-change': (0.125 + 0.375 + 0.75) / 3,
      'always-same': 0,
      confidence: 0.75,
      ...OF_ALL,
    },
  })
  const same = FRAMES.map(() => FRAMES[1] as (typeof FRAMES)[number])
  expect(measuredBy('diagonal', same, { frame: 21 }).values).toMatchObject({ 'always-same': 1 })
})

it('measures accuracies with labels', () => {
  const has = { labels: true }
  const measured = (right?: readonly number[]) =>
    measuredBy('crop', FRAMES, { frame: 28, has, ...(right && { right }) })
  const { stored, values } = measured([1])
  expect(stored.slice(0, 8)).toEqual([1, 0.75, 0.625, 0.75, 1, 0.625, 0.25, 0.625])
  expect(values).toMatchObject({
    'mean-accuracy': 3 / 4,
    'worst-case-accuracy': 0,
    'right-probability': (3 + 2.5 + 1 + 4) / 16,
  })
  // If several classes are right, an answer is right if it is one of them, and the most probable one counts.
  expect(measured([0, 1]).values).toMatchObject({
    'mean-accuracy': 1,
    'worst-case-accuracy': 1,
    'right-probability': (3 + 2.5 + 3 + 4) / 16,
  })
  const { values: unlabelled } = measured()
  expect([unlabelled['mean-accuracy'], unlabelled['right-probability']]).toEqual([Number.NaN, Number.NaN])
  expect(unlabelled.agreement).toBe(0.5)
  const center = [FRAMES[2] as (typeof FRAMES)[number]]
  expect(measuredBy('center', center, { frame: 28, has, right: [1] }).values).toEqual({ accuracy: 0, confidence: 0.75 })
  expect(measuredBy('center', center, { frame: 28, has, right: [0] }).values).toMatchObject({ accuracy: 1 })
})

it('measure how well a detector’s boxes fit after the shift is taken back', () => {
  const boxes = [[0, 0, 10, 10], [5, 0, 15, 10], undefined, undefined] as const
  const seen: readonly Seen[] = boxes.map((box) => ({ answer: box ? 1 : 2, ...(box && { box }) }))
  const frames = seen.map((one) => [Float64Array.of(0.25, 0.5), one] as const)
  // A frame of 21 px is cut out at 4 positions.
  const { stored, values } = measuredBy('diagonal', frames, {
    frame: 21,
    has: { labels: false, head: 'detector' },
  })
  // The overlap is 1/3, then 0 as the box is lost, then 1 as nothing is seen twice. Where it sees nothing, its answer
  // has the best score.
  expect(stored).toEqual([
    ...[1, 0.5, 0.5, Number.NaN, Number.NaN],
    ...[1, 0.5, 0.5, Number.NaN, 1 / 3],
    ...[2, 0.5, 0.5, Number.NaN, 0],
    ...[2, 0.5, Number.NaN, Number.NaN, 1],
  ])
  expect(values).toMatchObject({ change: 1 / 3, 'box-consistency': expect.closeTo((1 / 3 + 0 + 1) / 3, 7) })
})

it('takes the mean of the equivariance errors along both axes', () => {
  const protocol = protocolNamed('subpixel')
  const [columns, measures] = [columnsOf({}), metricsOf(protocol, PLAIN)]
  const row = new Float32Array(keptValues(protocol, { ...setting, frame: 28 }, columns)).fill(1)
  row.set([0.25, 0.75], row.length - 2)
  const index = measures.findIndex(({ name }) => name === 'local-equivariance-error')
  expect(photographMetrics(protocol, measures, columns, undefined, row)[index]).toBe(0.5)
})

/** The definition of a sub-pixel shift: a pixel of a picture of this side, which a sum of cosines shifts circularly. */
function shifted(
  side: number,
  at: (row: number, col: number) => number,
  { rows, cols }: Shift,
  row: number,
  col: number,
) {
  const kernel = (shift: number) =>
    Float64Array.from({ length: side }, (_, distance) => {
      let sum = 1 + Math.cos(Math.PI * shift) * Math.cos(Math.PI * distance)
      for (let k = 1; 2 * k < side; k++) sum += 2 * Math.cos((2 * Math.PI * k * (distance - shift)) / side)
      return sum / side
    })
  const [byRow, byCol] = [kernel(rows), kernel(cols)]
  let sum = 0
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      sum += (byRow[(row - y + side) % side] as number) * (byCol[(col - x + side) % side] as number) * at(y, x)
  return sum
}

/** Draws the frame of a shift, RGB in planes, [3, frame, frame], from 0 to 255. */
async function drawnBy(protocol: Protocol, photograph: Scene, own: ProtocolSetting, shift: Shift) {
  const { frame } = own
  const input = { ...imagenetInput, rows: frame, cols: frame, divisor: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const
  const { scene, row, col, movement } = (await protocol.drawing(photograph, own))(shift)
  const { rows = 0, cols = 0, rowStep = 0, colStep = 0 } = movement ?? {}
  const part = { task: { id: 1, scene }, offsets: Int32Array.of(row, col) }
  const images = new Float32Array(3 * frame * frame)
  await imageDrawing(input)(
    [{ ...part, ...(movement && { movements: Float64Array.of(rows, cols, rowStep, colStep) }) }],
    images,
  )
  return images
}

it.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))(
  'draws the frames of %s by its definition',
  async (name, protocol) => {
    const [frame, side] = [28, 32]
    const own = { ...setting, frame, draws: 3, background: { image: noise(5, frame, frame) } }
    const rgba = randomOf(3, 'photograph', 0).bytes(side * side * 4)
    for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255
    const at = (row: number, col: number) => rgba[(row * side + col) * 4] as number
    const around = (place: number) => 2 + ((place + frame) % frame)
    const centre = (row: number, col: number) => at(around(row), around(col))
    const reduced = await resizeAntialiased({ rows: side, cols: side, data: rgba }, 14, 14)
    const behind = (row: number, col: number) => own.background.image[(row * frame + col) * 3] as number
    /** Red of a pixel. */
    const expected = ({ rows, cols }: Shift, row: number, col: number): number => {
      if (name === 'crop' || name === 'diagonal') return at(row + rows, col + cols)
      if (name === 'circular') return centre(row - rows, col - cols)
      if (name === 'embed') {
        const inside = Math.min(row - rows, col - cols) >= 0 && Math.max(row - rows, col - cols) < 14
        return inside ? (reduced.data[((row - rows) * 14 + col - cols) * 4] as number) : behind(row, col)
      }
      if (name !== 'subpixel') throw new Error(`no definition of ${name}`)
      if (Math.abs(rows + cols) === 0.003) {
        const next = (place: number) => (place === frame - 1 ? frame - 2 : place + 1)
        const beside = rows === 0 ? centre(row, next(col)) : centre(next(row), col)
        return centre(row, col) + (rows + cols) * (beside - centre(row, col))
      }
      return shifted(frame, centre, { rows, cols }, row, col)
    }
    for (const shift of protocol.shifts(own, Math.random)) {
      const images = await drawnBy(protocol, pixelScene(side, rgba), own, shift)
      for (const [row, col] of [
        [0, 0],
        [13, 9],
        [27, 27],
        [27, 3],
      ] as const)
        expect(
          Math.abs((images[row * frame + col] as number) - expected(shift, row, col)),
          `${row}, ${col}`,
        ).toBeLessThan(name === 'subpixel' ? 1e-4 : 1e-9)
    }
  },
)

it('draws sub-pixel shifts of a whole frame within 1e-4 of the definition', async () => {
  const protocol = protocolNamed('subpixel')
  const { frame } = setting
  const side = sourceSide(frame)
  const rgba = randomOf(4, 'photograph', 0).bytes(side * side * 4)
  for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255
  const shift = { rows: 0.25, cols: 0.75 }
  const images = await drawnBy(protocol, pixelScene(side, rgba), setting, shift)
  const centre = (row: number, col: number) => rgba[((row + 16) * side + col + 16) * 4] as number
  for (const [row, col] of [
    [0, 0],
    [100, 37],
    [223, 223],
    [5, 200],
  ] as const)
    expect(Math.abs(shifted(frame, centre, shift, row, col) - (images[row * frame + col] as number))).toBeLessThan(1e-4)
})
