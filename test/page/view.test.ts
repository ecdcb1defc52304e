import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Choice, featureParts, fitChoice, fitView, mapIndex, nearestPosition } from '../../src/page/browser/fit.js'
import { firstView, formatView, parseLimits, parseView, type View } from '../../src/page/browser/view.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const index = indexOf([
  groupOf({ key: 0, model: 'alexnet' }),
  groupOf({ key: 1, model: 'alexnet', size: 75, layers: ['fc8'] }),
  groupOf({ key: 2, model: 'alexnet-aa' }),
])

const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('mean', '<script>', '"&=#?', 'قطة', 'a,b', '%2C', '+ +', '3,4x'),
)
const places = fc.record({ row: fc.nat(223), col: fc.nat(223) })
const limits = fc
  .tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 1, max: 9999 }))
  .map(([low, more]) => ({ low: low / 1e4, high: (low + more) / 1e4 }))
const given = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
const views: fc.Arbitrary<View> = fc.record({
  model: names,
  // In a link, nothing stands for no second network, and for the mean over objects.
  other: fc.option(given),
  patch: fc.option(given),
  layer: names,
  size: fc.integer({ min: 1, max: 224 }),
  anchor: fc.oneof(fc.constantFrom('center', 'top-left'), places),
  difference: fc.boolean(),
  shows: fc.constantFrom('similarity', 'probability', 'answers'),
  cursor: places,
  colours: fc.constantFrom('hot', 'viridis', 'cividis', 'grey'),
  limits: fc.oneof(limits, fc.constant('fit' as const)),
})

describe('links', () => {
  it('restore the view, whatever the names', () => {
    fc.assert(
      fc.property(views, (view) => {
        const difference = view.difference && view.other !== null
        expect(parseView(formatView(view), firstView(index))).toEqual({ ...view, difference })
      }),
    )
  })

  it('leave what they do not name as it is', () => {
    const base = { ...firstView(index), shows: 'answers', cursor: { row: 3, col: 4 } } as const
    expect(parseView('#network=alexnet', base)).toEqual(base)
    expect(parseView('#network=own&patch=&with=', base)).toEqual({ ...base, model: 'own', patch: null, other: null })
  })

  it('are fragments that a browser leaves as they are', () => {
    fc.assert(
      fc.property(views, (view) => {
        const fragment = formatView(view)
        expect(new URL(fragment, 'file:///results/index.html').hash).toBe(fragment)
      }),
    )
  })

  it('may be anything: then nothing or a view with possible numbers comes of them', () => {
    const base = firstView(index)
    const pieces = fc.constantFrom('network', 'with', 'size', 'limits', 'at', 'anchor', 'colours', 'show')
    const values = fc.oneof(
      names,
      fc.constantFrom('1e9', '-1', '5,5,5', '1,0.88', 'fit', 'NaN,1', '__proto__', '0.88,1e400'),
    )
    const made = fc
      .array(fc.tuple(pieces, values))
      .map((pairs) => `#network=x&${pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`)
    fc.assert(
      fc.property(made, (fragment) => {
        const view = parseView(fragment, base) as View
        if (view.limits !== 'fit') expect(view.limits.low).toBeLessThan(view.limits.high)
        expect(['hot', 'viridis', 'cividis', 'grey']).toContain(view.colours)
        expect(() => fitView(index, view)).not.toThrow()
      }),
    )
    for (const other of ['', '#', '#tables', '#a-plot', '#=']) expect(parseView(other, base)).toBeUndefined()
  })

  it('have limits that rise', () => {
    expect(parseLimits('0.88,1')).toEqual({ low: 0.88, high: 1 })
    expect(parseLimits(' -1 , .5 ')).toEqual({ low: -1, high: 0.5 })
    for (const text of ['1,0.88', '1,1', '1', '', 'a,b', '0,1,2', '0,11', '-,1', '0,1e3'])
      expect(parseLimits(text), text).toBeUndefined()
  })
})

describe('first view', () => {
  it("shows the first patch of the first network, the network's anti-aliased twin beside it", () => {
    const view = firstView(index)
    expect(view).toMatchObject({ model: 'alexnet', other: 'alexnet-aa', size: 125, patch: 'car', anchor: 'center' })
    expect(view.limits).toEqual({ low: 0.88, high: 1 })
  })

  it('shows one map where there is no twin', () => {
    expect(firstView(indexOf([groupOf({ key: 0, model: 'own' })])).other).toBeNull()
  })
})

describe('what the study can serve', () => {
  const wanted: Choice = { model: 'alexnet', layer: 'fc8', size: 75, patch: 'car', anchor: 'top-left' }

  it('is what was asked for where the study has it', () => {
    const fitted = fitChoice(index, wanted)
    expect(fitted).toMatchObject({ choice: wanted, layer: 0, unit: 0, anchor: 0, notes: [] })
    expect(fitted.group.key).toBe(1)
  })

  it('is the nearest thing, and says so, where it has not', () => {
    expect(fitChoice(index, { ...wanted, model: 'gone' }).notes).toEqual([
      'This folder has no network \u2068gone\u2069.',
    ])
    const first = fitChoice(index, { ...wanted, size: 125, layer: 'fc9' })
    expect([first.choice.layer, first.notes]).toEqual([
      'fc6',
      ['There is no layer \u2068fc9\u2069 here. The map shows \u2068fc6\u2069.'],
    ])
    expect(fitChoice(index, { ...wanted, model: 'alexnet-aa' }).notes[0]).toContain(
      'was not measured with objects of 75 px',
    )
    const mean = fitChoice(index, { ...wanted, patch: 'gone' })
    expect([mean.unit, mean.choice.patch, mean.notes.length]).toEqual([null, null, 1])
    const place = fitChoice(index, { ...wanted, anchor: { row: 3, col: 3 } })
    expect([place.choice.anchor, place.notes.length]).toEqual(['center', 1])
  })

  it('is the layer of the same name in both networks, or the last of the second one', () => {
    const layersOf = (layer: string) =>
      fitView(index, { ...firstView(index), ...wanted, other: 'alexnet-aa', layer }).map(({ choice }) => choice.layer)
    expect([layersOf('fc6'), layersOf('fc9')]).toEqual([
      ['fc8', 'fc6'],
      ['fc8', 'fc8'],
    ])
  })

  it('takes any place as anchor where features were kept, on the grid', () => {
    const kept = indexOf([groupOf({ key: 0, model: 'own', stride: 3, features: [2, 1] })])
    const fitted = fitChoice(kept, { ...wanted, model: 'own', size: 125, anchor: { row: 4, col: 500 } })
    expect(fitted).toMatchObject({ anchor: null, anchorPosition: { row: 3, col: 27 }, notes: [] })
    expect(featureParts(fitted.group, fitted.layer, fitted.unit)).toBe(1)
    expect(featureParts(fitted.group, fitted.layer, null)).toBe(0)
  })

  it('puts every place on the grid of a group', () => {
    const group = groupOf({ key: 0, model: 'own', stride: 7 })
    fc.assert(
      fc.property(places, (place) => {
        const nearest = nearestPosition(group, place)
        expect(nearest.row % 7).toBe(0)
        expect(Math.abs(Math.min(place.row, 63) - nearest.row)).toBeLessThanOrEqual(3.5)
        expect(mapIndex(group, nearest)).toBe((nearest.row / 7) * group.cols + nearest.col / 7)
      }),
    )
  })
})
