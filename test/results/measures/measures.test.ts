import { beforeEach, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/scene/positions.js'
import { FOLD_SCHEMES, TASKS } from '../../../src/experiments/classifiers/folds.js'
import { arithmeticRows } from '../../../src/results/arithmetic/rows.js'
import { MEASURES, type MeasuredLayer, measureLayer } from '../../../src/results/measures/measures.js'
import { groupRows } from '../../../src/results/measures/rows.js'
import { measureUnit } from '../../../src/results/store/storedMeasures.js'
import type { Unit } from '../../../src/results/unit/schema.js'
import { countsOf, studyOf } from '../../support/arithmeticStudy.js'
import { atAnchors, byText, madeUnit } from '../../support/unit.js'

/** Of each anchor, in their order. */
function perAnchor(numbers: readonly number[], variant = (anchor: string) => anchor) {
  return Object.fromEntries(ANCHOR_NAMES.map((anchor, i) => [variant(anchor), expect.closeTo(numbers[i] as number, 5)]))
}

function alongAxis(axis: string, number: number) {
  return perAnchor(equal(number), (anchor) => `${anchor} ${axis}`)
}

function tasks<L, T>(left: L, top: T) {
  return { 'left-right': left, 'top-bottom': top }
}

const solved = (mean: number) => ({ folds: [0.8, 0.9, 1, 0.9, 0.9], mean, std: 0.1, gap: 0, notConverged: [] })
const unsolved = { folds: [null, 1, 1, 1, null], mean: null, std: null, gap: 0.5, notConverged: [0, 4] }
const equal = <T>(value: T): T[] => Array(5).fill(value)

const readout = (axis: 'row' | 'col', test: string, error: number) => ({
  ...{ axis, test, error, distance: error / 2 },
  predictions: [{ at: 12, predicted: error + 0.127 }],
})

const SMALL_UNIT = madeUnit({ stride: 1, layers: ['fc'] }, 0.9232)
const [MADE] = SMALL_UNIT.unit.layers as [Unit['layers'][number]]

/** A layer that has everything; its maps are of formula, 100×100. */
const WHOLE: MeasuredLayer = {
  ...MADE,
  rows: 100,
  cols: 100,
  frame: 224,
  size: 125,
  stride: 1,
  category: null,
  anchors: SMALL_UNIT.unit.anchors,
  maps: Float32Array.from({ length: 50_000 }, (_, i) => 0.9 + 0.01 * Math.cos((2 * Math.PI * (i % 100)) / 8)),
  consistency: { horizontal: 0.75, vertical: 0.5 },
  answers: {
    center: { class: 0, probability: 0.8 },
    anchors: atAnchors({ class: 0, probability: 0.8 }),
    right: true,
    kept: 0.6,
    least: 0.1,
    names: {},
    seen: { found: 0.75, 'right-and-found': 0.5, overlap: 0.625 },
  },
  // The network answers 0 at 3 of 5 positions, among them the center, and 1 at the others.
  answerMap: Float32Array.from({ length: 10_000 }, (_, i) => Number(i % 5 > 2)),
  separability: {
    ordered: tasks(solved(0.9), solved(0.7)),
    shuffled: tasks(solved(0.9), unsolved),
  },
  baselines: {
    period: 32,
    position: { ordered: tasks(equal(1), [0.75, 1, 1, 1, 0.75]), shuffled: tasks(equal(1), equal(1)) },
    phase: { shuffled: tasks(equal(0.4), equal(0.6)) },
  },
  foldErrors: { position: 0.02, phase: 0.3 },
  equivariance: [
    { dx: 1, total: 0.5, border: 0.3, aliasing: 0.4 },
    { dx: 2, total: 0.2, border: 0.2, aliasing: 0 },
    // The borders' error is interpolated, so it can be larger than the whole error.
    { dx: 3, total: 0.1, border: 0.2, aliasing: null },
  ],
  readout: [
    readout('row', '8px bands', 1),
    readout('row', '32px bands', 2),
    readout('col', '16px bands', 3),
    readout('col', '32px bands', 4),
  ],
}

/** Maps of 2×2 that rise by 0.001 to the right, 0.002 downwards and 0.004 from anchor to anchor, from 0.9232 on. */
const SMALL = byText(measureUnit(SMALL_UNIT.unit, SMALL_UNIT.maps)[0])

describe('measures of a layer', () => {
  let measures: ReturnType<typeof byText>
  beforeEach(() => {
    measures = byText(measureLayer(WHOLE))
  })

  it.each([
    ['answer-agreement', { '': expect.closeTo(0.52, 12), confident: expect.closeTo(0.52, 12) }],
    ['answer-kept', { center: 0.6, 'center confident': 0.6 }],
    ['answer-right', { center: 1 }],
    ['answer-probability', { center: 0.8 }],
    ['answer-fall', { center: expect.closeTo(0.7, 12) }],
    ['found', { '': 0.75 }],
    ['right-and-found', { '': 0.5 }],
    ['overlap', { '': 0.625 }],
    ['neighbour-consistency', { 'horizontal 1px': 0.75, 'vertical 1px': 0.5 }],
    [
      'equivariance-error',
      {
        ...{ '1px total': 0.5, '1px border': 0.3, '1px aliasing': 0.4 },
        ...{ '2px total': 0.2, '2px border': 0.2, '2px aliasing': 0 },
        ...{ '3px total': 0.1, '3px border': 0.2 },
      },
    ],
    // Of the tasks whose classifiers all converged.
    ['separability-accuracy', { 'left-right ordered': 0.9, 'top-bottom ordered': 0.7, 'left-right shuffled': 0.9 }],
    ['separability-std', { 'left-right ordered': 0.1, 'top-bottom ordered': 0.1, 'left-right shuffled': 0.1 }],
    ['not-converged', { 'top-bottom shuffled': 2 }],
    // 0.2 less the 0.1 that the position alone gives.
    ['separability-lead', { ordered: expect.closeTo(0.1, 12) }],
    ['phase-accuracy', { 'shuffled 32px': expect.closeTo(0.5, 12) }],
    ['fold-error', { position: 0.02, phase: 0.3 }],
    ['readout-error', { 'row 8px bands': 1, 'row 32px bands': 2, 'col 16px bands': 3, 'col 32px bands': 4 }],
    ['readout-distance', { 'row 8px bands': 0.5, 'row 32px bands': 1, 'col 16px bands': 1.5, 'col 32px bands': 2 }],
    // Bands of 16 px, or the next wider ones.
    ['readout-prediction', { 'row 32px bands 12px': 2.13, 'col 16px bands 12px': 3.13 }],
  ])('%s', (metric, expected) => expect(measures[metric]).toEqual(expected))

  it('answer-fall is 0 where an answer off the grid is less probable than all others', () => {
    const answers = WHOLE.answers && { ...WHOLE.answers, least: 0.81 }
    expect(byText(measureLayer({ ...WHOLE, answers }))['answer-fall']).toEqual({ center: 0 })
  })

  it('fold-accuracy', () => {
    const { 'left-right ordered 1': first, 'left-right ordered 3': third } = measures['fold-accuracy'] ?? {}
    expect([first, third, Object.keys(measures['fold-accuracy'] ?? {}).length]).toEqual([0.8, 1, 3 * 5])
  })

  it.each([
    ['similarity-mean', perAnchor([0.9247, 0.9287, 0.9327, 0.9367, 0.9407])],
    ['similarity-min', perAnchor([0.9232, 0.9272, 0.9312, 0.9352, 0.9392])],
    ['similarity-p5', perAnchor([0.9232, 0.9272, 0.9312, 0.9352, 0.9392])],
    // The center of two positions is the first one.
    ['direction-bias', perAnchor([-0.001, -0.003, -0.001, 0.003, 0.001])],
    ['jaggedness', { ...alongAxis('horizontal', 0.001), ...alongAxis('vertical', 0.002) }],
  ])('%s of a small map', (metric, expected) => {
    expect(SMALL[metric]).toEqual(expected)
  })

  it('coverage of a small map', () => {
    expect(Object.keys(SMALL.coverage ?? {})).toHaveLength(5 * 10)
    expect(SMALL.coverage).toMatchObject({
      ...perAnchor([1, 1, 1, 1, 1], (anchor) => `${anchor}>=0.9`),
      ...perAnchor([0.5, 1, 1, 1, 1], (anchor) => `${anchor}>=0.925`),
      ...perAnchor([0, 0, 0, 0, 0], (anchor) => `${anchor}>=0.95`),
    })
  })

  it('grid-spectrum', () => {
    const powers = Object.entries(measures['grid-spectrum'] ?? {})
    expect(powers).toHaveLength(5 * 2 * 5)
    // A wave of 8 pixels along the rows, whose mean square is half of its height's.
    for (const [variant, power] of powers)
      expect(power).toBeCloseTo(variant.endsWith('horizontal 8px') ? 0.01 ** 2 / 2 : 0, 6)
  })

  it('leaves out what a stride, a grid or a layer does not have', () => {
    const changes = { stride: 2, layers: ['fc'] }
    const { unit, maps } = madeUnit(changes, 0.9, { consistency: { horizontal: 1, vertical: null } })
    const coarse = byText(measureUnit(unit, maps)[0])
    const names = [
      'similarity-mean',
      'similarity-min',
      'similarity-p5',
      'coverage',
      'direction-bias',
      'neighbour-consistency',
    ]
    expect(Object.keys(coarse)).toEqual(names)
    expect(coarse['neighbour-consistency']).toEqual({ 'horizontal 2px': 1 })
    // It lies between the positions: none is farther from it than the other.
    expect(coarse['direction-bias']).not.toHaveProperty('center')
    expect(SMALL['grid-spectrum']).toBeUndefined()
    const { answers } = WHOLE
    const center = { class: 0, probability: 0.4 }
    const unsure = { ...WHOLE, answers: answers && { ...answers, right: null, center, anchors: atAnchors(center) } }
    expect(byText(measureLayer(unsure))).toMatchObject({ 'answer-kept': { center: 0.6, 'center unsure': 0.6 } })
    expect(Object.keys(byText(measureLayer(unsure))['answer-agreement'] ?? {})).toEqual(['', 'unsure'])
    expect(measureLayer(unsure)).not.toHaveProperty('answer-right')
  })

  it('the answer of a center between the positions of the grid counts nowhere', () => {
    // Rows 0 and 3 of six; the center is in row 2, nearest to row 3.
    const center = { class: 7, probability: 0.9 }
    const { answers } = WHOLE
    const coarse = {
      ...WHOLE,
      ...{ rows: 2, cols: 2, frame: 10, size: 5, stride: 3 },
      maps: new Float32Array(5 * 4).fill(1),
      anchors: { ...WHOLE.anchors, center: { row: 2, col: 2 } },
      answers: answers && { ...answers, center, anchors: atAnchors(center), kept: 0 },
      answerMap: Float32Array.of(1, 1, 1, 3),
    }
    expect(byText(measureLayer(coarse))).toMatchObject({
      'answer-agreement': { '': 0.25 ** 2 + 0.75 ** 2 },
      'answer-kept': { center: 0.25 },
    })
    const same = { ...coarse, answerMap: Float32Array.of(1, 1, 1, 1) }
    expect(byText(measureLayer(same))).toMatchObject({ 'answer-agreement': { '': 1 }, 'answer-kept': { center: 1 } })
  })
})

const VARIETY = { pictures: 60, distinct: 2, effective: 1.1, confidence: 1, most: 58, isConstant: true }
const CONFIDENCES = [{}, { confidence: 'confident' }, { confidence: 'unsure' }] as const
const ONE = new Map([['car', 0.5]])

describe('the list of measures', () => {
  const rowsOf = () => [
    ...groupRows(
      { model: 'net', size: 125, layers: ['fc'] },
      [{ patch: 'car', numbers: [measureLayer(WHOLE)] }],
      [{ same: equal(1), different: equal(0) }],
      [{ variety: VARIETY, values: CONFIDENCES.map((variant) => ({ variant, relative: ONE, chance: ONE })) }],
    ),
    ...arithmeticRows([studyOf('net', [countsOf(), countsOf({ judged: 'control', reference: 'pixels' })])]),
  ]
  let rows: ReturnType<typeof rowsOf>
  beforeEach(() => {
    rows = rowsOf()
  })

  it('has each name once', () => {
    expect(new Set(MEASURES.map(({ name }) => name)).size).toBe(MEASURES.length)
  })

  it.each(MEASURES)('$name has its variants in its tables', ({ name, tables = [] }) => {
    const own = rows.filter(({ metric }) => metric === name)
    expect(own.length).toBeGreaterThan(0)
    for (const { kind, column } of tables) {
      const columns = own.flatMap(({ variant }) => [column(variant) ?? []].filter((keys) => keys.length > 0))
      expect(columns.length).toBeGreaterThan(0)
      expect(new Set(columns.map((keys) => keys.length))).toEqual(new Set([kind.keys.length]))
      expect(columns.flat()).not.toContain(undefined)
    }
  })

  it('has no number where no classifier of the position or the phase converged', () => {
    const none = tasks(equal(null), equal(null))
    const baselines = { period: 32, position: { ordered: none }, phase: { shuffled: none } }
    const names = Object.keys(measureLayer({ ...WHOLE, baselines }))
    expect(names.filter((name) => ['separability-lead', 'phase-accuracy'].includes(name))).toEqual([])
  })

  it('measures every fold scheme and task', () => {
    const separability = Object.fromEntries(FOLD_SCHEMES.map((cv) => [cv, tasks(solved(1), solved(1))]))
    expect(Object.keys(byText(measureLayer({ ...WHOLE, separability }))['separability-accuracy'] ?? {}).sort()).toEqual(
      FOLD_SCHEMES.flatMap((cv) => TASKS.map((task) => `${task} ${cv}`)).sort(),
    )
  })
})
