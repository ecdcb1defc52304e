import { expect, it } from 'vitest'
import { photographAnswers, photographMeasures, type Seen } from '../../src/consistency/photographAnswers.js'
import {
  columnsOf,
  EXACT_CROP,
  keptValues,
  PROTOCOLS,
  type Protocol,
  type ProtocolName,
  withAllMeasures,
} from '../../src/consistency/protocols.js'
import { sourceSide } from '../../src/patches/photographs.js'
import { runHere } from '../support/inProcess.js'
import { randomOf } from '../support/random.js'

const PLAIN = { labels: false, boxes: false }
const setting = { frame: 224, draws: 500, background: new Uint8Array(), columns: columnsOf(PLAIN) }
const protocolOf = (name: ProtocolName) => PROTOCOLS.filter((protocol) => protocol.name === name)

function shiftsOf(name: ProtocolName) {
  const random = randomOf(1, 'shifts', 0)
  return protocolOf(name).flatMap(({ shifts }) => [...shifts(setting, () => random.below(2 ** 20) / 2 ** 20)])
}

it('shifts circularly by −32 to 31 px along each axis, and crops at offsets of 0 to 31 px', () => {
  for (const [name, least] of [['circular', -32] as const, ['crop', 0] as const])
    for (const axis of ['rows', 'cols'] as const) {
      const found = new Set(shiftsOf(name).map((shift) => shift[axis]))
      expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 - least }, (_, i) => least + i))
    }
})

interface Given {
  readonly frame: number
  readonly has?: Parameters<typeof withAllMeasures>[1]
  readonly right?: readonly number[]
}

/** Measures a photograph from the class probabilities in its frames, and gives the names of its values. */
function measuredBy(chosen: readonly Protocol[], frames: readonly (readonly [Float64Array, Seen?])[], given: Given) {
  const { frame, has = PLAIN, right } = given
  const own = { frame, draws: 2, background: new Uint8Array(), columns: columnsOf(has) }
  const protocols = withAllMeasures(chosen, has)
  const answers = photographAnswers(protocols, own, right)
  const stored = frames.flatMap((one) => {
    expect(answers.isComplete()).toBe(false)
    return answers.take(...one)
  })
  expect(answers.isComplete()).toBe(true)
  expect(stored.length).toBe(protocols.reduce((sum, protocol) => sum + keptValues(protocol, own), 0))
  const measures = photographMeasures(protocols, own, right)
  // Stored values are taken in pieces of any length.
  for (let at = 0; at < stored.length; at += 7) measures.take(stored.slice(at, at + 7))
  const names = protocols.flatMap(({ name, measures }) => measures.map((measure) => `${name} ${measure.name}`))
  return { stored, values: Object.fromEntries(measures.values().map((value, i) => [names[i], value])) }
}

it.each([...PROTOCOLS, EXACT_CROP].map((protocol) => [protocol.name, protocol] as const))(
  'describes as many frames of %s as it counts, and stores as many values as it names',
  (_, protocol) => {
    const small = { ...setting, frame: 28, draws: 2 }
    const frames = protocol.count(small)
    expect([...protocol.shifts(small, Math.random)].length).toBe(frames)
    for (const labels of [false, true])
      for (const boxes of [false, true]) {
        const center = labels ? 1 : 0
        const given = Array.from(
          { length: center + frames },
          (_, i) => [Float64Array.of(0.25, 0.75 - (i % 3) / 4)] as const,
        )
        measuredBy([protocol], given, { frame: 28, has: { labels, boxes }, right: [1] })
      }
  },
)

// Answers: 1 1 0 1, with probabilities of the two classes in quarters.
const FRAMES = [3, 2.5, 1, 4].map((quarters) => [Float64Array.of(1 - quarters / 4, quarters / 4)] as const)

it('computes measures from the answers to consecutive frames', () => {
  const stored = [1, 0.75, 0.625, 1, 0.625, 0.25, 0, 0.75, 0, 1, 1, Number.NaN]
  // Of the pairs 1 1 and 0 1, one agrees.
  expect(measuredBy(protocolOf('crop'), FRAMES, { frame: 28 })).toEqual({
    stored,
    values: { 'crop agreement': 0.5, 'crop always-same': 0, 'crop confidence': 0.75 },
  })
  // A frame of 21 px is cut out at 4 positions. Two of its three steps change the answer.
  expect(measuredBy(protocolOf('diagonal'), FRAMES, { frame: 21 })).toEqual({
    stored,
    values: {
      'diagonal change': 2 / 3,
      'diagonal probability-change': (0.125 + 0.375 + 0.75) / 3,
      'diagonal always-same': 0,
      'diagonal confidence': 0.75,
    },
  })
  const same = FRAMES.map(() => FRAMES[1] as (typeof FRAMES)[number])
  expect(measuredBy(protocolOf('diagonal'), same, { frame: 21 }).values).toMatchObject({ 'diagonal always-same': 1 })
})

