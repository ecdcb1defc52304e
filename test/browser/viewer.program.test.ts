import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, type AnchorName } from '../../src/engine/scene/positions.js'
import { readNpy } from '../../src/files/npy.js'
import { roundCosine } from '../../src/page/site/mapCoding.js'
import { agreementText, cosineText, decimalsFor } from '../../src/page/text/text.js'
import { hot } from '../../src/plot/colormap.js'
import { heatmapName } from '../../src/report/sections/heatmap.js'
import type { SummaryRow } from '../../src/results/measures/rows.js'
import { openUnit } from '../../src/results/store/openUnit.js'
import { unitFolder } from '../../src/results/store/units.js'
import {
  barriers,
  boxOf,
  browser,
  choose,
  chosen,
  clickLink,
  complaints,
  follow,
  forgiveMissingFiles,
  frame,
  goTo,
  mapColour,
  number,
  page,
  pixel,
  ready,
  requests,
  text,
  texts,
  usePage,
  watch,
} from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { cosine } from '../support/features.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { byText } from '../support/unit.js'
import { PATCHES, STRIDE, writeReportedStudy } from '../support/viewerStudy.js'

const [CAR, MARKUP, HEBREW] = PATCHES
const MEAN = 'mean of all objects'
const BACKGROUND = [0x20, 0x40, 0x60]
/** Positions along a side of the maps of 75 pixels. */
const SIDE = 14
const MAP = { size: 75, stride: STRIDE }
const VIEW: Readonly<Record<string, string>> = {
  ...{ network: 'plain', with: '', layer: 'fc6', size: '75', patch: CAR, anchor: 'center' },
  ...{ map: 'similarity', at: '0,0', limits: '0.88,1' },
}

/** A cosine as the page shows it beside those of the other map. */
function similarityText(value: number, ...others: readonly number[]): string {
  return cosineText(value, decimalsFor([1, value, ...others]))
}

