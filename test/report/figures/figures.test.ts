import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/scene/positions.js'
import { hot, PAPER_LIMITS } from '../../../src/plot/colormap.js'
import { layoutPng, layoutSvg } from '../../../src/plot/layout.js'
import { panelLayout } from '../../../src/plot/panels.js'
import { type Figure, figuresSection, paperFigures } from '../../../src/report/figures/figures.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { groupWith, measures, PAIRS } from '../../support/studyGroup.js'

type Anchor = (typeof ANCHOR_NAMES)[number]

/** The value of a group's map: all of it is `level` + layer / 100 + anchor / 1000. */
const levelOf = (level: number, layer: number, anchor: Anchor) =>
  level + layer / 100 + ANCHOR_NAMES.indexOf(anchor) / 1000

function group(model: string, layers: string[], size: number, level: number, changes: Partial<UnitInputs> = {}) {
  const made = groupWith(model, [[measures.bias, [0]]], { layers, size, stride: 25, ...changes })
  const mapOf = (layer: number, anchor: Anchor) => Array<number>(16).fill(levelOf(level, layer, anchor))
  const maps = layers.flatMap((_, layer) => ANCHOR_NAMES.flatMap((anchor) => mapOf(layer, anchor)))
  return { ...made, rows: 4, cols: 4, layers, numbers: [], meanMaps: Float64Array.from(maps) }
}

const STUDY = [
  group('net', ['fc7', 'fc8'], 125, 0.9),
  group('net-aa', ['fc7', 'fc8'], 125, 0.93),
  group('net-noflip', ['fc7', 'fc8'], 125, 0.95),
  group('other', ['fc'], 125, 0.97),
  group('net', ['fc7', 'fc8'], 75, 0.89),
  group('net-noflip', ['fc7', 'fc8'], 75, 0.89),
]

/** What each map of a figure shows, as its first value; a name of each row, and of each column. */
const shown = ({ name, columns, rows }: Figure) => ({
  name,
  columns,
  rows: Object.fromEntries(
    rows.map(({ label, maps }) => [label.join(' '), maps.map((map) => Number(map?.values[0]?.toFixed(3)))]),
  ),
})

