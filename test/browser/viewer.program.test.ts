import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { readNpy } from '../../src/files/npy.js'
import { MAP_DECIMALS } from '../../src/page/mapCoding.js'
import { hot } from '../../src/plot/colormap.js'
import { heatmapName } from '../../src/report/heatmap.js'
import type { SummaryRow } from '../../src/results/rows.js'
import { openUnit } from '../../src/results/unit/open.js'
import { unitFolder } from '../../src/results/unit/store.js'
import {
  addressOfPage,
  chosen,
  complaints,
  hover,
  link,
  MEAN,
  newContext,
  number,
  open,
  pixel,
  ready,
  requests,
  resultsFolder,
  SCREENSHOTS,
  text,
  texts,
  usePages,
  watch,
} from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { PATCHES, STRIDE } from '../support/viewerStudy.js'

/** The first patch by code units. */
const FIRST = [...PATCHES].sort()[0] as string

describe.skipIf(!hasChromium())('viewer in a browser', () => {
  usePages()

  it('opens from disk with the first patch and the twin beside it, and loads these maps only', async () => {
    const page = await open()
    expect(await texts(page, '#a-model option')).toEqual(['plain', 'plain-aa'])
    expect(await chosen(page)).toEqual(['plain', 'plain-aa', 'fc6', '125×125 px', FIRST, 'center'])
    expect(await page.inputValue('#low')).toBe('0.88')
    expect(await page.inputValue('#high')).toBe('1')
    const loaded = requests.filter((url) => url.includes('/site/')).map((url) => url.replace(/^.*\/site\//, ''))
    expect(loaded.filter((file) => file.startsWith('maps')).sort()).toEqual([
      expect.stringMatching(/^maps\/\d\/0\.js$/),
      expect.stringMatching(/^maps\/\d\/0\.js$/),
    ])
    await page.screenshot({ path: join(SCREENSHOTS, 'first-view.png'), fullPage: true })
  })

  it.each([
    [1400, 'light'],
    [390, 'dark'],
  ] as const)('has nothing that axe-core calls a barrier, %i px wide and %s', async (width, colorScheme) => {
    const page = await open('', { viewport: { width, height: 900 }, colorScheme })
    await page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true
    })
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
    const { violations } = (await page.evaluate('axe.run()')) as {
      violations: { id: string; nodes: { html: string }[] }[]
    }
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
  })

  it('saves what a map shows: values as CSV and NumPy’s array, its picture as PNG and SVG', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc8', size: '75', patch: 'car', anchor: 'center' }))
    const folder = unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: 'car' })
    const { data, shape } = await readNpy(join(folder, 'similarity.npy'))
    const [, , rows = 0, cols = 0] = shape
    const at = (5 + ANCHOR_NAMES.indexOf('center')) * rows * cols
    const expected = [...data.subarray(at, at + rows * cols)].map((value) => Number(value.toFixed(MAP_DECIMALS)))
    const saved = async (format: string) => {
      const download = page.waitForEvent('download')
      await page.click(`#a-save-${format}`)
      const file = await download
      expect(file.suggestedFilename()).toBe(`plain-fc8-75-car-center-similarity.${format}`)
      return file.path()
    }
    const lines = readFileSync(await saved('csv'), 'utf8')
      .trim()
      .split('\n')
    expect(lines[0]).toBe('row,col,value')
    expect(lines.slice(1).map((line) => Number(line.split(',')[2]))).toEqual(expected)
    expect(lines[1 + cols + 2]).toMatch(new RegExp(`^${STRIDE},${2 * STRIDE},`))
    const array = join(resultsFolder(), 'saved.npy')
    copyFileSync(await saved('npy'), array)
    expect(await readNpy(array)).toEqual({ shape: [rows, cols], data: Float32Array.from(expected) })
    const { width = 0, height = 0, format } = await sharp(await saved('png')).metadata()
    expect([format, width > 200, height > 200]).toEqual(['png', true, true])
    expect(readFileSync(await saved('svg'), 'utf8')).toMatch(/^<svg [\s\S]*<image [\s\S]*column \(px\)[\s\S]*<\/svg>$/)
  })

  it('shows the numbers of the arrays at every place that the pointer is over', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc8', size: '75', patch: 'car', anchor: 'top-right' }))
    const folder = unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: 'car' })
    const { data, shape } = await readNpy(join(folder, 'similarity.npy'))
    const [, , rows = 0, cols = 0] = shape
    const map = data.subarray((5 + 1) * rows * cols, (5 + 2) * rows * cols)
    for (const [row, col] of [
      [0, 0],
      [0, cols - 1],
      [7, 3],
      [rows - 1, 0],
      [5, 11],
    ] as const) {
      await hover(page, 'a', row, col, rows, cols)
      expect(await text(page, '#at-place')).toBe(`row ${row * STRIDE}, column ${col * STRIDE}`)
      expect(await number(page, '#a-value')).toBe(Number((map[row * cols + col] as number).toFixed(MAP_DECIMALS)))
      expect(await pixel(page, '#a-plot canvas', row, col)).toEqual([
        ...hot((Number((map[row * cols + col] as number).toFixed(MAP_DECIMALS)) - 0.88) / 0.12),
      ])
    }
    const { layers } = await openUnit(resultsFolder(), folder)
    const { mean, min } = (layers[1] as (typeof layers)[number]).similarity['top-right']
    expect(await text(page, '#a-summary')).toBe(
      `mean ${mean.toFixed(3)}, lowest ${min.toFixed(MAP_DECIMALS).replace('-', '−')}`,
    )
  })

  it('shows the mean maps of the heatmaps and the means of summary.json', async () => {
    const summary = JSON.parse(readFileSync(join(resultsFolder(), 'summary.json'), 'utf8')) as SummaryRow[]
    const meanOf = (metric: string, variant: string) =>
      summary
        .filter(({ model, layer, size }) => `${model} ${layer} ${size}` === 'plain fc6 125')
        .find((row) => row.metric === metric && row.variant === variant)
        ?.mean.toFixed(3)
    for (const anchor of ANCHOR_NAMES) {
      const page = await open(link({ network: 'plain', layer: 'fc6', size: '125', patch: '', anchor }))
      const name = heatmapName('plain', 'fc6', 125, anchor)
      const { data, shape } = await readNpy(join(resultsFolder(), 'heatmaps', `${name}.npy`))
      const [rows = 0, cols = 0] = shape
      await hover(page, 'a', 4, 6, rows, cols)
      expect(await number(page, '#a-value')).toBe(Number((data[4 * cols + 6] as number).toFixed(MAP_DECIMALS)))
      expect(await text(page, '#a-summary')).toContain(`mean ${meanOf('similarity-mean', anchor)}, lowest`)
      const baseline = meanOf('null-baseline', 'different class')
      expect(await text(page, '#a-baseline')).toBe(`different objects at the same position: ${baseline}`)
    }
  })

  it('compares two networks at one cursor, and gives the difference of what it shows', async () => {
    const page = await open(
      link({ network: 'plain', with: '', layer: 'fc8', size: '75', patch: 'car', anchor: 'center' }),
    )
    expect(await page.locator('#b-panel').count()).toBe(0)
    await page.selectOption('#b-model', { label: 'plain-aa' })
    await ready(page)
    await hover(page, 'b', 2, 9, 14, 14)
    const [a, b] = [await number(page, '#a-value'), await number(page, '#b-value')]
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain-aa', size: 75, patch: 'car' }), 'similarity.npy'),
    )
    expect(b).toBe(Number((data[(5 + 2) * 196 + 2 * 14 + 9] as number).toFixed(MAP_DECIMALS)))
    expect(await number(page, '#difference')).toBeCloseTo(b - a, MAP_DECIMALS + 1)
    // Both show the same layer, object, size and anchor.
    await page.selectOption('#patch', { label: PATCHES[1] })
    await page.selectOption('#layer', { label: 'fc6' })
    await page.selectOption('#anchor', { label: 'top-left' })
    await ready(page)
    for (const id of ['a', 'b']) {
      const label = await page.getAttribute(`#${id}-plot`, 'aria-label')
      for (const part of ['fc6', '75 px', PATCHES[1], 'anchor top-left']) expect(label).toContain(part)
    }
    // Answers are those of the layer of the classes, and the map says so.
    await page.selectOption('#shows', 'answers')
    await ready(page)
    expect(await text(page, '#b-of')).toBe('\u2068plain-aa\u2069 \u2068fc8\u2069: answers')
    await page.screenshot({ path: join(SCREENSHOTS, 'compare.png'), fullPage: true })
  })

  it('shows how much one map is above the other, where both have the same positions', async () => {
    const page = await open(
      link({ network: 'plain', with: '', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }),
    )
    expect(await page.isDisabled('#show-difference')).toBe(true)
    await page.selectOption('#b-model', { label: 'plain-aa' })
    await page.check('#show-difference')
    await ready(page)
    const mapOf = async (model: string) => {
      const { data } = await readNpy(
        join(unitFolder(resultsFolder(), { model, size: 75, patch: 'car' }), 'similarity.npy'),
      )
      return [...data.subarray(2 * 196, 3 * 196)].map((value) => Number(value.toFixed(MAP_DECIMALS)))
    }
    const [first, second] = [await mapOf('plain'), await mapOf('plain-aa')]
    const differences = second.map((value, i) => value - (first[i] as number))
    const numbers = [...(await text(page, '#b-summary')).matchAll(/[+−][\d.]+/g)].map(([one]) =>
      Number(one.replace('−', '-')),
    )
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
    const expected = [mean, Math.min(...differences), Math.max(...differences)]
    numbers.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] as number, MAP_DECIMALS)
    })
    expect(numbers).toHaveLength(3)
    // Blue where the first map is above, orange where the second is.
    for (const extreme of [Math.min(...differences), Math.max(...differences)]) {
      const place = differences.indexOf(extreme)
      const [red = 0, , blue = 0] = await pixel(page, '#b-plot canvas', Math.floor(place / 14), place % 14)
      if (Math.abs(extreme) > 0.01) expect(Math.sign(red - blue)).toBe(Math.sign(extreme))
    }
    expect(await page.isVisible('#difference-bar')).toBe(true)
    await hover(page, 'b', 5, 5, 14, 14)
    expect(await number(page, '#difference')).toBeCloseTo(differences[5 * 14 + 5] as number, MAP_DECIMALS + 1)
    await page.screenshot({ path: join(SCREENSHOTS, 'difference.png'), fullPage: true })
    await page.selectOption('#shows', 'answers')
    await ready(page)
    expect(await text(page, '#b-note')).toBe(
      'A difference needs two maps of similarity or of probability with the same positions.',
    )
    expect(await page.locator('#difference-bar').count()).toBe(0)
  })

  it('shows the composited image: the patch at the cursor on the background', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }))
    await hover(page, 'a', 3, 8, 14, 14)
    const [top, left] = [3 * STRIDE, 8 * STRIDE]
    await expect.poll(() => pixel(page, '#a-image canvas', top, left)).toEqual([255, 128, 0])
    expect(await pixel(page, '#a-image canvas', top + 74, left + 36)).toEqual([255, 128, 0])
    for (const [row, col] of [
      [top - 1, left],
      [top, left - 1],
      [top + 75, left],
      [top, left + 74],
    ] as const)
      expect(await pixel(page, '#a-image canvas', row, col)).toEqual([0x20, 0x40, 0x60])
    expect(await text(page, '#at-offset')).toBe('41 px up, 14 px right of the anchor')
  })

  it('draws the row and the column through the cursor', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }))
    await hover(page, 'a', 3, 8, 14, 14)
    expect(await text(page, '#row-profile-title')).toBe('Similarity along row 33')
    expect(await text(page, '#col-profile-title')).toBe('Similarity along column 88')
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: 'car' }), 'similarity.npy'),
    )
    const map = data.subarray(2 * 196, 3 * 196)
    const lines = {
      row: [...map.subarray(3 * 14, 4 * 14)],
      col: Array.from({ length: 14 }, (_, i) => map[i * 14 + 8] ?? 0),
    }
    for (const along of ['row', 'col'] as const) {
      const path = (await page.getAttribute(`#${along}-profile .curve`, 'd')) ?? ''
      const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y))
      expect(heights).toHaveLength(14)
      // Heights fall in proportion to the values.
      const values = lines[along]
      const [lowest, highest] = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))]
      const at = (i: number) => [heights[i] as number, values[i] as number] as const
      const [bottom, least] = at(lowest)
      const [top, most] = at(highest)
      expect(bottom - top).toBeGreaterThan(20)
      values.forEach((value, i) => {
        const expected = bottom + ((value - least) / (most - least)) * (top - bottom)
        expect(Math.abs((heights[i] as number) - expected)).toBeLessThan(0.2)
      })
    }
  })

  it('sets colours and limits, and refuses limits that do not rise', async () => {
    const page = await open(
      link({ network: 'plain', with: '', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }),
    )
    await page.selectOption('#colours', 'grey')
    await page.click('#fit-limits')
    const [low, high] = [Number(await page.inputValue('#low')), Number(await page.inputValue('#high'))]
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: 'car' }), 'similarity.npy'),
    )
    const map = data.subarray(2 * 196, 3 * 196)
    expect(low).toBeLessThanOrEqual(Math.min(...map))
    expect(low).toBeGreaterThan(Math.min(...map) - 1.1e-4)
    expect(high).toBeCloseTo(1, 3)
    expect(await text(page, '#a-outside')).toBe('all positions are within the colour range')
    const grey = Math.round(((Number((map[20] as number).toFixed(MAP_DECIMALS)) - low) / (high - low)) * 255)
    expect(await pixel(page, '#a-plot canvas', 1, 6)).toEqual([grey, grey, grey])
    await page.fill('#low', '2')
    await page.press('#low', 'Tab')
    expect(await page.isVisible('#limits-fault')).toBe(true)
    expect(await page.getAttribute('#low', 'aria-invalid')).toBe('true')
    await page.click('#paper-limits')
    expect([await page.inputValue('#low'), await page.inputValue('#high')]).toEqual(['0.88', '1'])
    expect(await page.isVisible('#limits-fault')).toBe(false)
  })

  it('restores a link, whatever the names in it', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }))
    await page.selectOption('#b-model', { label: 'plain-aa' })
    await page.selectOption('#patch', { label: PATCHES[2] })
    await page.selectOption('#anchor', { label: 'bottom-left' })
    await page.selectOption('#layer', { label: 'fc8' })
    await page.selectOption('#colours', 'viridis')
    await page.fill('#low', '0.5')
    await page.press('#low', 'Enter')
    await ready(page)
    await hover(page, 'a', 6, 2, 14, 14)
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => Promise.reject(new Error()) } })
    })
    await page.click('#copy-link')
    const address = await page.inputValue('#link')
    expect(await text(page, '#link-status')).toBe('Copy this address')
    await expect.poll(() => page.url()).toBe(address)
    const other = await open(new URL(address).hash)
    expect(await chosen(other)).toEqual(await chosen(page))
    for (const id of ['at-place', 'a-value', 'b-value', 'difference'])
      expect(await text(other, `#${id}`)).toBe(await text(page, `#${id}`))
    expect(await other.inputValue('#low')).toBe('0.5')
    expect(await text(other, '#colours option:checked')).toBe('viridis')
    // A link that is followed on the open page is a view too.
    await other.click('section#overview summary')
    await other.click('section#overview .thumbs a >> nth=1')
    await expect.poll(() => chosen(other)).toEqual(['plain', 'plain-aa', 'fc6', '125×125 px', MEAN, 'top-right'])
    await ready(other)
    expect(await other.evaluate(() => document.activeElement?.id)).toBe('a-plot')
    expect(await other.inputValue('#low')).toBe('0.88')
    await expect
      .poll(() => other.evaluate(() => document.getElementById('viewer')?.getBoundingClientRect().top))
      .toBeCloseTo(0, -1)
  })

  it('shows its first view again where the browser goes back to it', async () => {
    const page = await open()
    const first = await chosen(page)
    await page.evaluate(() => {
      location.hash = '#network=plain&with=&layer=fc8&patch=&map=similarity&limits=fit'
    })
    await expect.poll(() => chosen(page)).toContain(MEAN)
    await page.goBack()
    await expect.poll(() => chosen(page)).toEqual(first)
    expect(await page.inputValue('#low')).toBe('0.88')
  })

  it('says what a link names that the study has not', async () => {
    const page = await open(
      link({ network: 'plain-aa', layer: 'fc6', size: '125', patch: PATCHES[2], anchor: 'center' }),
    )
    expect(await text(page, '#a-note')).toContain('There is no object')
    expect(await text(page, '#a-note')).toContain(PATCHES[2])
    const other = await open(
      link({ network: 'gone', layer: 'x', size: '1', patch: 'car', anchor: '1,1', limits: '3,2' }),
    )
    expect(await text(other, '#a-note')).toContain('This folder has no network')
    expect((await chosen(other)).toSpliced(1, 1)).toEqual(['plain', 'fc6', '125×125 px', 'car', 'row 0, column 0'])
  })

  it('takes any position as anchor where features were kept', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc8', size: '125', patch: 'car', anchor: 'center' }))
    const folder = unitFolder(resultsFolder(), { model: 'plain', size: 125, patch: 'car' })
    const { data, shape } = await readNpy(join(folder, 'features-fc8.npy'))
    const [rows = 0, cols = 0, dims = 0] = shape
    expect(requests.filter((url) => url.includes('/features/'))).toEqual([])
    await page.selectOption('#anchor', { label: 'any position: click a map' })
    await ready(page)
    await hover(page, 'a', 3, 8, rows, cols)
    await page.mouse.down()
    await page.mouse.up()
    await ready(page)
    expect((await chosen(page))[5]).toBe(`row ${3 * STRIDE}, column ${8 * STRIDE}`)
    expect(await number(page, '#a-value')).toBe(1)
    const rowAt = (row: number, col: number) => [
      ...data.subarray((row * cols + col) * dims, (row * cols + col + 1) * dims),
    ]
    for (const [row, col] of [
      [0, 0],
      [9, 1],
      [4, 8],
    ] as const) {
      await hover(page, 'a', row, col, rows, cols)
      const expected = cosine(rowAt(row, col), rowAt(3, 8))
      expect(Math.abs((await number(page, '#a-value')) - expected)).toBeLessThan(2e-5)
    }
    await page.screenshot({ path: join(SCREENSHOTS, 'any-anchor.png'), fullPage: true })
    // The mean has no features, nor have small patches.
    await page.selectOption('#size', { label: '75×75 px' })
    await ready(page)
    expect(await text(page, '#a-note')).toContain('only named anchors can be used')
    expect(await texts(page, '#anchor option')).toEqual([...ANCHOR_NAMES])
  })

  it('can be used with the keyboard alone', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '125', patch: 'car', anchor: 'center' }))
    const focused = () => page.evaluate(() => document.activeElement?.id ?? '')
    const reached: string[] = []
    for (let i = 0; i < 60 && !reached.includes('copy-link'); i++) {
      await page.keyboard.press('Tab')
      reached.push(await focused())
    }
    for (const id of [
      'theme',
      'a-image',
      'a-model',
      'b-model',
      'shows',
      'a-plot',
      'patch',
      'size',
      'anchor',
      'colours',
      'low',
      'high',
      'copy-link',
    ])
      expect(reached).toContain(id)
    await page.focus('#a-plot')
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)
    expect(outline).toBe('solid')
    const steps: readonly (readonly [string, string])[] = [
      ['1', 'row 0, column 0'],
      ['ArrowRight', 'row 0, column 11'],
      ['ArrowDown', 'row 11, column 11'],
      ['ArrowUp', 'row 0, column 11'],
      ['ArrowUp', 'row 0, column 11'],
      ['Shift+ArrowRight', 'row 0, column 99'],
      ['Home', 'row 0, column 0'],
      ['PageDown', 'row 99, column 0'],
      ['End', 'row 99, column 99'],
      ['PageUp', 'row 0, column 99'],
      ['4', 'row 99, column 0'],
    ]
    for (const [key, place] of steps) {
      await page.keyboard.press(key)
      await expect.poll(() => text(page, '#at-place')).toBe(place)
    }
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain', size: 125, patch: 'car' }), 'similarity.npy'),
    )
    const value = (data[2 * 100 + 9 * 10] as number).toFixed(MAP_DECIMALS).replace('-', '−')
    await expect
      .poll(() => text(page, '#live'))
      .toContain(`row 99, column 0. \u2068plain\u2069: similarity ${value} (\u2068fc6\u2069), answer \u2068`)
    await page.keyboard.press('Enter')
    await ready(page)
    expect((await chosen(page))[5]).toBe('row 99, column 0')
    await page.keyboard.press(']')
    await ready(page)
    expect((await chosen(page))[4]).toBe(PATCHES[2])
    await page.keyboard.press('Space')
    expect(await page.isChecked('#hold')).toBe(true)
    await hover(page, 'a', 2, 2, 10, 10)
    expect(await text(page, '#at-place')).toBe('row 99, column 0')
  })

  it('shows names from files as text, never as markup', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: PATCHES[1], anchor: 'center' }))
    expect(await texts(page, '#patch option')).toEqual([MEAN, ...[...PATCHES].sort()])
    expect(await page.getAttribute('#a-plot', 'aria-label')).toContain(PATCHES[1])
    expect(await page.evaluate(() => 'taken' in window)).toBe(false)
    expect(await page.locator('script').count()).toBe(2)
  })

  it('offers the maps as tables', async () => {
    const page = await open(
      link({ network: 'plain', with: '', layer: 'fc6', size: '125', patch: 'car', anchor: 'center' }),
    )
    await page.click('#values summary')
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain', size: 125, patch: 'car' }), 'similarity.npy'),
    )
    const shown = [...data.subarray(200, 300)].map((value) => value.toFixed(MAP_DECIMALS).replace('-', '−'))
    await expect.poll(() => texts(page, '#values td')).toEqual(shown)
  })

  it('has no sideways scrolling on a narrow screen, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, width] of [
        ['wide', 1400],
        ['middle', 820],
        ['narrow', 380],
      ] as const) {
        const page = await open('', { viewport: { width, height: 900 }, colorScheme })
        expect(
          await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
          name,
        ).toBeLessThanOrEqual(0)
        const [ground, ink] = await page.evaluate(() => {
          const style = getComputedStyle(document.body)
          return [style.backgroundColor, style.color].map((colour) => Number(/\d+/.exec(colour)?.[0]))
        })
        expect(
          colorScheme === 'light' ? (ground as number) - (ink as number) : (ink as number) - (ground as number),
        ).toBeGreaterThan(150)
        await page.screenshot({ path: join(SCREENSHOTS, `${colorScheme}-${name}.png`), fullPage: true })
      }
    }
    const page = await open('', { colorScheme: 'light' })
    await page.selectOption('#theme', 'dark')
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark')
  })

  it('can be read without JavaScript', async () => {
    const context = await newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    watch(page)
    await page.goto(addressOfPage())
    expect(await page.isVisible('noscript .note')).toBe(true)
    await page.click('#tables summary')
    expect(await page.isVisible('#tables table')).toBe(true)
    await context.close()
  })

  it('goes on where a file of the site is missing, and names it', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }))
    const hidden = join(resultsFolder(), 'site', 'hidden')
    renameSync(join(resultsFolder(), 'site', 'maps'), hidden)
    await page.selectOption('#patch', { label: PATCHES[2] })
    await expect
      .poll(() => text(page, '#a-note'))
      .toMatch(/site\/maps\/\d\/\d\.js cannot be loaded; keep the folder “site”/)
    expect(await text(page, '#a-summary')).toBe('')
    expect(await page.getAttribute('#a-plot', 'aria-label')).toBe('Map A: none')
    expect(await page.locator('#a-value').count()).toBe(0)
    renameSync(hidden, join(resultsFolder(), 'site', 'maps'))
    await page.selectOption('#patch', { label: PATCHES[1] })
    await ready(page)
    expect(await text(page, '#a-note')).toBe('')
    // The browser itself reports the file.
    const others = complaints.filter((complaint) => !complaint.includes('ERR_FILE_NOT_FOUND'))
    complaints.splice(0, complaints.length, ...others)
  })

  it('shows no maps of a report that took the place of the page’s own', async () => {
    const page = await open(link({ network: 'plain', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }))
    const study = join(resultsFolder(), 'site', 'study.js')
    const own = readFileSync(study, 'utf8')
    writeFileSync(study, own.replace(/"[0-9a-f]+"/, '"89ab"'))
    await page.selectOption('#patch', { label: PATCHES[2] })
    await expect.poll(() => text(page, '#a-note')).toMatch(/the folder “site” belongs to another page/)
    writeFileSync(study, own)
    await page.selectOption('#patch', { label: PATCHES[1] })
    await ready(page)
    expect(await text(page, '#a-note')).toBe('')
  })
})

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}
