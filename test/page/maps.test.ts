import { describe, expect, it } from 'vitest'
import { answerAt, type LoadedAnswers } from '../../src/page/browser/answers.js'
import { fitChoice } from '../../src/page/browser/fit.js'
import { extremes, type LoadedMap, mapOf, measured, quantityNote, shownLayer } from '../../src/page/browser/maps.js'
import { mapTitle } from '../../src/page/browser/panel.js'
import { recent } from '../../src/page/browser/recent.js'
import { regionsOf } from '../../src/page/browser/regions.js'
import { shownMaps } from '../../src/page/browser/shownMaps.js'
import { firstView } from '../../src/page/browser/view.js'
import type { Quantity } from '../../src/page/site/view.js'
import { cosineText, decimalsFor, probabilityText, shareText } from '../../src/page/text/text.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const group = { ...groupOf({ key: 0, model: 'alexnet' }), classes: 'fc8' }
const index = indexOf([group])
const choice = { model: 'alexnet', layer: 'fc6', size: 125, patch: 'car', anchor: 'center' }
const fitted = fitChoice(index, choice)

/** Cosines of four positions, as far as they are known. */
function mapWith(cosines: readonly number[], known?: readonly number[], changes: Partial<LoadedMap> = {}): LoadedMap {
  const mask = known && Uint8Array.from(known)
  const parts = { fitted, error: 0, answers: undefined, ...(mask && { known: mask }), ...changes }
  return mapOf({ ...parts, cosines: measured(Float64Array.from(cosines), mask) }, 'similarity')
}

function answersWith(names: readonly string[], numbers: readonly number[], right?: readonly number[]): LoadedAnswers {
  const probabilities = Float64Array.from(numbers, (_, i) => i / 10)
  return { ofCenter: probabilities, strongest: { names, numbers: Uint32Array.from(numbers), probabilities, right } }
}

/** A map of answers. */
function regionMap(answers: LoadedAnswers): LoadedMap {
  return mapOf({ fitted, error: 0, answers, cosines: measured(new Float64Array(answers.ofCenter.length)) }, 'answers')
}

describe('a map', () => {
  it('is measured where it is known', () => {
    const { mean, lowest, highest } = mapWith([0.5, 0.75, 9, -9], [1, 1, 0, 0])
    expect([mean, lowest, highest]).toEqual([0.625, 0.5, 0.75])
    expect(mapWith([0.25, 0.75])).toMatchObject({ mean: 0.5, lowest: 0.25, highest: 0.75 })
  })

  it('has a title without quantity until it is known', () =>
    expect([undefined, mapWith([1])].map((map) => mapTitle(fitted, map).replace(/[\u2068\u2069]/g, ''))).toEqual([
      'alexnet',
      'alexnet fc6: similarity',
    ]))

  const answers = answersWith(['cat', 'dog'], [0, 1, 1, 1])
  const notKnown = 'The answers of this network are not known here. The map shows similarity instead.'
  const oneObject = 'A map of answers needs one object. The map shows similarity instead.'
  it.each<[Quantity, LoadedAnswers | undefined, string | null, Quantity, number[], string, string]>([
    ['similarity', answers, 'car', 'similarity', [1, 0.5, 0, 0], 'fc6', ''],
    ['probability', answers, 'car', 'probability', [0, 0.1, 0.2, 0.3], 'fc8', ''],
    ['answers', answers, 'car', 'answers', [0, 1, 1, 1], 'fc8', ''],
    ['answers', undefined, null, 'similarity', [1, 0.5, 0, 0], 'fc6', oneObject],
    ['answers', undefined, 'car', 'similarity', [1, 0.5, 0, 0], 'fc6', notKnown],
  ])('that should show %s of %o of %s shows %s', (wanted, known, patch, quantity, values, layer, note) => {
    const own = fitChoice(index, { ...choice, patch })
    const cosines = measured(Float64Array.of(1, 0.5, 0, 0))
    const map = mapOf({ fitted: own, error: 0, answers: known, cosines }, wanted)
    expect([map.quantity, [...map.values]]).toEqual([quantity, values])
    expect([shownLayer(map), quantityNote(map, wanted)]).toEqual([layer, note])
  })

  it('of a detector shows the overlaps, and what becomes of the object', () => {
    const [own, answer] = [
      [0, 0, 1, 1],
      [0, 0, 0, 0],
    ] as const
    // The overlap 0.5 is rounded, so it does not tell whether the object is found.
    const overlaps = [0.9, 0.5, 0.8]
    const sightingAt = (at: number) => [[0, 2, 3][at] as number, overlaps[at] as number, ...own, ...answer]
    const known = { ...answersWith(['dog', 'nothing'], [0, 0, 1]), sightingAt }
    const parts = { fitted, error: 0, answers: known, cosines: measured(Float64Array.of(1, 1, 1)) }
    expect([...mapOf(parts, 'overlap').values]).toEqual([0.9, 0.5, 0.8])
    const found = mapOf(parts, 'found')
    expect([...found.values]).toEqual([0, 2, 3])
    expect(regionsOf([found]).legend(found)).toMatchObject([{ positions: 1 }, { positions: 1 }, { positions: 1 }])
    expect(mapOf({ ...parts, answers: answersWith(['dog'], [0, 0, 0]) }, 'found').quantity).toBe('answers')
    expect([0, 2].map((at) => answerAt(known, at).answer)).toEqual(['\u2068dog\u2069 0.00', 'nothing'])
  })

  it('gives the ends of the colours with others, outwards to four decimals', () => {
    const two = [mapWith([0.91234, 0.93]), mapWith([0.95, 0.98761])]
    expect(extremes(two)).toEqual({ low: 0.9123, high: 0.9877 })
    expect(extremes([mapWith([0.5, 0.5])])).toEqual({ low: 0.499, high: 0.501 })
    expect(extremes([{ ...mapWith([0.5, 0.6]), quantity: 'probability' }])).toEqual({ low: 0.88, high: 1 })
  })
})