describe('figures of the paper', () => {
  it('are those whose networks the study has: versions side by side, other networks apart', () => {
    const both = (level: number, layer: number) =>
      (['center', 'top-left'] as const).map((anchor) => Number(levelOf(level, layer, anchor).toFixed(3)))
    const sides = ['plain, center', 'plain, top-left', 'anti-aliased, center', 'anti-aliased, top-left']
    const anchors = ['center', 'top-left']
    const beside = (layer: number) => [...both(0.9, layer), ...both(0.93, layer)]
    const versions = { 'net fc7': beside(0), 'net fc8': beside(1) }
    const others = { 'net-noflip fc7': both(0.95, 0), 'net-noflip fc8': both(0.95, 1), 'other fc': both(0.97, 0) }
    const [fc7, fc8] = [both(0.89, 0), both(0.89, 1)]
    const small = { 'net fc7': fc7, 'net fc8': fc8, 'net-noflip fc7': fc7, 'net-noflip fc8': fc8 }
    const flips = { 'net with flips fc8': both(0.9, 1), 'net-noflip without flips fc8': both(0.95, 1) }
    expect(paperFigures(STUDY, PAIRS).map(shown)).toEqual([
      // Of layers that are alike, the last one.
      {
        name: 'figure-1-example',
        columns: ['(a) plain', '(b) anti-aliased'],
        rows: { fc8: [0.91, 0.94], 'difference from trend': [0, 0] },
      },
      { name: 'figure-3-patches-125', columns: sides, rows: versions },
      { name: 'figure-3-patches-125-others', columns: anchors, rows: others },
      { name: 'figure-4-patches-75', columns: anchors, rows: small },
      { name: 'figure-5-flip', columns: anchors, rows: flips },
    ])
    const alone = paperFigures([group('net', ['fc'], 100, 0.9)], PAIRS)
    expect(alone.map(({ name }) => name)).toEqual(['heatmaps-patches-100'])
  })

  it('show given pairs in figures of their own, with the names of both networks', () => {
    const others = ['net-new', 'other'].map((model, i) => group(model, ['fc'], 125, 0.93 + i / 50))
    const figures = paperFigures([group('net', ['fc'], 125, 0.9), ...others], PAIRS)
    expect(figures.map(shown)).toEqual([
      {
        name: 'figure-1-example',
        columns: ['(a) net', '(b) net-new'],
        rows: { fc: [0.9, 0.93], 'difference from trend': [0, 0] },
      },
      {
        name: 'figure-3-patches-125-pairs',
        columns: ['plain, center', 'plain, top-left', 'variant, center', 'variant, top-left'],
        rows: { 'net net-new fc': [0.902, 0.9, 0.932, 0.93] },
      },
      { name: 'figure-3-patches-125-others', columns: ['center', 'top-left'], rows: { 'other fc': [0.952, 0.95] } },
    ])
  })

  it('1 takes the layer with the strongest grid pattern, and shows it without the smooth trend', () => {
    const [rows, cols, stride] = [25, 25, 4]
    /** A slope with a grid of 8 px on it. The last layer has the steepest slope, and the second the strongest grid. */
    const mapOf = (slope: number, grid: number) =>
      Array.from({ length: rows * cols }, (_, i) => 1 - slope * Math.floor(i / cols) + grid * (i % 2))
    const gridded = (model: string, grids: readonly number[]) => ({
      ...group(model, ['fc6', 'fc7', 'fc8'], 125, 0),
      ...{ rows, cols, stride },
      numbers: grids.flatMap((grid, i) =>
        groupWith(model, [[measures.power(8), [grid ** 2]]]).numbers.map((row) => ({ ...row, layer: `fc${6 + i}` })),
      ),
      meanMaps: Float64Array.from(grids.flatMap((grid, i) => ANCHOR_NAMES.flatMap(() => mapOf(0.01 * i, grid)))),
    })
    const [figure] = paperFigures([gridded('net', [0.001, 0.01, 0.002]), gridded('net-aa', [0, 0.001, 0])], PAIRS)
    expect(figure?.rows.map(({ label }) => label)).toEqual([['fc7'], ['difference', 'from trend']])
    const [plain, smooth] = figure?.rows[1]?.maps ?? []
    const middle = 12 * cols + 12
    expect([plain?.values[middle], plain?.values[middle + 1]].map((value) => value?.toFixed(3))).toEqual([
      '-0.005',
      '0.005',
    ])
    expect(smooth?.values[middle]?.toFixed(4)).toBe('-0.0005')
    expect(figure?.caption).toContain('standard deviation is 0.00494 in (a) and 0.00049 in (b)')
  })

  it('give rows of the same layer one colour scale, which uses the range of their values', () => {
    const [figure] = paperFigures([group('net', ['fc7', 'fc8'], 100, 0.5), group('other', ['fc8'], 100, 0.93)], PAIRS)
    const limits = Object.fromEntries(figure?.rows.map(({ label, limits }) => [label.join(' '), limits]) ?? [])
    expect(limits).toEqual({
      'net fc7': { low: 0.49, high: expect.closeTo(0.502) },
      'net fc8': { low: 0.5, high: 1 },
      'other fc8': { low: 0.5, high: 1 },
    })
    const [given] = paperFigures([group('net', ['fc7', 'fc8'], 100, 0.5)], PAIRS, String, PAPER_LIMITS)
    expect(given?.rows.map((row) => row.limits)).toEqual([PAPER_LIMITS, PAPER_LIMITS])
  })

  it('show texts instead of the names of layers and networks', () => {
    const textOf = (name: string) => ({ net: 'Net', fc8: 'class scores' })[name] ?? name
    const figures = paperFigures(STUDY, PAIRS, textOf)
    const words = figures.flatMap(({ title, rows }) => [title, ...rows.flatMap(({ label }) => label)])
    expect(words.join()).not.toMatch(/fc8|\bnet\b(?!-)/)
    expect(words).toContain('Similarity to the top-left anchor, Net class scores, 125 px')
  })

  it.each([{ background: 'noise:1' }, { blend: 'soft' }, { patchSha256: '89ab' }] as const)(
    'set no networks side by side that differ in %j',
    (changes) => {
      const others = ['net-aa', 'net-noflip'].map((model) => group(model, ['fc'], 125, 0.93, changes))
      const figures = paperFigures([group('net', ['fc'], 125, 0.9), ...others], PAIRS)
      const texts = figures.flatMap(({ name, rows }) => [name, ...rows.map(({ label }) => label[0])])
      expect(texts).toEqual(['figure-3-patches-125', 'net', 'net-aa', 'net-noflip'])
    },
  )

  it.each([
    ['50 %', 'none', 0.873],
    ['none', 'none', 0.9],
    ['none', '50 %', 0.993],
  ])('say that %s of their values are below the colours and %s above', (below, above, level) => {
    const { html } = figuresSection(
      paperFigures([group('net', ['a', 'b'], 125, level)], PAIRS, String, PAPER_LIMITS),
      false,
    )
    expect(html).toContain(`Of all values, ${below} are below the colour scale and ${above} are above it.`)
    expect([...html.matchAll(/Figure (\d) needs/g)].map(([, number]) => number)).toEqual(['1', '4', '5', '6'])
  })
})

