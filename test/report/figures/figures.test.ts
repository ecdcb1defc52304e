import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/positions.js'
import { hot } from '../../../src/plot/colormap.js'
import { layoutPng, layoutSvg } from '../../../src/plot/layout.js'
import { type Figure, figuresSection, paperFigures } from '../../../src/report/figures/figures.js'
import { panelLayout } from '../../../src/report/figures/panels.js'
import type { StudyGroup } from '../../../src/results/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { madeUnit } from '../../support/unit.js'

const LIMITS = { low: 0.88, high: 1 }

/** A group whose maps are all of one value each: `level` + layer / 100 + anchor / 1000. */
function group(
  model: string,
  layers: readonly string[],
  size: number,
  level: number,
  side = 4,
  changes: Partial<UnitInputs> = {},
): StudyGroup {
  const { unit } = madeUnit({ model, layers: [...layers], size, stride: 25, ...changes })
  const length = side * side
  return {
    model,
    size,
    rows: side,
    cols: side,
    stride: 25,
    frame: 224,
    layers,
    units: [{ ...unit, arrays: {} }],
    numbers: [],
    meanMaps: Float64Array.from({ length: layers.length * 5 * length }, (_, i) => {
      const map = Math.floor(i / length)
      return level + Math.floor(map / 5) / 100 + (map % 5) / 1000
    }),
  }
}

const levelOf = (level: number, layer: number, anchor: (typeof ANCHOR_NAMES)[number]) =>
  level + layer / 100 + ANCHOR_NAMES.indexOf(anchor) / 1000

/** What each map of a figure shows, as its first value. */
const shown = ({ rows }: Figure) => rows.map(({ maps }) => maps.map((map) => map?.values[0]))

const STUDY = [
  group('net', ['fc7', 'fc8'], 125, 0.9),
  group('net-aa', ['fc7', 'fc8'], 125, 0.93),
  group('net-noflip', ['fc7', 'fc8'], 125, 0.95),
  group('other', ['fc'], 125, 0.97),
  group('net', ['fc7', 'fc8'], 75, 0.89),
  group('net-noflip', ['fc7', 'fc8'], 75, 0.89),
]

