import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { indexOf as gridIndex, positionAt } from '../../src/experiments/maps/grid.js'
import {
  baselineOf,
  type Choice,
  featureParts,
  fitChoice,
  fitView,
  hasFeatures,
  hasMean,
  nearestPosition,
  withComparedSize,
} from '../../src/page/browser/fit.js'
import { firstView, formatView, limitsFromText, parseView } from '../../src/page/browser/view.js'
import type { View } from '../../src/page/site/view.js'
import type { NetworkPair } from '../../src/results/store/pairs.js'
import { randomCases } from '../support/randomCases.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const RUNS = { numRuns: randomCases(40) }

const groups = [
  groupOf({ key: 0, model: 'alexnet' }),
  groupOf({ key: 1, model: 'alexnet', size: 75, layers: ['fc8'] }),
  groupOf({ key: 2, model: 'alexnet-aa' }),
]
const pair = (kind: NetworkPair['kind'], variant: string) => ({ kind, plain: 'alexnet', variant })
const index = { ...indexOf(groups), pairs: [pair('anti-aliasing', 'alexnet-aa')] }
const FIRST = firstView(index)
const PLAIN = groupOf({ key: 0, model: 'own', stride: 7 })
/** Positions −64, −57, … −1: a stride of 7 does not reach 0. */
const WHOLE = groupOf({ key: 0, model: 'own', stride: 7, size: 288, frame: 224 })

describe('the first view', () => {
  it('shows the first object in the first network, the variant of its pair beside it where there is one', () => {
    expect(FIRST).toMatchObject({
      ...{ model: 'alexnet', other: 'alexnet-aa', layer: 'fc6', size: 125, patch: 'car', anchor: 'center' },
      ...{ shows: 'similarity', cursor: { row: 4, col: 4 } },
      limits: { low: 0.88, high: 1 },
    })
    expect(firstView(indexOf([groupOf({ key: 0, model: 'own' })])).other).toBeNull()
    expect(firstView(indexOf(groups)).other).toBeNull()
    const pairs = [pair('no-flips', 'alexnet-aa'), pair('given', 'absent'), pair('given', 'alexnet-aa')]
    expect(firstView({ ...index, pairs: pairs.slice(0, 2) }).other).toBeNull()
    expect(firstView({ ...index, pairs }).other).toBe('alexnet-aa')
    expect(firstView({ ...index, isLive: true }).other).toBeNull()
  })

  it('shows answers if the classes are known, and of a detector whether it finds the object', () => {
    const shownBy = (more: object) => firstView(indexOf([{ ...groupOf({ key: 0, model: 'own' }), ...more }])).shows
    expect(['answers', 'found', 'similarity']).toEqual([
      shownBy({ classes: 'fc8' }),
      shownBy({ classes: 'fc8', head: 'detector' }),
      shownBy({}),
    ])
  })
})

describe('a size', () => {
  const mixed = indexOf([
    ...[125, 75].map((size, key) => ({ ...groupOf({ key, model: 'a', size }), frame: 224 })),
    ...[89, 54].map((size, key) => ({ ...groupOf({ key: key + 2, model: 'b', size }), frame: 160 })),
  ])
  const view = { ...firstView(mixed), model: 'b', other: 'a', size: 54 }

  it('is the same share in both networks, however many pixels a link names', () => {
    const shown = withComparedSize(mixed, view)
    expect(fitView(mixed, shown).map(({ group, notes }) => [group.size, notes])).toEqual([
      [54, []],
      [75, []],
    ])
    expect(withComparedSize(mixed, { ...view, size: 75 }).size).toBe(75)
    expect(withComparedSize(mixed, { ...view, size: 99 }).size).toBe(99)
  })

  it('stays when the network changes', () => {
    const shown = withComparedSize(mixed, view)
    expect(fitView(mixed, { ...shown, model: 'a', other: null })[0].group.size).toBe(75)
  })
})