it('measures accuracies with labels', () => {
  const frames = [FRAMES[2] as (typeof FRAMES)[number], ...FRAMES]
  const measured = (right?: readonly number[]) =>
    measuredBy(protocolOf('crop'), frames, { frame: 28, has: { labels: true, boxes: false }, ...(right && { right }) })
  const { stored, values } = measured([1])
  expect(stored.slice(0, 8)).toEqual([0, 0.75, Number.NaN, 0.25, 1, 0.75, 0.625, 0.75])
  expect(values).toMatchObject({
    'center accuracy': 0,
    'center confidence': 0.75,
    'crop mean-accuracy': 3 / 4,
    'crop worst-case-accuracy': 0,
    'crop right-probability': (3 + 2.5 + 1 + 4) / 16,
  })
  // If several classes are right, an answer is right if it is one of them, and the most probable one counts.
  expect(measured([0, 1]).values).toMatchObject({
    'center accuracy': 1,
    'crop mean-accuracy': 1,
    'crop worst-case-accuracy': 1,
    'crop right-probability': (3 + 2.5 + 3 + 4) / 16,
  })
  const { values: unlabelled } = measured()
  expect([unlabelled['center accuracy'], unlabelled['crop right-probability']]).toEqual([Number.NaN, Number.NaN])
  expect(unlabelled['crop agreement']).toBe(0.5)
})

it('measure how well a detector’s boxes fit after the shift is taken back', () => {
  const boxes = [[0, 0, 10, 10], [5, 0, 15, 10], undefined, undefined] as const
  const seen: readonly Seen[] = boxes.map((box) => ({ answer: box ? 1 : 2, ...(box && { box }) }))
  const frames = seen.map((one) => [Float64Array.of(0.25, 0.5), one] as const)
  // A frame of 21 px is cut out at 4 positions.
  const { stored, values } = measuredBy(protocolOf('diagonal'), frames, {
    frame: 21,
    has: { labels: false, boxes: true },
  })
  // The overlap is 1/3, then 0 as the box is lost, then 1 as nothing is seen twice. Where it sees nothing, its answer
  // has the best score.
  expect(stored).toEqual([
    ...[1, 0.5, 0.5, Number.NaN],
    ...[1, 0.5, 0.5, 1 / 3],
    ...[2, 0.5, 0.5, 0],
    ...[2, 0.5, Number.NaN, 1],
  ])
  expect(values).toMatchObject({ 'diagonal change': 1 / 3, 'diagonal overlap': expect.closeTo((1 / 3 + 0 + 1) / 3, 7) })
})

it('tell by their direction where a pixel of the photograph is in a frame', () => {
  const side = sourceSide(setting.frame)
  // Each pixel's red tells its column, and its green its row.
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    return [pixel % side, Math.floor(pixel / side), 0][i % 3] as number
  })
  const memory = () => ({ bytes: () => new Uint8Array(setting.frame ** 2 * 3), floats: () => new Float32Array() })
  for (const name of ['crop', 'diagonal', 'circular'] as const) {
    const [protocol] = protocolOf(name) as [(typeof PROTOCOLS)[number]]
    const draw = protocol.drawing({ rows: side, cols: side, data }, setting)
    const redAt = (shift: { rows: number; cols: number }, col: number) => draw(shift, memory())[col * 3] as number
    // The picture's middle moves by the shift, or against it.
    const middle = setting.frame / 2
    expect(redAt({ rows: 0, cols: 3 }, middle + (protocol.movesFrame ? -3 : 3)), name).toBe(
      redAt({ rows: 0, cols: 0 }, middle),
    )
  }
})

it('are all named by the help', async () => {
  const { stdout } = await runHere(['consistency', '--help'])
  const option = stdout.slice(stdout.indexOf('--protocols'), stdout.indexOf('--draws'))
  for (const { name } of PROTOCOLS) expect(option).toContain(name)
})
