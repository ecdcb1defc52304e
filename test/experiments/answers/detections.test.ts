import { describe, expect, it } from 'vitest'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { overlapOf } from '../../../src/experiments/answers/boxes.js'
import { DETECTOR, detectionAt, OUTCOMES } from '../../../src/experiments/answers/detections.js'
import { type HeadRow, SEES_NOTHING, type Sightings } from '../../../src/experiments/answers/headRow.js'
import { answerNames, comparedFeatures, sightingsOf } from '../../../src/experiments/answers/heads.js'
import { measureFeatures } from '../../../src/experiments/featureMeasures.js'
import { extractedGrid } from '../../../src/experiments/maps/cosines.js'

const READER = DETECTOR.reader as NonNullable<HeadRow['reader']>
const NAMES = ['person', 'dog', 'cow']
const THRESHOLD = 0.25
const DOG = { own: 1, isStated: true, threshold: THRESHOLD }
/** A box on the object's square, and one elsewhere. */
const ON = [40, 20, 50, 30] as const
const AWAY = [0, 0, 10, 10] as const

type BestBox = readonly [score: number, box: readonly [number, number, number, number]]

/** A row of detections: the scores of the classes, then their lefts, tops, rights and bottoms. */
function row(...best: readonly BestBox[]): readonly number[] {
  return [
    best.map(([score]) => score),
    ...[0, 1, 2, 3].map((side) => best.map(([, box]) => box[side] as number)),
  ].flat()
}

function seen(...best: readonly BestBox[]) {
  return detectionAt(
    READER.sightings(
      { name: 'detections', dims: 3, matrix: new Float32Array(3), all: Float32Array.from(row(...best)) },
      [[0, 0]],
      { offsets: Int32Array.of(20, 40), size: 10 },
      DOG,
    ),
    0,
  )
}

describe('the overlap of two boxes', () => {
  it.each([
    [ON, ON, 1],
    [ON, AWAY, 0],
    [ON, [50, 20, 60, 30], 0],
    // Half of each box is common: 50 of 150 px.
    [ON, [45, 20, 55, 30], 1 / 3],
    [ON, [40, 20, 50, 25], 0.5],
    [ON, [42, 22, 42, 28], 0],
    // Apart along columns, along rows and along both.
    [ON, [60, 20, 70, 30], 0],
    [ON, [40, 40, 50, 50], 0],
    [ON, [60, 40, 70, 50], 0],
    // Boxes without width or height.
    [[0, 0, 0, 5], [0, 0, 0, 5], 0],
    [[0, 0, 5, 0], [0, 0, 5, 0], 0],
  ] as const)('of %j and %j is %d', (a, b, share) => {
    expect(overlapOf(a, b)).toBeCloseTo(share, 12)
    expect(overlapOf(b, a)).toBeCloseTo(share, 12)
  })
})

describe('what becomes of a dog', () => {
  it.each<[string, readonly BestBox[], string, number | undefined]>([
    [
      'its box is the best one',
      [
        [0.1, AWAY],
        [0.9, ON],
        [0.5, ON],
      ],
      'found',
      1,
    ],
    [
      'its box is half as large',
      [
        [0.1, AWAY],
        [0.25, [40, 20, 50, 25]],
        [0.2, ON],
      ],
      'found',
      1,
    ],
    [
      'a cow scores better on it',
      [
        [0.1, AWAY],
        [0.6, ON],
        [0.8, ON],
      ],
      'another class on the object',
      2,
    ],
    [
      'a person scores best, but elsewhere',
      [
        [0.9, AWAY],
        [0.6, ON],
        [0.5, ON],
      ],
      'found',
      0,
    ],
    [
      'a cow is on it, a person elsewhere',
      [
        [0.9, AWAY],
        [0.6, ON],
        [0.7, ON],
      ],
      'another class on the object',
      0,
    ],
    [
      'its box is too small',
      [
        [0.1, ON],
        [0.9, [40, 20, 50, 24.9]],
        [0.1, ON],
      ],
      'no box that fits',
      1,
    ],
    [
      'only a person elsewhere is seen',
      [
        [0.3, AWAY],
        [0.2, ON],
        [0.2, ON],
      ],
      'no box that fits',
      0,
    ],
    [
      'all scores are below the threshold',
      [
        [0.24, ON],
        [0.2, ON],
        [0.1, ON],
      ],
      'nothing',
      undefined,
    ],
  ])('of which %s', (_, best, outcome, answer) => {
    const sighting = seen(...best)
    const none = [0, 0, 0, 0]
    const [score, box] = best[1] as BestBox
    expect(OUTCOMES[sighting.outcome]).toBe(outcome)
    expect(sighting.overlap).toBe(Math.fround(overlapOf(ON, Float32Array.from(box) as never)))
    expect(sighting.own).toEqual(score >= THRESHOLD ? box.map(Math.fround) : none)
    expect(sighting.answer).toEqual(answer === undefined ? none : best[answer]?.[1].map(Math.fround))
  })
})