describe('a figure as a picture', () => {
  const figure = paperFigures(STUDY, PAIRS)[1] as Figure
  const layout = panelLayout(figure)

  it('has titles, axes in pixels of the frame and a colour scale around its maps', async () => {
    const svg = (await layoutSvg(layout)).replace(/base64,[^"]*/g, '').replaceAll('><', '>\n<')
    await expect(svg).toMatchFileSnapshot('../../golden/report/figure-3.svg.txt')
  })

  it('has arrows at clipped ends of its colour scales', async () => {
    const arrowsOf = async (grid: Figure) =>
      [...(await layoutSvg(panelLayout(grid))).matchAll(/<polygon [^>]*fill="([^"]*)"/g)].map(([, fill]) => fill)
    const clipped = paperFigures(STUDY, PAIRS, String, { low: 0.9, high: 0.91 })[1] as Figure
    expect([await arrowsOf(figure), await arrowsOf(clipped)]).toEqual([[], Array(2).fill('rgb(255,255,255)')])
  })

  it('has at least 300 pixels per inch at a width of 7 inches', async () => {
    const { width = 0, density = 0 } = await sharp(await layoutPng(layout)).metadata()
    expect(density).toBeGreaterThanOrEqual(300)
    expect(width / density).toBeCloseTo(7, 1)
  })

  it.each(['png', 'svg'])('has the colours of its maps at their places as %s', async (format) => {
    const picture = format === 'png' ? await layoutPng(layout) : Buffer.from(await layoutSvg(layout))
    const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true })
    const scale = info.width / layout.width
    expect([scale, info.height]).toEqual([format === 'png' ? Math.ceil(2100 / layout.width) : 1, scale * layout.height])
    const colourAt = (x: number, y: number) => [
      ...data.subarray(scale * (y * info.width + x) * info.channels).subarray(0, 3),
    ]
    for (const { values, x, y, width, height, limits } of layout.maps) {
      const ends = [values[0], values[values.length - 1]]
      const [first, last] = ends.map((value) => [...hot((Number(value) - limits.low) / (limits.high - limits.low))])
      expect([colourAt(x, y), colourAt(x + width - 1, y + height - 1)]).toEqual([first, last])
      expect(colourAt(x - 1, y)).toEqual([0, 0, 0])
    }
  })

  it.each([
    ['are long', 'x/'.repeat(20_000)],
    ['look like markup', '<script>"&\0\ud800'],
  ])('is well-formed and no wider for names that %s', async (_, name) => {
    const [only] = paperFigures([group(name, [name], 125, 0.9)], PAIRS)
    const made = panelLayout(only as Figure)
    expect(made.width).toBeLessThan(2500)
    const { width, height } = await sharp(Buffer.from(await layoutSvg(made))).metadata()
    expect([width, height]).toEqual([made.width, made.height])
    await layoutPng(made)
  })
})
