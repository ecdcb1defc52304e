import { describe, expect, it } from 'vitest'
import type { LoadedAnswers } from '../../src/page/browser/answers.js'
import { fitChoice } from '../../src/page/browser/fit.js'
import { type LoadedMap, mapOf, measured } from '../../src/page/browser/maps.js'
import { regionsOf } from '../../src/page/browser/regions.js'
import { mapsFigure } from '../../src/page/browser/savedMaps.js'
import type { ShownMaps } from '../../src/page/browser/shownMaps.js'
import type { ColourOf } from '../../src/page/browser/stage.js'
import type { Quantity } from '../../src/page/site/view.js'
import { hot } from '../../src/plot/colormap.js'
import { paragraph, savedFigure } from '../../src/plot/savedFigure.js'
import { markup, type SvgElement } from '../../src/plot/svg.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const index = indexOf(
  ['alexnet', 'a-network-with-a-very-long-name-'.repeat(4)].map((model, key) => ({
    ...groupOf({ key, model }),
    classes: 'fc8',
  })),
)
const NAMES = ['bird', 'rescue worker’s helmet', 'x'.repeat(90)]

/** A map of 10×10 positions, whose answers are the classes 0, 1 and 2 at 60, 39 and 1 of them. */
function mapOfNetwork(network: number, wanted: Quantity): LoadedMap {
  const model = index.groups[network]?.model as string
  const fitted = fitChoice(index, { model, layer: 'fc6', size: 125, patch: 'car', anchor: 'center' })
  const numbers = Uint32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : i < 99 ? 1 : 2))
  const probabilities = Float64Array.from(numbers, (number) => 0.5 + (number + network) / 10)
  const answers: LoadedAnswers = {
    ofCenter: probabilities,
    strongest: { names: NAMES, numbers, probabilities, right: [0] },
  }
  const cosines = measured(Float64Array.from(numbers, (number) => 1 - number / 100 - network / 10))
  return mapOf({ fitted, error: 0, answers, cosines }, wanted)
}

const painted: [LoadedMap, readonly number[]][] = []
const imageOf = (map: LoadedMap, colourOf: ColourOf) => {
  painted.push([map, colourOf(map.values[0] as number)])
  return 'data:,map'
}

function figureOf(maps: readonly LoadedMap[]): SvgElement {
  painted.length = 0
  const limits = { low: 0.88, high: 1 }
  const shown: ShownMaps = {
    maps,
    colours: hot,
    limits,
    regions: regionsOf(maps),
    note: 'Colour: it',
    caption: 'How to read it.',
  }
  return savedFigure({ ...mapsFigure(shown, imageOf), picture: 'data:,bird' })
}

/** Texts of an element, in order. */
function textsOf({ name, children }: SvgElement): readonly string[] {
  return children.flatMap((child) => (typeof child === 'string' ? (name === 'text' ? [child] : []) : textsOf(child)))
}

const plain = (texts: readonly string[]) => texts.map((text) => text.replace(/[\u2068\u2069]/g, ''))

describe('a saved figure of maps', () => {
  it('names question, object, network and layer, and has axes, each class with its share, and the mark', () => {
    const texts = plain(textsOf(figureOf([mapOfNetwork(0, 'answers')])))
    expect(texts.slice(0, 3).join(' ')).toBe(
      'Answers at each position of the object car, 125 px (93 %) Colour: it. How to read it.',
    )
    expect(texts).toContain('alexnet fc8: answers')
    expect(texts).toEqual(expect.arrayContaining(['row (px)', 'column (px)', 'bird ✓', '60 %', '39 %', '1.0 %']))
    expect(texts.join(' ')).toContain('+ center: row 4, column 4. Rows and columns are those of the top-left corner')
    expect(painted.map(([, colour]) => colour)).toEqual([[0, 114, 178]])
  })

  it('has a colour bar with its ends and its name where colours are numbers', () => {
    const maps = [mapOfNetwork(0, 'similarity'), mapOfNetwork(1, 'similarity')] as const
    const texts = plain(textsOf(figureOf(maps)))
    expect(texts).toEqual(expect.arrayContaining(['0.90', '1.00', 'similarity, from 0.88 to 1']))
    expect(painted.map(([map]) => map.lowest)).toEqual([0.98, 0.88])
    expect(texts.join(' ')).toContain('+ anchor center: row 4, column 4.')
  })

  it('says that the center is between the positions of the map', () => {
    const map = mapOfNetwork(0, 'answers')
    const coarse = { ...map, fitted: { ...map.fitted, group: groupOf({ key: 0, model: 'alexnet', stride: 4 }) } }
    expect(plain(textsOf(figureOf([coarse]))).join(' ')).toContain(
      '+ center: row 18, column 18, between the positions of the map. Rows',
    )
  })

  it('is white, as large as its contents, and names no address but data', () => {
    const { attributes, children } = figureOf([0, 1].map((network) => mapOfNetwork(network, 'answers')))
    expect(children[1]).toMatchObject({ name: 'rect', attributes: { fill: '#fff', width: attributes.width } })
    const text = markup(figureOf([mapOfNetwork(0, 'answers')]))
    expect([...text.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
      'data:,bird',
      'data:,map',
    ])
  })
})

describe('lines of text', () => {
  const linesOf = (words: string, width: number) => textsOf(svgOf(paragraph(words, width).elements))
  const svgOf = (children: readonly SvgElement[]): SvgElement => ({ name: 'g', attributes: {}, children })

  it('keep words together, break long ones, and lose nothing', () => {
    expect(linesOf('one two three', 50)).toEqual(['one two', 'three'])
    const words = `to ${'x'.repeat(25)} be`
    expect(linesOf(words, 70)).toEqual(['to', 'x'.repeat(10), 'x'.repeat(10), 'xxxxx be'])
    expect([linesOf('', 50), paragraph('', 50).height]).toEqual([[], 0])
  })

  it('have room for wide characters', () => {
    expect(linesOf('鳥'.repeat(8), 60)).toEqual(['鳥'.repeat(4), '鳥'.repeat(4)])
  })
})