describe('figures of the paper', () => {
  const figures = paperFigures(STUDY, LIMITS)
  const named = (name: string) => figures.find((figure) => figure.name === name) as Figure

  it('are those whose networks the study has', () => {
    expect(figures.map(({ name }) => name)).toEqual([
      'figure-1-example',
      'figure-3-patches-125',
      'figure-3-patches-125-others',
      'figure-4-patches-75',
      'figure-5-flip',
    ])
    const alone = paperFigures([group('net', ['fc'], 100, 0.9)], LIMITS)
    expect(alone.map(({ name }) => name)).toEqual(['heatmaps-patches-100'])
    expect(alone[0]?.columns).toEqual(['center', 'top-left'])
  })

  it('1 takes the layer whose values spread most within the colour limits', () => {
    // The first layer's maps differ from each other more, but beyond the limits.
    const spread = (one: StudyGroup) => ({
      ...one,
      meanMaps: one.meanMaps.map((_, i) => (i < 80 ? 0.2 + (i % 2) / 2 : i < 160 ? 0.9 + (i % 2) / 20 : 0.9)),
    })
    const layers = ['fc6', 'fc7', 'fc8']
    const [figure] = paperFigures(
      [spread(group('net', layers, 125, 0)), spread(group('net-aa', layers, 125, 0))],
      LIMITS,
    )
    expect(figure?.rows[0]?.label).toEqual(['fc7'])
  })

  it('1 sets a layer of the plain network beside the anti-aliased one, for the top-left anchor', () => {
    expect(shown(named('figure-1-example'))).toEqual([[levelOf(0.9, 1, 'top-left'), levelOf(0.93, 1, 'top-left')]])
  })

  it('3 and 4 have a row for each layer, anti-aliased beside plain, and other networks apart: no column is blank', () => {
    const of = (level: number, layer: number) => [levelOf(level, layer, 'center'), levelOf(level, layer, 'top-left')]
    const values = (name: string) => shown(named(name)).map((row) => row.map((value) => value?.toFixed(3)))
    const texts = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map((value) => value.toFixed(3)))
    const labels = (name: string) => named(name).rows.map(({ label }) => label.join(' '))
    expect(labels('figure-3-patches-125')).toEqual(['net fc7', 'net fc8'])
    expect(values('figure-3-patches-125')).toEqual(
      texts([
        [...of(0.9, 0), ...of(0.93, 0)],
        [...of(0.9, 1), ...of(0.93, 1)],
      ]),
    )
    expect(labels('figure-3-patches-125-others')).toEqual(['net-noflip fc7', 'net-noflip fc8', 'other fc'])
    expect(values('figure-3-patches-125-others')).toEqual(texts([of(0.95, 0), of(0.95, 1), of(0.97, 0)]))
    expect(named('figure-4-patches-75').columns).toEqual(['center', 'top-left'])
  })

  it('set no networks side by side that saw different backgrounds, blends or patches', () => {
    for (const changes of [{ background: 'noise:1' }, { blend: 'soft' }, { patchSha256: '89ab' }] as const) {
      const other = (model: string) => group(model, ['fc'], 125, 0.93, 4, changes)
      const apart = paperFigures([group('net', ['fc'], 125, 0.9), other('net-aa'), other('net-noflip')], LIMITS)
      expect(apart.map(({ name }) => name)).toEqual(['figure-3-patches-125'])
      expect(apart[0]?.columns).toEqual(['center', 'top-left'])
      expect(apart[0]?.rows.map(({ label }) => label[0])).toEqual(['net', 'net-aa', 'net-noflip'])
    }
  })

  it('5 sets training without flips below training with them, large patches', () => {
    const figure = named('figure-5-flip')
    expect(figure.rows.map(({ label }) => label)).toEqual([
      ['net', 'with flips'],
      ['net-noflip', 'without flips'],
    ])
    expect(shown(figure)[1]?.[0]).toBe(levelOf(0.95, 1, 'center'))
  })
})

describe('section of the figures', () => {
  it('shows each figure’s file, with its title as text', () => {
    const figures = paperFigures([group('<b>"net"', ['fc'], 100, 0.9), ...STUDY], LIMITS)
    const { html } = figuresSection(figures, true)
    expect([...html.matchAll(/<img src="([^"]*)"/g)].map(([, source]) => source)).toEqual(
      figures.map(({ name }) => `figures/${name}.svg`),
    )
    for (const { name } of figures) {
      for (const [end, format] of [
        ['svg', 'SVG'],
        ['png', 'PNG'],
      ])
        expect(html).toContain(`<a href="figures/${name}.${end}">${format}</a>`)
    }
    expect(html).not.toContain('<b>')
  })

  it('has each title once: in the picture', () => {
    const { html } = figuresSection(paperFigures(STUDY, LIMITS), true)
    expect(html.match(/Figure 1: similarity/g)).toHaveLength(1)
    expect(html).toContain('alt="Figure 1: similarity')
  })

  it('says how many values the colours cut off, and why a figure of the paper is missing', () => {
    const { html } = figuresSection(paperFigures([group('net', ['low', 'high'], 125, 0.873)], LIMITS), false)
    // Of the layer `low` both maps, of `high` none.
    expect(html).toContain('Of all values, 50 % are below 0.88 (black) and none are above 1 (white).')
    const missing = [...html.matchAll(/Figure (\d) needs/g)].map(([, number]) => number)
    expect(missing).toEqual(['1', '4', '5', '6'])
    expect(figuresSection(paperFigures(STUDY, LIMITS), true).html).not.toContain('Not made')
  })
})