describe('a link', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('mean', '<script>', '"&=#?', 'قطة', 'a,b', '%2C', '+ +', '3,4x'),
  )
  const given = names.filter((name) => name !== '')
  const places = fc.record({ row: fc.nat(223), col: fc.nat(223) })
  const limits = fc
    .tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 1, max: 9999 }))
    .map(([low, more]) => ({ low: low / 1e4, high: (low + more) / 1e4 }))
  const views: fc.Arbitrary<View> = fc.record({
    // Nothing stands for no second network, and for the mean over objects.
    ...{ model: names, other: fc.option(given), patch: fc.option(given), layer: names },
    size: fc.integer({ min: 1, max: 224 }),
    anchor: fc.oneof(fc.constantFrom('center', 'top-left'), places),
    shows: fc.constantFrom('similarity', 'probability', 'answers'),
    cursor: places,
    limits: fc.oneof(limits, fc.constant('fit' as const)),
  })

  it('restores the view, whatever the names, and is a fragment that a browser leaves as it is', () => {
    fc.assert(
      fc.property(views, (view) => {
        const fragment = formatView(view)
        expect(parseView(fragment, FIRST)).toEqual(view)
        expect(new URL(fragment, 'file:///results/index.html').hash).toBe(fragment)
      }),
      RUNS,
    )
  })

  it('leaves what it does not name as it is, and what is no number or unknown', () => {
    const base = { ...FIRST, shows: 'answers', cursor: { row: 3, col: 4 } } as const
    const same = ['', '&size=1e9&at=1,2,3&limits=1,0.88&map=x', '&at=--1,2&limits=NaN,1', '&size=-.']
    for (const rest of same) expect(parseView(`#network=alexnet${rest}`, base)).toEqual(base)
    expect(parseView('#network=own&patch=&with=&show=difference', base)).toEqual({
      ...{ ...base, model: 'own', patch: null, other: null },
    })
    for (const other of ['', '#', '#tables', '#a-plot', '#=']) expect(parseView(other, base)).toBeUndefined()
  })

  it('has limits that are two rising numbers', () => {
    const read = ['0.88,1', ' -1 , .5 ', '-10,10'].map(limitsFromText)
    expect(read.flatMap((one) => [one?.low, one?.high])).toEqual([0.88, 1, -1, 0.5, -10, 10])
    const refused = ['1,0.88', '1,1', '1', '', 'a,b', '0,1,2', '0,10.1', '-11,0', '-,1', '0,1e3', '1.,2']
    expect(refused.map(limitsFromText)).toEqual(refused.map(() => undefined))
  })
})