describe.skipIf(!hasChromium())('the viewer of a report', () => {
  const results = sharedFolder()
  const address = () => pathToFileURL(results('index.html')).href
  usePage(() => pathToFileURL(results()).href)

  beforeAll(async () => {
    await writeReportedStudy(results())
    await open(address())
  })

  async function open(link: string): Promise<void> {
    await page.goto('about:blank')
    await page.goto(link)
    await ready()
    await page.evaluate(() => document.getElementById('settings')?.setAttribute('open', ''))
  }

  const show = (changes: Readonly<Record<string, string>> = {}) => follow({ ...VIEW, ...changes })

  /** A map of the stored arrays, as the page rounds it. */
  async function stored(anchor: AnchorName, { model = 'plain', size = 75, patch = CAR as string, layer = 0 } = {}) {
    const { data, shape } = await readNpy(join(unitFolder(results(), { model, size, patch }), 'similarity.npy'))
    const length = (shape[2] as number) * (shape[3] as number)
    const at = (layer * ANCHOR_NAMES.length + ANCHOR_NAMES.indexOf(anchor)) * length
    return [...data.subarray(at, at + length)].map(roundCosine)
  }

  /** Where the image is on the screen, and in it the middle of the object at a position. */
  async function imageOnScreen() {
    await page.locator('#a-frame').scrollIntoViewIfNeeded()
    await frame()
    const { x, y, width } = await boxOf('#a-frame')
    const pixels = (index: number) => ((index * STRIDE + 37.5) * width) / 224
    return { x, y, at: (row: number, col: number) => [x + pixels(col), y + pixels(row)] as const }
  }

  /** What the network answers of the car at 75 pixels. */
  async function answers() {
    const unit = await openUnit(results(), unitFolder(results(), { model: 'plain', size: 75, patch: CAR }))
    const of = unit.layers.find(({ name }) => name === 'fc8')?.answers
    const data = (await unit.answers('fc8'))?.data
    if (!of || data === undefined) throw new Error('the made study has answers')
    const length = SIDE * SIDE
    return {
      center: of.names[of.center.class] as string,
      strongest: [...data.subarray(0, length)].map((index) => of.names[index] as string),
      probability: data.subarray(length, 2 * length),
      ofCenter: data.subarray(2 * length),
    }
  }

  it('opens from disk with the most probable answer in its network and another one, and loads what it shows', async () => {
    const mapsLoaded = () => requests.filter((url) => url.includes('/site/maps/')).length
    const names = [...PATCHES].sort()
    expect(await chosen()).toEqual(['plain', 'plain-aa', 'fc8', '75×75 px', HEBREW, 'center'])
    expect([await page.inputValue('#low'), await page.inputValue('#high')]).toEqual(['0.88', '1'])
    expect(mapsLoaded()).toBe(2)
    await choose('patch', CAR)
    expect(mapsLoaded()).toBe(4)
    await choose('layer', 'fc6')
    await choose('anchor', 'bottom-right')
    expect([mapsLoaded(), requests.filter((url) => url.includes('/features/'))]).toEqual([4, []])
    // Names from files are text, never markup.
    expect(await texts('#patch option')).toEqual([MEAN, ...names])
    await choose('patch', MARKUP)
    expect(await page.getAttribute('#a-frame', 'aria-label')).toContain(MARKUP)
    expect(await page.evaluate(() => ['taken' in window, document.scripts.length])).toEqual([false, 2])
    expect(await text('.finding')).toMatch(
      /^Can’t tell from 3 objects: at two random positions, plain gives the same answer in \d+.% of cases; plain-aa in \d+.%\.$/,
    )
  })

  it('has no barrier and no sideways scrolling, wide and light, narrow and dark', async () => {
    expect(await barriers(1400, 'light')).toEqual({ violations: [], tooWide: 0 })
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(await ground()).toMatch(/\(25\d, 25\d, 25\d\)$/)
    expect(await barriers(380, 'dark')).toEqual({ violations: [], tooWide: 0 })
    expect(await ground()).toMatch(/\([1-3]?\d, [1-3]?\d, [1-3]?\d\)$/)
    await page.selectOption('#theme', 'light')
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('light')
    await page.selectOption('#theme', 'auto')
    await page.setViewportSize({ width: 1280, height: 1000 })
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('shows the numbers, the colour and the answer of the object’s position', async () => {
    await show({ layer: 'fc8', anchor: 'top-right' })
    const map = await stored('top-right', { layer: 1 })
    const { strongest, probability } = await answers()
    for (const at of [13, 13 * SIDE, 7 * SIDE + 3]) {
      const [row, col] = [Math.floor(at / SIDE), at % SIDE]
      await goTo(row * STRIDE, col * STRIDE)
      expect(await text('#at-place')).toBe(`row ${row * STRIDE}, column ${col * STRIDE}`)
      expect(await text('#a-value')).toBe(similarityText(map[at] as number))
      expect(await mapColour('a', row, col, MAP)).toEqual([...hot(((map[at] as number) - 0.88) / 0.12)])
      const answer = `\u2068${strongest[at]}\u2069 ${(probability[at] as number).toFixed(2)}`
      expect([await text('#a-answer'), await text('#a-tag')]).toEqual([answer, answer])
    }
    const unit = await openUnit(results(), unitFolder(results(), { model: 'plain', size: 75, patch: CAR }))
    const measures = byText((await unit.measures())[1])
    const [mean = 0, min = 0] = ['similarity-mean', 'similarity-min'].map((name) => measures[name]?.['top-right'])
    const decimals = decimalsFor([1, mean, min])
    const lowest = cosineText(min, decimals)
    expect(await text('#a-summary')).toBe(`mean ${mean.toFixed(decimals)}, lowest ${lowest}`)
  })

  it('shows the object on its background at its position', async () => {
    await show()
    await goTo(3 * STRIDE, 8 * STRIDE)
    const [top, left] = [3 * STRIDE, 8 * STRIDE]
    await expect.poll(() => pixel('#a-frame .pixels', top, left)).toEqual([255, 128, 0])
    expect(await pixel('#a-frame .pixels', top + 74, left + 36)).toEqual([255, 128, 0])
    for (const row of [top - 1, top + 75]) expect(await pixel('#a-frame .pixels', row, left)).toEqual(BACKGROUND)
    for (const col of [left - 1, left + 74]) expect(await pixel('#a-frame .pixels', top, col)).toEqual(BACKGROUND)
  })

  it('saves the values of a map as CSV, and says why a figure cannot be saved', async () => {
    await show({ layer: 'fc8' })
    const expected = await stored('center', { layer: 1 })
    const download = page.waitForEvent('download')
    await page.click('#save-csv')
    const file = await download
    expect(file.suggestedFilename()).toBe('plain-fc8-75-car-center-similarity.csv')
    const [head, ...lines] = readFileSync(await file.path(), 'utf8')
      .trim()
      .split('\n')
    expect(head).toBe('network,row,col,value')
    expect(lines.map((line) => Number(line.split(',')[3]))).toEqual(expected)
    expect(lines[SIDE + 2]).toMatch(new RegExp(`^plain,${STRIDE},${2 * STRIDE},`))
    await page.evaluate(() => {
      HTMLCanvasElement.prototype.toBlob = (callback) => callback(null)
    })
    await page.click('#save-png')
    await page.getByText('the browser cannot save this figure as PNG; save it as SVG').waitFor()
  })

  it('shows the mean maps of the heatmaps and the means of summary.json', async () => {
    const summary = JSON.parse(readFileSync(results('summary.json'), 'utf8')) as SummaryRow[]
    const own = summary.filter(({ model, layer, size }) => `${model} ${layer} ${size}` === 'plain fc6 125')
    const meanOf = (metric: string, variant: string) =>
      own.find((row) => row.metric === metric && row.variant === variant)?.mean.toFixed(3)
    await show({ size: '125', patch: '', anchor: 'bottom-left' })
    const name = heatmapName('plain', 'fc6', 125, 'bottom-left')
    const { data } = await readNpy(results('heatmaps', `${name}.npy`))
    await goTo(4 * STRIDE, 6 * STRIDE)
    expect(await text('#a-value')).toBe(similarityText(roundCosine(data[46] as number)))
    expect(await text('#a-summary')).toContain(`mean ${meanOf('similarity-mean', 'bottom-left')}, lowest`)
    const baseline = meanOf('null-baseline', 'different class')
    expect(await text('#a-baseline')).toBe(`different objects at the same position: ${baseline}`)
    await show({ patch: '', map: 'answers' })
    expect(await text('.margin-note')).toContain('how similar the features are')
  })

  it('compares two networks at one position, and swaps them', async () => {
    await show()
    expect(await page.locator('#b-panel').count()).toBe(0)
    await choose('b-model', 'plain-aa')
    await goTo(2 * STRIDE, 9 * STRIDE)
    const [first, second] = [await stored('center'), await stored('center', { model: 'plain-aa' })]
    const here = [first, second].map((map) => map[2 * SIDE + 9] as number)
    expect(await texts('#a-value, #b-value')).toEqual(here.map((value) => similarityText(value, ...here)))
    await choose('a-model', 'plain-aa')
    expect(await chosen(['a-model', 'b-model'])).toEqual(['plain-aa', 'plain'])
    await choose('b-model', '— none')
    expect(await page.locator('#b-panel').count()).toBe(0)
  })

  it('says what the networks answer after a small move, and makes it', async () => {
    await show({ map: 'answers', at: '77,77' })
    const { strongest, probability } = await answers()
    const saidAt = (at: number) => `\u2068${strongest[at]}\u2069 ${(probability[at] as number).toFixed(2)}`
    const from = 7 * SIDE + 7
    // The move changes the answer if one of the four neighbours has another one.
    const ways = [1, -1, -SIDE, SIDE]
    const [step = 1] = ways.filter((one) => strongest[from + one] !== strongest[from])
    const [way, arrow] = [
      ['right', '→'],
      ['left', '←'],
      ['up', '↑'],
      ['down', '↓'],
    ][ways.indexOf(step)] as [string, string]
    expect([await text('#a-answer'), await text('#a-then')]).toEqual([saidAt(from), saidAt(from + step)])
    expect(await text('#move')).toBe(`Move it ${STRIDE} px ${way} ${arrow}`)
    await page.click('#move')
    await frame()
    expect(await text('#a-answer')).toBe(saidAt(from + step))
  })

  it('sets limits of the colours, and refuses limits that do not rise', async () => {
    await show()
    const map = await stored('center')
    await page.click('#fit-limits')
    const [low, high] = [Number(await page.inputValue('#low')), Number(await page.inputValue('#high'))]
    expect([low, high]).toEqual([Math.floor(Math.min(...map) * 1e4) / 1e4, Math.ceil(Math.max(...map) * 1e4) / 1e4])
    expect(await text('#a-outside')).toBe('all positions are within the colour range')
    const colour = hot(((map[20] as number) - low) / (high - low))
    expect(await mapColour('a', 1, 6, MAP)).toEqual([...colour])
    await page.fill('#low', '2')
    await page.press('#low', 'Tab')
    expect(await page.isVisible('#limits-fault')).toBe(true)
    expect(await page.getAttribute('#low', 'aria-invalid')).toBe('true')
    await page.click('#paper-limits')
    expect([await page.inputValue('#low'), await page.inputValue('#high')]).toEqual(['0.88', '1'])
    expect(await page.isVisible('#limits-fault')).toBe(false)
  })

  it('restores a link, whatever the names in it, and follows those on the page and the browser’s history', async () => {
    await show({ with: 'plain-aa', layer: 'fc8', patch: HEBREW, anchor: 'bottom-left', limits: '0.5,1' })
    await goTo(6 * STRIDE, 2 * STRIDE)
    await expect.poll(() => page.url()).toContain(`&at=${6 * STRIDE},${2 * STRIDE}&`)
    const link = page.url()
    const state = async () => [
      await chosen(),
      await Promise.all(['at-place', 'a-value', 'b-value'].map((id) => text(`#${id}`))),
      await page.inputValue('#low'),
    ]
    const before = await state()
    await open(link)
    expect(await state()).toEqual(before)
    await clickLink({ network: 'plain', with: 'plain-aa', layer: 'fc6', size: '125', patch: '', anchor: 'top-right' })
    await expect.poll(chosen).toEqual(['plain', 'plain-aa', 'fc6', '125×125 px', MEAN, 'top-right'])
    await ready()
    const place = () => page.evaluate(() => document.getElementById('viewer')?.getBoundingClientRect().top)
    const focused = await page.evaluate(() => document.activeElement?.id)
    expect([focused, await place()]).toEqual(['a-frame', expect.closeTo(0, -1)])
    // Objects are chosen among the maps of all objects, by pointer and keys; going back undoes it.
    const object = () => chosen().then((all) => all[4])
    const mapOf = (patch: string) => page.locator(`.answer-map[data-column=${JSON.stringify(patch)}]`).first()
    expect(await page.locator('#gallery .thumb').count()).toBe(3)
    await mapOf(HEBREW).click()
    await expect.poll(object).toBe(HEBREW)
    await mapOf(CAR).focus()
    await page.keyboard.press('Enter')
    await expect.poll(object).toBe(CAR)
    await page.goBack()
    await expect.poll(object).toBe(HEBREW)
    await page.goForward()
    await expect.poll(object).toBe(CAR)
    // Back to the address without a view, which is that of the first one.
    await open(address())
    const first = await chosen()
    await show({ patch: '' })
    await page.goBack()
    await expect.poll(chosen).toEqual(first)
  })

  it('says what a link names that the page has not, and goes to the section that it names', async () => {
    await show({ network: 'plain-aa', size: '125', patch: HEBREW })
    expect(await text('#a-note')).toContain(`There is no object \u2068${HEBREW}\u2069 here.`)
    await page.goto(`${address()}#no-such-thing`)
    await expect.poll(() => text('#a-note')).toContain('no section \u2068no-such-thing\u2069')
    await page.goto(`${address()}#tables`)
    const place = () => page.evaluate(() => document.getElementById('tables')?.getBoundingClientRect().top)
    await expect.poll(place).toBeLessThan(80)
    expect(await text('#cite pre')).toContain('@inproceedings{lee2020shift')
  })

  it('takes any position as anchor where features are stored, or sketches of them, and says how exact that is', async () => {
    await show({ layer: 'fc8', size: '125' })
    const folder = unitFolder(results(), { model: 'plain', size: 125, patch: CAR })
    const { data, shape } = await readNpy(join(folder, 'features-fc8.npy'))
    const dims = shape[2] as number
    const features = (row: number, col: number) => data.subarray((row * 10 + col) * dims, (row * 10 + col + 1) * dims)
    await choose('anchor', 'any position: move the object there')
    await goTo(3 * STRIDE, 8 * STRIDE)
    await page.click('#anchor-here')
    await ready()
    expect((await chosen())[5]).toBe(`row ${3 * STRIDE}, column ${8 * STRIDE}`)
    expect(await number('#a-value')).toBe(1)
    await goTo(9 * STRIDE, 1 * STRIDE)
    expect(Math.abs((await number('#a-value')) - cosine(features(9, 1), features(3, 8)))).toBeLessThan(5.1e-4)
    await show({ patch: MARKUP, anchor: '0,0', at: '143,143' })
    const [exact] = (await stored('top-left', { patch: MARKUP })).slice(-1)
    expect(await text('#a-value')).toMatch(/^≈ /)
    expect(Math.abs((await number('#a-value')) - (exact as number))).toBeLessThan(0.0026)
    expect(await text('#a-summary')).toContain('within 0.002')
    // Without either, the page says so.
    await show({ anchor: '0,0' })
    expect(await text('#a-note')).toContain('only named anchors can be used')
    expect(await texts('#anchor option')).toEqual([...ANCHOR_NAMES])
    await goTo(4 * STRIDE, 4 * STRIDE)
    await page.click('#anchor-here')
    await expect.poll(() => text('#a-note')).toContain('any anchor for 1 of the 3 objects')
  })

  it('can be used with the keyboard alone', async () => {
    await show({ size: '125' })
    await page.focus('#theme')
    const reached: string[] = []
    while (reached.length < 60 && !reached.includes('save-csv')) {
      await page.keyboard.press('Tab')
      reached.push(await page.evaluate(() => document.activeElement?.id ?? ''))
    }
    const wanted = [
      'a-model',
      'b-model',
      'a-frame',
      'at-row',
      'move',
      'shows',
      'patch',
      'size',
      'anchor',
      'low',
      'save-csv',
    ]
    expect(reached).toEqual(expect.arrayContaining(wanted))
    await page.focus('#a-frame')
    expect(await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle)).toBe('solid')
    const steps = ['1 0 0', 'ArrowRight 0 11', 'ArrowDown 11 11', 'ArrowUp 0 11', 'ArrowUp 0 11', 'ArrowLeft 0 0']
    steps.push('Shift+ArrowRight 0 99', 'Home 0 0', 'PageDown 99 0', 'End 99 99', 'PageUp 0 99', '4 99 0')
    for (const [key = '', row, col] of steps.map((step) => step.split(' '))) {
      await page.keyboard.press(key)
      await expect.poll(() => text('#at-place')).toBe(`row ${row}, column ${col}`)
    }
    const value = similarityText((await stored('center', { size: 125 }))[90] as number)
    const said = `row 99, column 0. \u2068plain\u2069: similarity ${value}, answer \u2068`
    await expect.poll(() => text('#live')).toContain(said)
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await chosen())[5]).toBe('row 99, column 0')
  })

  it('shows answers: their probability, or regions in the colours of a legend', async () => {
    await show({ map: 'probability' })
    const { strongest, center, ofCenter } = await answers()
    const colour = hot(Math.round((ofCenter[13 * SIDE + 6] as number) * 1e4) / 1e4)
    expect(await mapColour('a', 13, 6, MAP)).toEqual([...colour])
    expect(await text('#a-summary')).toContain(`probability of \u2068${center}\u2069: mean`)
    expect(await page.isDisabled('#low')).toBe(true)
    await show({ map: 'answers' })
    const legend = await texts('#a-legend li')
    const count = (name: string) => strongest.filter((one) => one === name).length
    const names = [...new Set(strongest)].sort((one, other) => count(other) - count(one))
    expect(legend).toHaveLength(Math.min(names.length, 8))
    expect(legend[0]).toContain(names[0])
    // The share in the text is that of the map.
    const pairs = names.reduce((sum, name) => sum + count(name) ** 2, 0)
    expect(await text('#a-summary')).toBe(agreementText(pairs / strongest.length ** 2))
    const colours = await page
      .locator('#a-legend .swatch')
      .evaluateAll((swatches) => swatches.map((one) => getComputedStyle(one).backgroundColor))
    const place = legend.findIndex((item) => item.includes(strongest[0] as string))
    const last = legend.findIndex((item) => item.includes(strongest.at(-1) as string))
    expect(`rgb(${(await mapColour('a', 13, 13, MAP)).join(', ')})`).toBe(colours.at(last))
    expect(await page.isVisible('#scale')).toBe(false)
    // The object is at the first position: its tag and its reading have the colour of its answer, and no similarity.
    const others = await page
      .locator('.tag .swatch, .say .swatch:first-child')
      .evaluateAll((swatches) => swatches.map((one) => getComputedStyle(one).backgroundColor))
    expect(others).toEqual([colours[place], colours[place]])
    expect(await page.locator('#a-value').count()).toBe(0)
    await show({ map: 'answers', patch: '' })
    expect(await text('#a-note')).toContain('A map of answers needs one object')
  })

  it('keeps the colours of classes, the badges and the frame where the browser forces its own colours', async () => {
    await show({ map: 'answers', with: 'plain-aa' })
    const look = () =>
      page.evaluate(() => {
        const style = (selector: string) => getComputedStyle(document.querySelector(selector) as Element)
        const swatches = [...document.querySelectorAll('.swatch')]
        return {
          swatches: swatches.map((one) => getComputedStyle(one).backgroundColor),
          badges: ['a', 'b'].map((panel) => style(`.badge.${panel}`)).map((one) => [one.borderRadius, one.borderStyle]),
          edges: ['#a-frame', '.tag', '.badge.b'].map(style).map((one) => one.borderColor !== one.backgroundColor),
        }
      })
    const before = await look()
    await page.emulateMedia({ forcedColors: 'active' })
    expect(await look()).toEqual({ ...before, edges: [true, true, true] })
    expect([before.swatches.length > 4, before.badges[0], before.badges[1]]).toEqual([
      true,
      ['50%', 'solid'],
      ['2px', 'solid'],
    ])
    await page.emulateMedia({ forcedColors: 'none' })
  })

  it('moves its object to a typed row and column, and says what it cannot do', async () => {
    await show()
    for (const [field, typed, place, said] of [
      ['#at-row', '50', 'row 55, column 0', 'The map has no row 50. The nearest is row 55.'],
      ['#at-col', '143', 'row 55, column 143', ''],
      ['#at-col', '999', 'row 55, column 143', 'The column must be a whole number from 0 to 149.'],
      ['#at-row', '−3', 'row 55, column 143', 'The row must be a whole number from 0 to 149.'],
      ['#at-row', 'top', 'row 55, column 143', 'The row must be a whole number from 0 to 149.'],
      ['#at-row', '11', 'row 11, column 143', ''],
    ] as const) {
      await page.fill(field, typed)
      await page.press(field, 'Enter')
      await expect.poll(() => text('#at-place')).toBe(place)
      expect([await text('#at-fault'), await page.getAttribute(field, 'aria-invalid')]).toEqual([
        said,
        String(said.includes('must')),
      ])
    }
    await page.fill('#at-row', '22')
    await page.press('#at-row', 'Tab')
    await expect.poll(() => text('#at-place')).toBe('row 22, column 143')
  })

  it('shows similarity if a layer is chosen, because answers do not depend on it', async () => {
    await show({ layer: 'fc8', map: 'answers' })
    await choose('layer', 'fc6')
    expect(await page.inputValue('#shows')).toBe('similarity')
    expect(await page.getAttribute('#a-frame', 'aria-label')).toContain('fc6')
  })

  it('says that both maps show one network, and with which position maps of answers compare', async () => {
    await show({ with: 'plain' })
    expect([await text('#a-note'), await text('#b-note')]).toEqual(['', 'Maps A and B show the same network.'])
    await show({ map: 'answers', anchor: 'top-left' })
    expect(await text('#a-note')).toMatch(/^This map compares with the center \(\+\)\. The anchor at row 0, column 0 /)
  })

  it('has the cursor at the anchor of a link that names no cursor, wherever it was', async () => {
    await show()
    await goTo(6 * STRIDE, 7 * STRIDE)
    await clickLink({ network: 'plain', anchor: 'top-right' })
    await expect.poll(() => text('#at-place')).toBe('row 0, column 149')
    await ready()
    expect(await page.locator('#a-frame .anchor').count()).toBe(0)
  })

  it('does not move while it opens, and does not scroll sideways, on a narrow screen', async () => {
    const narrow = await browser.newPage({ viewport: { width: 390, height: 844 } })
    watch(narrow)
    await narrow.addInitScript(() => {
      const shifts: number[] = []
      Object.assign(globalThis, { shifts })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as PerformanceEntry & { value: number }).value)
      }).observe({ type: 'layout-shift', buffered: true })
    })
    await narrow.goto(address())
    await narrow.waitForSelector('#a-frame[aria-busy=false]')
    await narrow.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    const shifts = await narrow.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts)
    expect(shifts.reduce((sum, one) => sum + one, 0)).toBeLessThan(0.1)
    await narrow.setViewportSize({ width: 320, height: 640 })
    // The maps get their new width in the next frames.
    await expect.poll(() => narrow.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
    await narrow.close()
  })

  it('has its object dragged by the mouse, and everything follows', async () => {
    await show()
    const { at } = await imageOnScreen()
    await page.mouse.move(...at(0, 0))
    await page.mouse.down()
    await page.mouse.move(...at(3, 5), { steps: 3 })
    await frame()
    expect(await text('#at-place')).toBe('row 33, column 55')
    expect(await pixel('#a-frame .pixels', 33, 55)).toEqual([255, 128, 0])
    // Beyond the rim it stays in the frame; let go, it stays where it is.
    await page.mouse.move(...at(-9, 30))
    await page.mouse.up()
    await page.mouse.move(...at(5, 5))
    await frame()
    expect(await text('#at-place')).toBe('row 0, column 143')
    // Grasped beside the object, its middle comes to the pointer.
    await page.mouse.click(...at(9, 2))
    await frame()
    expect(await text('#at-place')).toBe('row 99, column 22')
  })

  it('has its object dragged by a finger, which scrolls the page beside it', async () => {
    await show()
    await page.setViewportSize({ width: 390, height: 844 })
    const { x, y, at } = await imageOnScreen()
    const session = await page.context().newCDPSession(page)
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true })
    const touch = async (way: readonly (readonly [number, number])[]) => {
      for (const [i, [left, top]] of way.entries())
        await session.send('Input.dispatchTouchEvent', {
          type: i === 0 ? 'touchStart' : 'touchMove',
          touchPoints: [{ x: left, y: top }],
        })
      await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
      await frame()
    }
    const scrolled = () => page.evaluate(() => scrollY)
    const before = await scrolled()
    await touch([at(0, 0), at(3, 2), at(6, 4)])
    expect([await text('#at-place'), await scrolled()]).toEqual(['row 66, column 44', before])
    await touch([0, 20, 40, 60].map((up) => [x + 10, y + 40 - up] as const))
    expect(await text('#at-place')).toBe('row 66, column 44')
    await expect.poll(scrolled).toBeGreaterThan(before + 20)
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: false })
    await page.setViewportSize({ width: 1280, height: 1000 })
  })

  it('prints in light colours to the width of the paper', async () => {
    await show({ with: 'plain-aa' })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
    await frame()
    const [ground, right] = await page.evaluate(() => [
      getComputedStyle(document.body).backgroundColor,
      document.querySelector('#b-frame')?.getBoundingClientRect().right,
    ])
    expect([ground, Number(right) < 700]).toEqual(['rgb(255, 255, 255)', true])
    // Tags with long names at the lower edge are inside the frame, which would cut them.
    const beyond = await page.evaluate(() => {
      for (const id of ['a-tag', 'b-tag'])
        (document.getElementById(id) as HTMLElement).textContent = 'a long name '.repeat(4)
      for (const tag of document.querySelectorAll('.tag')) tag.removeAttribute('hidden')
      return [...document.querySelectorAll('.tag')].map((tag) => {
        const frame = tag.closest('.frame')?.getBoundingClientRect()
        const { bottom, right } = tag.getBoundingClientRect()
        return [bottom > (frame?.bottom ?? 0), right > (frame?.right ?? 0)]
      })
    })
    expect(beyond).toEqual([
      [false, false],
      [false, false],
    ])
    // Open sections must not squeeze the maps or be cut by the paper's edge.
    const [object, tooWide] = await page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true
      const edge = document.body.getBoundingClientRect().right
      const wide = [...document.querySelectorAll('table, .panel, figure')].filter(
        (part) => part.getBoundingClientRect().right > edge + 1,
      )
      return [
        document.querySelector('#a-frame')?.getBoundingClientRect().width,
        wide.map((part) => part.outerHTML.slice(0, 99)),
      ]
    })
    expect([Number(object) > 120, tooWide]).toEqual([true, []])
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('has all small maps and pictures to print without being scrolled', async () => {
    const unseen = await browser.newPage({ viewport: { width: 800, height: 200 } })
    watch(unseen)
    // Without the timer that loads the rest later, only what is loaded at once appears.
    await unseen.addInitScript(() => {
      const later = window.setTimeout
      const soon = (act: () => void, delay = 0) => (delay >= 1000 ? 0 : later(act, delay))
      Object.assign(window, { setTimeout: soon })
    })
    await unseen.goto(address())
    const empty = () =>
      unseen.evaluate(() => [
        document.querySelectorAll('.answer-map').length > 0,
        [...document.querySelectorAll<HTMLCanvasElement>('.answer-map canvas')].filter(({ height }) => height < 14)
          .length,
        document.querySelectorAll('.answer-maps thead img:not([src])').length,
      ])
    await expect.poll(empty).toEqual([true, 0, 0])
    await unseen.close()
  })

  it('names a file of the site that is missing or of another report, and goes on with the others', async () => {
    await open(`${address()}#${new URLSearchParams(VIEW)}`)
    renameSync(results('site', 'maps'), results('site', 'hidden'))
    await page.selectOption('#patch', MARKUP)
    await expect.poll(() => text('#a-note')).toMatch(/site\/maps\/\d\/\d\.js cannot be loaded; keep the folder “site”/)
    expect([await text('#a-summary'), await page.getAttribute('#a-frame', 'aria-label')]).toEqual([
      '',
      'Frame A: no map',
    ])
    renameSync(results('site', 'hidden'), results('site', 'maps'))
    const own = readFileSync(results('site', 'study.js'), 'utf8')
    writeFileSync(results('site', 'study.js'), own.replace(/"[0-9a-f]+"/, '"89ab"'))
    await show({ network: 'plain-aa', patch: MARKUP })
    expect(await text('#a-note')).toMatch(/the folder “site” belongs to another page/)
    writeFileSync(results('site', 'study.js'), own)
    await show({ network: 'plain-aa', patch: HEBREW })
    expect(await text('#a-note')).toBe('')
    // A picture that could not be loaded is loaded when it is shown again.
    renameSync(results('site', 'pictures'), results('site', 'hidden'))
    complaints.splice(0)
    await open(`${address()}#${new URLSearchParams(VIEW)}`)
    await expect.poll(() => complaints.length).toBeGreaterThan(0)
    renameSync(results('site', 'hidden'), results('site', 'pictures'))
    expect(await pixel('#a-frame .pixels', 0, 0)).toEqual(BACKGROUND)
    await show({ size: '125' })
    await show()
    await expect.poll(() => pixel('#a-frame .pixels', 0, 0)).toEqual([255, 128, 0])
    forgiveMissingFiles()
  })

  it('can be read without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const plain = await context.newPage()
    watch(plain)
    await plain.goto(address())
    expect(await plain.isVisible('noscript .note')).toBe(true)
    await plain.click('#tables summary')
    expect(await plain.isVisible('#tables table')).toBe(true)
    await context.close()
  })
})