describe('answers', () => {
  it('are named with their probability', () => {
    const answers = answersWith(['cat', 'dog'], [0, 1, 1])
    expect([1, 2].map((at) => answerAt(answers, at).answer)).toEqual(['\u2068dog\u2069 0.10', '\u2068dog\u2069 0.20'])
  })

  it('are in words, as in the sentences of the page', () => {
    const answers = answersWith(['fire-truck'], [0])
    const map = regionMap(answers)
    expect(answerAt(answers, 0).answer).toBe('\u2068fire truck\u2069 0.00')
    expect(regionsOf([map]).legend(map)).toMatchObject([{ name: '\u2068fire truck\u2069' }])
  })

  it('have one colour in all maps: blues where they are right, one each for the most frequent', () => {
    const names = ['cat', 'dog', ...'abcdefg']
    const first = regionMap(answersWith(names, [0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [0]))
    const second = regionMap(answersWith(['g', 'cat', 'none'], [0, 0, 0, 1], [1]))
    const { legend, colourOf } = regionsOf([first, second, mapWith([1, 1], undefined, { answers: second.answers })])
    expect(legend(second)).toEqual([
      { name: '\u2068g\u2069', positions: 3, colour: [230, 159, 0] },
      { name: '\u2068cat\u2069 ✓', positions: 1, colour: [0, 114, 178] },
    ])
    const texts = legend(first).map(({ name, positions }) => `${name.replace(/[\u2068\u2069]/g, '')} ${positions}`)
    expect(texts).toEqual(['cat ✓ 2', 'dog 1', 'a 1', 'b 1', 'c 1', 'd 1', 'g 1', '2 others 2'])
    expect([...colourOf(second, 0), ...colourOf(first, 8)]).toEqual([230, 159, 0, 230, 159, 0])
    const ranked = regionsOf([first, second], { right: ['cat'], others: ['a', 'dog'] })
    expect([ranked.colourOf(first, 2), ranked.colourOf(first, 1), ranked.colourOf(second, 0)]).toEqual([
      [230, 159, 0],
      [204, 84, 160],
      // A class that the study does not rank has a colour that is free.
      [250, 240, 70],
    ])
    expect([ranked.colourOfClass('a'), ranked.colourOfClass('none')]).toEqual([
      [230, 159, 0],
      [216, 216, 216],
    ])
    expect(colourOf(first, 99)).toEqual([216, 216, 216])
  })
})

describe('numbers', () => {
  it.each([
    [cosineText(0.9321549, 3), '0.932'],
    [cosineText(-0.25, 3), '−0.250'],
    [cosineText(-0.000001, 5), '0.00000'],
    [cosineText(0.93251, 5, 0.002), '≈ 0.933'],
    [probabilityText(0.126), '0.13'],
    [shareText(0, 1000), '0 %'],
    [shareText(1, 100000), '< 0.1 %'],
    [shareText(31, 1000), '3.1 %'],
    [shareText(100, 1000), '10 %'],
    [shareText(900, 1000), '90 %'],
    [shareText(901, 1000), '90.1 %'],
    [shareText(99999, 100000), '> 99.9 %'],
    [shareText(7, 7), '100 %'],
  ])('read %s', (text, expected) => {
    expect(text).toBe(expected)
  })
})

it('draws the maps of the object before until those of the new one arrive, but does not save them', () => {
  const view = { ...firstView(index), limits: 'fit' as const }
  const maps = [mapWith([0.5, 1]), mapWith([0.25, 0.75])]
  const shown = shownMaps({ index, view, fits: [fitted, fitted], maps })
  expect(shown.maps).toEqual(maps)
  const other = fitChoice(index, { ...choice, patch: 'dog' })
  const stale = shownMaps({ index, view, fits: [other, fitted], maps })
  expect([stale.maps, stale.limits]).toEqual([[maps[1]], { low: 0.25, high: 1 }])
  const single = shownMaps({ index, view, fits: [fitted], maps })
  expect([single.maps, single.limits]).toEqual([[maps[0]], { low: 0.5, high: 1 }])
})

it.each([
  [[1, 0.9321549], 3],
  [[1, 0.99951], 4],
  [[1, 0.93, 0.9304], 4],
  [[1, 0.93, 0.93004], 5],
  [[0.93, 0.930000001], 3],
  [[0, -0.000001], 3],
])('shows %j with %i decimals, the fewest with which values that differ look different', (values, decimals) => {
  expect(decimalsFor(values)).toBe(decimals)
})

it('keeps what was used last, and no failure', async () => {
  const made: string[] = []
  const keep = recent<string>(2)
  const get = (key: string) =>
    keep(key, async () => {
      made.push(key)
      if (key === 'bad') throw new Error(key)
      return key
    })
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(await get(key)).toBe(key)
  expect(made).toEqual(['a', 'b', 'c', 'b'])
  for (let i = 0; i < 2; i++) await expect(get('bad')).rejects.toThrow('bad')
  expect(made.slice(4)).toEqual(['bad', 'bad'])
})