describe('what the study can serve', () => {
  const wanted: Choice = { model: 'alexnet', layer: 'fc8', size: 75, patch: 'car', anchor: 'top-left' }
  const live = { ...index, isLive: true }

  it('is what was asked for where the study has it', () => {
    const fitted = fitChoice(index, wanted)
    expect(fitted).toMatchObject({ choice: wanted, layer: 0, unit: 0, anchor: 0, notes: [] })
    const rest = [fitted.group.key, fitted.anchorPosition, baselineOf(fitted), hasFeatures(fitted)]
    expect(rest).toEqual([1, { row: 0, col: 0 }, null, false])
  })

  const AA = 'alexnet-aa'
  const onlyNamed = 'Without the features of this map, only named anchors can be used. The anchor is the center.'
  it.each<[Partial<Choice>, Partial<Choice>, string, boolean?]>([
    [{ model: 'gone', layer: 'x' }, { model: 'alexnet' }, 'This page has no network “gone”.'],
    [{ size: 125, layer: 'fc9' }, { layer: 'fc6' }, 'There is no layer “fc9” here. The map shows “fc6”.'],
    [{ model: AA }, { size: 125 }, '“alexnet-aa” was not measured with objects of 75 px.'],
    [{ patch: 'gone' }, { patch: null }, 'There is no object “gone” here. The map shows the mean of all objects.'],
    [{ patch: 'gone' }, { patch: 'car' }, 'There is no object “gone” here. The map shows “car”.', true],
    [{ anchor: { row: 3, col: 3 } }, { anchor: 'center' }, onlyNamed],
  ])('instead of %j is %j, and says so', (changes, expected, note, isLive = false) => {
    const { choice, notes } = fitChoice(isLive ? live : index, { ...wanted, ...changes })
    // Names are isolated, whatever the direction of their writing.
    const isolated = note.replaceAll('“', '\u2068').replaceAll('”', '\u2069')
    expect([choice, notes]).toEqual([expect.objectContaining(expected), [isolated]])
  })

  it('is the center for an anchor that no group has', () => {
    expect(fitChoice(index, { ...wanted, anchor: 'gone' })).toMatchObject({ anchor: 2, notes: [] })
  })

  it('is the layer of the same name in both networks, or the last of the second one', () => {
    const layersOf = (layer: string) =>
      fitView(index, { ...FIRST, ...wanted, other: 'alexnet-aa', layer }).map(({ choice }) => choice.layer)
    expect([...layersOf('fc6'), ...layersOf('fc9')]).toEqual(['fc8', 'fc6', 'fc8', 'fc8'])
    expect(fitView(index, { ...FIRST, other: null })).toHaveLength(1)
    const notes = fitView(index, { ...FIRST, other: FIRST.model }).map((one) => one.notes)
    expect(notes).toEqual([[], ['Maps A and B show the same network.']])
  })

  it('has a mean over several objects of a report', () => {
    const fitted = fitChoice(index, wanted)
    const alone = { ...fitted.group, units: fitted.group.units.slice(1) }
    expect([hasMean(fitted.group, index), hasMean(fitted.group, live), hasMean(alone, index)]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('takes any position as anchor where features were kept, on the grid', () => {
    const kept = indexOf([groupOf({ key: 0, model: 'own', stride: 3, features: [2, 1] })])
    const fitted = fitChoice(kept, { ...wanted, model: 'own', size: 125, anchor: { row: 4, col: 500 } })
    expect(fitted).toMatchObject({ anchor: null, anchorPosition: { row: 3, col: 27 }, notes: [] })
    expect([fitted.choice.anchor, hasFeatures(fitted)]).toEqual([{ row: 3, col: 27 }, true])
    expect([featureParts(fitted.group, 0, 1), featureParts(fitted.group, 0, null)]).toEqual([2, 0])
  })

  it.each([
    [PLAIN, { row: 0, col: 223 }, { row: 0, col: 63 }, 9],
    [PLAIN, { row: 3, col: 4 }, { row: 0, col: 7 }, 1],
    [PLAIN, { row: 67, col: 24 }, { row: 63, col: 21 }, 93],
    [PLAIN, { row: -9, col: -1 }, { row: 0, col: 0 }, 0],
    [WHOLE, { row: 0, col: 0 }, { row: -1, col: -1 }, 99],
    [WHOLE, { row: -64, col: -23 }, { row: -64, col: -22 }, 6],
    [WHOLE, { row: -13, col: -999 }, { row: -15, col: -64 }, 70],
  ])('puts a position on the grid of %j, at the nearest one', (group, place, nearest, at) => {
    expect([nearestPosition(group, place), gridIndex(place, group), positionAt(at, group)]).toEqual([
      nearest,
      at,
      nearest,
    ])
  })
})

describe('a study of objects and photographs', () => {
  const [objects, photographs] = [
    ['car', 'dog'],
    ['a.jpg', 'b.jpg'],
  ]
  const study = indexOf([
    groupOf({ key: 0, model: 'large', size: 256, frame: 224, patches: photographs }),
    groupOf({ key: 1, model: 'large', size: 125, frame: 224, patches: objects }),
    groupOf({ key: 2, model: 'large', size: 75, frame: 224, patches: objects }),
    groupOf({ key: 3, model: 'small', size: 146, frame: 128, patches: photographs }),
    groupOf({ key: 4, model: 'small', size: 71, frame: 128, patches: objects }),
    groupOf({ key: 5, model: 'older', size: 75, frame: 224, patches: objects }),
  ])
  const opening = firstView(study)
  const shown = (changes: Partial<View>) =>
    fitView(study, { ...opening, ...changes }).map(({ group: { key }, choice, notes }) => [key, choice.patch, notes])

  it('opens on an object', () => {
    expect(opening).toMatchObject({ model: 'large', size: 125, patch: 'car' })
  })

  it('shows a photograph in two networks, whatever their frames, and objects by shares of the frame', () => {
    const two = { other: 'small' }
    expect(shown({ ...two, size: 256, patch: 'b.jpg' })).toEqual([
      [0, 'b.jpg', []],
      [3, 'b.jpg', []],
    ])
    expect(shown({ ...two, size: 256, patch: null })).toEqual([
      [0, null, []],
      [3, null, []],
    ])
    expect(shown({ ...two, size: 125, patch: 'dog' })).toEqual([
      [1, 'dog', []],
      [4, 'dog', []],
    ])
    expect(shown({ model: 'small', size: 146, patch: null })).toEqual([[3, null, []]])
  })

  it('says that a network was not measured with photographs', () => {
    expect(shown({ model: 'older', size: 256, patch: 'a.jpg' })).toEqual([
      [
        5,
        null,
        [
          '\u2068older\u2069 was not measured with photographs of 256 px.',
          'There is no photograph \u2068a.jpg\u2069 here. The map shows the mean of all objects.',
        ],
      ],
    ])
  })

  it('keeps negative positions in links', () => {
    const view: View = {
      ...opening,
      size: 256,
      patch: 'a.jpg',
      cursor: { row: -3, col: 0 },
      anchor: { row: -32, col: -16 },
    }
    expect(parseView(formatView(view), opening)).toEqual(view)
  })
})