describe('a figure as a picture', () => {
  const figure = paperFigures(STUDY, LIMITS)[0] as Figure
  const layout = panelLayout(figure)

  it('has the colours of its maps at their places, axes beside them and a colour scale', async () => {
    const { data, info } = await sharp(await layoutPng(layout))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([layout.width, layout.height])
    const colourAt = (x: number, y: number) => [...data.subarray((y * info.width + x) * info.channels).subarray(0, 3)]
    const [plain, antiAliased, bar] = layout.maps
    for (const [map, level] of [
      [plain, 0.9],
      [antiAliased, 0.93],
    ] as const) {
      const { x = 0, y = 0, width = 0, height = 0 } = map ?? {}
      const expected = [...hot((levelOf(level, 1, 'top-left') - 0.88) / 0.12)]
      for (const [dx, dy] of [
        [0, 0],
        [width - 1, height - 1],
      ] as const) {
        expect(colourAt(x + dx, y + dy)).toEqual(expected)
      }
      expect(colourAt(x - 1, y)).toEqual([0, 0, 0])
    }
    const { x = 0, y = 0, height = 0 } = bar ?? {}
    expect(colourAt(x, y)).toEqual([...hot(1)])
    expect(colourAt(x, y + height - 1)).toEqual([...hot(0)])
  })

  it('has ticks in pixels of the frame, in the middle of their positions', () => {
    // Four positions, 25 pixels apart, fifty drawn pixels each.
    const [map] = layout.maps
    const { x = 0, y = 0, width = 0, height = 0 } = map ?? {}
    expect([width, height]).toEqual([200, 200])
    const below = layout.labels.filter((label) => label.y > y + height && label.x >= x && label.x <= x + width)
    const ticks = below.filter(({ words }) => /^\d+$/.test(words))
    expect(ticks.map(({ words, x: place }) => [words, place - x])).toEqual([
      ['0', 25],
      ['25', 75],
      ['50', 125],
      ['75', 175],
    ])
  })

  it('as SVG has the same maps and the text as text', async () => {
    const svg = await layoutSvg(layout)
    for (const { words } of layout.labels) expect(svg).toContain(`>${words.replace("'", '&#39;')}</text>`)
    const images = [...svg.matchAll(/<image x="([\d.]+)"[^>]*href="data:image\/png;base64,([^"]+)"/g)]
    expect(images.map(([, x]) => Number(x))).toEqual(layout.maps.map(({ x }) => x))
    const { data, info } = await sharp(Buffer.from(images[0]?.[2] ?? '', 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([4, 4])
    expect([...data.subarray(0, 3)]).toEqual([...hot((levelOf(0.9, 1, 'top-left') - 0.88) / 0.12)])
  })

  it('is no wider for names without an end', async () => {
    const long = 'x/'.repeat(20_000)
    const [wide] = paperFigures([group(long, [long], 125, 0.9)], LIMITS)
    const made = panelLayout(wide as Figure)
    expect(made.width).toBeLessThan(2500)
    await layoutPng(made)
  })

  it('stays well-formed whatever the names hold, and nothing overlaps the picture’s edge', async () => {
    const names = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
      fc.constantFrom('<script>', '"', '&amp;', '\0', '\ud800', 'x'.repeat(80), '日本'),
    )
    await fc.assert(
      fc.asyncProperty(names, names, async (model, layer) => {
        const [only] = paperFigures([group(model, [layer], 125, 0.9)], LIMITS)
        const made = panelLayout(only as Figure)
        const { width, height } = await sharp(Buffer.from(await layoutSvg(made))).metadata()
        expect([width, height]).toEqual([made.width, made.height])
        await layoutPng(made)
        for (const { x, y, width: w, height: h } of [...made.maps, ...made.lines]) {
          expect(x).toBeGreaterThanOrEqual(0)
          expect(x + w).toBeLessThanOrEqual(made.width)
          expect(y + h).toBeLessThanOrEqual(made.height)
        }
      }),
      { numRuns: 40 },
    )
  })
})
