import { describe, expect, it } from 'vitest'
import type { Fitted } from '../../../src/page/browser/fit.js'
import { LiveMap } from '../../../src/page/browser/live/liveMap.js'
import { type LiveState, mapRequest, unitRequest } from '../../../src/page/browser/live/liveState.js'
import { durationText, paceOf, progressText } from '../../../src/page/browser/live/pace.js'
import { lossText } from '../../../src/page/browser/live/runningMaps.js'
import { fittingStride, type LiveObject, type MapRows } from '../../../src/page/live/live.js'
import { groupOf } from '../../support/siteIndex.js'

describe('a live map', () => {
  const rows = (places: readonly number[], cosines: readonly number[], answers?: MapRows['answers']): MapRows => ({
    ...{ kind: 'rows', places: Uint32Array.from(places), cosines: Float32Array.from(cosines), done: 0 },
    ...(answers && { answers }),
  })

  it('shows the coarser position before one that is not known', () => {
    const map = new LiveMap(5, 5)
    expect(map.parts()).toBeUndefined()
    map.take(rows([0, 4, 12], [0.5, 0.25, 1]))
    const { cosines, known, answers } = map.parts() ?? {}
    const [upper, lower] = [
      [0.5, 0.5, 0.5, 0.5, 0.25],
      [0.5, 0.5, 1, 1, 0.25],
    ]
    expect([...(cosines?.values ?? [])]).toEqual([upper, upper, lower, lower, Array(5).fill(0.5)].flat())
    expect([cosines?.lowest, answers, known?.reduce((sum, one) => sum + one)]).toEqual([0.25, undefined, 3])
    expect([map.isKnown(4), map.isKnown(5)]).toEqual([true, false])
  })

  it('is whole once all positions are known, the last word counting, with classes numbered from the center’s', () => {
    const map = new LiveMap(1, 3)
    const answers = (strongest: readonly number[], names: Record<number, string>) => ({
      strongest: Uint32Array.from(strongest),
      probability: Float32Array.from(strongest, (one) => one / 16),
      ofCenter: Float32Array.from(strongest, () => 0.25),
      ...{ center: 7, names, atAnchor: { class: 9, probability: 0.875, ofCenter: 0.125 } },
    })
    map.take(rows([1, 0], [0.1, 0.2], answers([3, 7], { 7: 'dog' })))
    map.take(rows([1, 2], [0.5, 0.75], { ...answers([9, 3], { 9: 'cat' }), right: [3, 7] }))
    const parts = map.parts()
    expect([parts?.known, ...(parts?.cosines.values ?? [])]).toEqual([undefined, expect.closeTo(0.2, 6), 0.5, 0.75])
    const { strongest, ofCenter } = parts?.answers ?? {}
    expect([...(strongest?.names ?? []), ...(strongest?.numbers ?? [])]).toEqual(['dog', 'cat', '3', 0, 1, 2])
    expect(strongest?.right).toEqual([0, 2])
    expect([...(strongest?.probabilities ?? [])]).toEqual([7 / 16, 9 / 16, 3 / 16])
    expect([...(ofCenter ?? [])]).toEqual([0.25, 0.25, 0.25])
    expect(parts?.atAnchor).toEqual({ answer: '\u2068cat\u2069 0.88', name: 'cat', ofCenter: 0.125 })
  })
})

it.each([
  ['an object', 75, '#ffffff', 'white'],
  ['an object', 75, '#102030', '#102030'],
  ['a photograph, which hides it', 300, '#102030', 'white'],
])('asks for %s of %i px on %s as on %s', (_, size, background, asked) => {
  const object = { key: 7, name: 'car', category: 'wagon', isPhotograph: size > 224 } as LiveObject
  const state: LiveState = { networks: [], missing: [], objects: [object], background, finest: undefined }
  const group = { ...groupOf({ key: 0, model: 'net' }), size, stride: 4, frame: 224 }
  const choice = { model: 'net', layer: 'fc8', size, patch: 'car', anchor: 'center' }
  const fitted = { group, choice, anchorPosition: { row: 3, col: 5 } } as unknown as Fitted
  const unit = { network: 'net', object: 7, size, stride: 4, background: asked }
  expect(unitRequest(state, fitted)).toEqual(unit)
  const whole = { ...unit, category: 'wagon', layer: 'fc8', anchor: { row: 3, col: 5 } }
  expect(mapRequest(state, fitted)).toEqual(whole)
})