describe('the class of the object', () => {
  const center = Float32Array.of(0.9, 0.3, 0.5)
  it.each([
    ['the one that is right', [1], undefined, 1, true],
    ['the one that the user names', [1], 'cow', 2, true],
    ['the best one at the center, if none is right', [], undefined, 0, false],
    ['the best one at the center, if none is known to be right', undefined, undefined, 0, false],
  ] as const)('is %s', (_, right, objectClass, own, isStated) => {
    const rule = READER.rule({ threshold: 0.25, ...(objectClass && { objectClass }) }, NAMES, center, right)
    expect(rule).toEqual({ own, isStated, threshold: 0.25 })
  })

  it('is the better one of two that are right', () => {
    const names = ['dog', 'person', 'poodle']
    expect(READER.rule({ threshold: 0.25 }, names, center, [0, 2]).own).toBe(0)
    expect(READER.rule({ threshold: 0.25 }, names, Float32Array.of(0.1, 0.9, 0.2), [0, 2]).own).toBe(2)
  })
})

describe('the detections of an object', () => {
  // 2×2 positions, 10 px apart, and their five anchors.
  const grid = positionGrid(20, 10, 10)
  const at = ({ row, col }: { row: number; col: number }) => [col, row, col + 10, row + 10] as const
  const squares = grid.anchors.map(at)
  const matrix = Float32Array.from(
    Array.from({ length: grid.offsets.length / 2 }, (_, i) => {
      const own = at({ row: grid.offsets[2 * i] as number, col: grid.offsets[2 * i + 1] as number })
      const dog = [0.9, 0.3, 0.1, 0.5][i] ?? 0.9
      return row([0.01, AWAY], [dog, own], [i === 1 ? 0.8 : 0.02, own])
    }).flat(),
  )
  const texts = { form: '', boxes: '', source: '' }
  const head = { kind: 'detector', layer: 'detections', compared: [], threshold: THRESHOLD, ...texts } as const
  const comparedLayer = () => comparedFeatures({ name: 'detections', dims: 15, matrix }, head)
  const scores = { meaning: 'sigmoid', source: 'test' } as const
  const detectionsOf = (layer: ReturnType<typeof comparedLayer>) => {
    const network = { classes: { layer: 'detections', names: NAMES, source: 'test', scores }, head }
    return sightingsOf(grid, layer, network, 10, [1]) as Sightings
  }

  it('are stored for the positions, then for the anchors', () => {
    const { sightings } = detectionsOf(comparedLayer())
    const all = Array.from({ length: 9 }, (_, i) => detectionAt(sightings, i))
    expect(all.map(({ overlap }) => overlap)).toEqual(Array(9).fill(1))
    expect(all.slice(0, 4).map(({ outcome }) => outcome)).toEqual([0, 1, 3, 0])
    // With the object at the bottom left, nothing is seen.
    expect(all.slice(4).map(({ answer }) => answer)).toEqual(
      squares.map((square, i) => (i === 3 ? [0, 0, 0, 0] : [...square])),
    )
  })

  it('give answers, of which "nothing" has the number of classes as its index', async () => {
    const layer = comparedLayer()
    const detections = detectionsOf(layer)
    expect([layer.dims, layer.matrix.length]).toEqual([3, matrix.length / 5])
    const compared = extractedGrid(grid, layer, 'detections')
    const { answers } = await measureFeatures(compared, scores, {}, detections)
    const [classes, best, own] = [0, 1, 2].map((map) => answers?.maps.subarray(4 * map, 4 * map + 4))
    expect([...(classes ?? [])]).toEqual([1, 2, 3, 1])
    expect(best).toEqual(Float32Array.of(0.9, 0.8, 0.1, 0.5))
    expect(own).toEqual(Float32Array.of(0.9, 0.3, 0.1, 0.5))
    expect(answers?.kept).toBe(0.5)
    const shares = READER.measured(answers?.maps.subarray(0, 4) ?? new Float32Array(), detections)
    expect(shares).toEqual({ found: 0.75, 'right-and-found': 0.5, overlap: 1 })
    expect(READER.measured(Float32Array.of(1, 2, 3, 1), { ...detections, isStated: false })).toMatchObject({
      'right-and-found': null,
    })
  })

  it('leave other layers as they are', () => {
    const layer = { name: 'feature', dims: 15, matrix }
    expect(comparedFeatures(layer, head)).toBe(layer)
    expect(comparedFeatures(layer, undefined)).toBe(layer)
  })
})

it('a detector’s last outcome and its empty answer have one name', () => {
  expect(OUTCOMES.at(-1)).toBe(SEES_NOTHING)
  const head = { kind: 'detector' } as Parameters<typeof answerNames>[0]['head']
  expect(answerNames(head ? { head } : {})).toEqual([SEES_NOTHING])
  expect(answerNames({})).toEqual([])
})