describe('the sentence about right answers', () => {
  const names = ['cup', 'coffee mug', 'bowl', 'vase']
  const textOf = (numbers: readonly number[], right: readonly number[] | undefined, known?: Uint8Array) => {
    const strongest = { names, numbers: Uint32Array.from(numbers), probabilities: new Float64Array(4), right }
    const fitted = { group: { model: 'net' } } as Fitted
    const map = { fitted, answers: { ofCenter: new Float64Array(4), strongest }, ...(known && { known }) }
    return lossText(map, 'coffee mug').replace(/[\u2068\u2069]/g, '')
  }

  it.each([
    ['where it is lost', textOf([1, 2, 0, 0], [1]), '25 % of positions. It is lost most often to cup.'],
    ['that it never is', textOf([3, 3, 0, 3], []), '0 % of positions. It is lost most often to vase.'],
    ['that it always is', textOf([1, 2, 1, 2], [1, 2]), '100 % of positions.'],
    [
      'what is computed',
      textOf([1, 1, 0, 3], [1], Uint8Array.of(1, 0, 0, 1)),
      '50 % of positions. It is lost most often to vase.',
    ],
  ])('tells %s', (_, text, expected) => {
    expect(text).toBe(`The answer is right at ${expected}`)
  })

  it('tells that the network has no such class', () => {
    expect(textOf([0, 1, 2, 3], undefined)).toBe('net has no class for coffee mug.')
  })
})

describe('the pace of a map', () => {
  it('tells the time left from what has been done, once that is two percent', () => {
    const pace = paceOf(1000)
    expect(pace.progress(0)).toBeUndefined()
    pace.take(100, 1000)
    expect(pace.progress(1500)).toEqual({ share: 0.1, secondsLeft: undefined })
    pace.take(119, 2000)
    expect(pace.progress(2000)).toEqual({ share: 0.119, secondsLeft: undefined })
    pace.take(120, 3000)
    expect(pace.progress(3000)).toEqual({ share: 0.12, secondsLeft: 88 })
    expect(pace.progress(13_000)?.secondsLeft).toBe(78)
    expect(pace.progress(1e6)?.secondsLeft).toBe(0)
    pace.take(1000, 4000)
    expect(pace.progress(4000)).toEqual({ share: 1, secondsLeft: 0 })
  })

  it.each([
    [progressText(undefined), ''],
    [progressText({ share: 1, secondsLeft: 0 }), ''],
    [progressText({ share: 0.129, secondsLeft: undefined }), 'computing: 12 %'],
    [progressText({ share: 0.5, secondsLeft: 3.4 }), 'computing: 50 %, about 3 s left'],
    [durationText(0.2), '1 s'],
    [durationText(99.4), '99 s'],
    [durationText(100), '2 min'],
  ])('reads “%s”', (text, expected) => {
    expect(text).toBe(expected)
  })
})

it.each([
  [{ wished: 4, mostBytes: 38 ** 2 * 40 }, 4],
  [{ wished: 4, mostBytes: 38 ** 2 * 40 - 1 }, 8],
  [{ wished: 1, mostBytes: 10 ** 2 * 40 }, 16],
  [{ wished: 1, mostBytes: 10 ** 2 * 40 - 1 }, undefined],
])('the stride that fits %j is %s', (limits, expected) => {
  const layers = [4, 6].map((dims) => ({ name: `of ${dims}`, dims }))
  expect(fittingStride({ frame: 224, layers }, 75, limits)).toBe(expected)
})
