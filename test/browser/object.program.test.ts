import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import { openUnit } from '../../src/results/unit/open.js'
import { unitFolder } from '../../src/results/unit/store.js'
import {
  chosen,
  frame,
  hover,
  link,
  MEAN,
  number,
  open,
  pixel,
  ready,
  resultsFolder,
  SCREENSHOTS,
  text,
  texts,
  usePages,
} from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { PATCHES, STRIDE } from '../support/viewerStudy.js'

const CAR = { network: 'plain', with: '', layer: 'fc6', size: '75', patch: 'car', anchor: 'center' }
const SIDE = 14

/** What the network answers of the car at 75 pixels: names, probabilities, and those of the center's class. */
async function answersOfCar() {
  const unit = await openUnit(resultsFolder(), unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: 'car' }))
  const answers = unit.layers.find(({ name }) => name === 'fc8')?.answers
  const maps = await unit.answers('fc8')
  if (!answers || maps === undefined) throw new Error('the made study has answers')
  const length = SIDE * SIDE
  return {
    ...answers,
    strongest: [...maps.data.subarray(0, length)].map((index) => answers.names[index] as string),
    probability: maps.data.subarray(length, 2 * length),
    ofCenter: maps.data.subarray(2 * length),
  }
}

/** The middle of the object on the screen, and how many pixels of the screen one of the frame has. */
async function objectOnScreen(page: Page): Promise<{ x: number; y: number; scale: number; left: number; top: number }> {
  const box = await page.locator('#a-image').boundingBox()
  if (box === null) throw new Error('the object is not on the screen')
  const place = /row (\d+), column (\d+)/.exec(await text(page, '#at-place'))
  const scale = box.width / 224
  const at = (pixel: string | undefined) => (Number(pixel) + 75 / 2) * scale
  return { x: box.x + at(place?.[2]), y: box.y + at(place?.[1]), scale, left: box.x, top: box.y }
}

function crossAt(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const spot = document.querySelector('#a-plot .cross rect') as SVGRectElement
    return ['x', 'y'].map((name) => Number(spot.getAttribute(name)))
  })
}

describe.skipIf(!hasChromium())('the object and what the network answers', () => {
  usePages()

  it('is dragged by the mouse, and everything follows', async () => {
    const page = await open(link({ ...CAR, at: '0,0' }))
    const { x, y, scale } = await objectOnScreen(page)
    const cross = await crossAt(page)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 5 * STRIDE * scale, y + 3 * STRIDE * scale, { steps: 4 })
    await frame(page)
    expect(await text(page, '#at-place')).toBe('row 33, column 55')
    expect(await text(page, '#row-profile-title')).toBe('Similarity along row 33')
    const moved = await crossAt(page)
    expect(moved[0]).toBeGreaterThan((cross[0] as number) + 20)
    expect(await pixel(page, '#a-image canvas', 33, 55)).toEqual([255, 128, 0])
    // Beyond the rim it stays in the frame; let go, it stays where it is.
    await page.mouse.move(x + 500 * scale, y - 500 * scale)
    await page.mouse.up()
    await page.mouse.move(x, y)
    await frame(page)
    expect(await text(page, '#at-place')).toBe('row 0, column 143')
    // Grasped beside the object, its middle comes to the pointer.
    const { left, top } = await objectOnScreen(page)
    await page.mouse.click(left + (STRIDE * 2 + 37.5) * scale, top + (STRIDE * 9 + 37.5) * scale)
    await frame(page)
    expect(await text(page, '#at-place')).toBe('row 99, column 22')
  })

  it('is dragged by touch, which scrolls the page beside it, and moved by the arrow keys', async () => {
    const page = await open(link({ ...CAR, at: '0,0' }), { hasTouch: true, viewport: { width: 390, height: 844 } })
    await page.locator('#a-image').scrollIntoViewIfNeeded()
    const { x, y, scale } = await objectOnScreen(page)
    const scrolled = () => page.evaluate(() => scrollY)
    const before = await scrolled()
    const session = await page.context().newCDPSession(page)
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: { x: number; y: number }[]) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: points })
    await touch('touchStart', [{ x, y }])
    for (const part of [0.5, 1])
      await touch('touchMove', [{ x: x + 4 * STRIDE * scale * part, y: y + 6 * STRIDE * scale * part }])
    await touch('touchEnd', [])
    await frame(page)
    expect(await text(page, '#at-place')).toBe('row 66, column 44')
    expect(await scrolled()).toBe(before)
    // Beside the object, a finger scrolls.
    const frameBox = await page.locator('#a-image').boundingBox()
    const beside = { x: (frameBox?.x ?? 0) + 10, y: (frameBox?.y ?? 0) + 40 }
    await touch('touchStart', [beside])
    for (const part of [0.3, 0.6, 1]) await touch('touchMove', [{ ...beside, y: beside.y - 60 * part }])
    await touch('touchEnd', [])
    expect(await text(page, '#at-place')).toBe('row 66, column 44')
    await expect.poll(scrolled).toBeGreaterThan(before + 20)
    await page.focus('#a-image')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => text(page, '#at-place')).toBe('row 55, column 55')
    expect(await page.getAttribute('#a-image', 'aria-label')).toContain('row 55, column 55')
  })

  it('cites the paper, and leads with no finding of fewer than five objects', async () => {
    const page = await open()
    expect(await page.locator('.finding').count()).toBe(0)
    await page.click('#cite summary')
    expect(await page.locator('#cite a').evaluateAll((links) => links.map((one) => one.getAttribute('href')))).toEqual([
      'https://arxiv.org/abs/2011.04127',
      'https://doi.org/10.1007/978-3-030-68238-5_15',
    ])
    expect(await text(page, '#cite pre')).toContain('@inproceedings{lee2020shift')
  })

  it('has the network’s answer beside it, in the readings and in what is spoken', async () => {
    const page = await open(link(CAR))
    const { strongest, probability } = await answersOfCar()
    for (const [row, col] of [
      [0, 0],
      [7, 3],
      [13, 9],
    ] as const) {
      await hover(page, 'a', row, col, SIDE, SIDE)
      const at = row * SIDE + col
      const answer = `\u2068${strongest[at]}\u2069 ${(probability[at] as number).toFixed(2)}`
      expect(await text(page, '#a-answer')).toBe(answer)
      expect(await text(page, '#a-tag')).toBe(answer)
      await expect.poll(() => text(page, '#live')).toContain(`, answer ${answer}`)
    }
    await page.selectOption('#patch', { label: MEAN })
    await ready(page)
    expect(await text(page, '#a-answer')).toMatch(/^center’s answer 0\.\d\d$/)
  })

  it('shows the probability of the center’s answer as a map, with its profile and table', async () => {
    const page = await open(link(CAR))
    const { ofCenter, names, center } = await answersOfCar()
    await page.selectOption('#shows', 'probability')
    await ready(page)
    await page.selectOption('#colours', 'grey')
    await hover(page, 'a', 4, 6, SIDE, SIDE)
    const at = 4 * SIDE + 6
    const grey = Math.round((Math.round((ofCenter[at] as number) * 1e4) / 1e4) * 255)
    expect(await pixel(page, '#a-plot canvas', 4, 6)).toEqual([grey, grey, grey])
    expect(await text(page, '#a-summary')).toContain(`probability of \u2068${names[center.class]}\u2069: mean`)
    expect(await page.isDisabled('#low')).toBe(true)
    expect(await page.textContent('#row-profile')).toContain('probability')
    await page.click('#values summary')
    await expect.poll(() => text(page, '#values caption')).toContain('probability of the center’s answer')
    expect((await texts(page, '#values td'))[0]).toBe((ofCenter[0] as number).toFixed(2))
    await page.waitForURL(/map=probability/)
    await page.reload()
    await ready(page)
    expect(await page.inputValue('#shows')).toBe('probability')
    // Of the mean over patches it is the mean.
    await page.evaluate(() => {
      location.hash = location.hash.replace('&patch=car', '&patch=')
    })
    await expect.poll(() => text(page, '#a-summary')).toContain('probability of the center’s answers: mean')
  })

  it('shows regions of equal answer in the colours of a legend, of one patch alone', async () => {
    const page = await open(link({ ...CAR, map: 'answers' }))
    const { strongest, center, names } = await answersOfCar()
    const legend = await texts(page, '#a-legend li')
    const shares = new Map<string, number>()
    for (const name of strongest) shares.set(name, (shares.get(name) ?? 0) + 1)
    expect(legend).toHaveLength(Math.min(shares.size, 8))
    expect(legend[0]).toContain([...shares].sort((a, b) => b[1] - a[1])[0]?.[0])
    expect(await text(page, '#a-summary')).toContain(`\u2068${names[center.class]}\u2069 at the center and at`)
    const colours = await page
      .locator('#a-legend .swatch')
      .evaluateAll((swatches) => swatches.map((one) => getComputedStyle(one).backgroundColor))
    const place = legend.findIndex((item) => item.includes(strongest[0] as string))
    expect(`rgb(${(await pixel(page, '#a-plot canvas', 0, 0)).join(', ')})`).toBe(colours.at(place))
    expect(await page.isVisible('#scale')).toBe(false)
    await page.screenshot({ path: join(SCREENSHOTS, 'answers.png'), fullPage: true })
    await page.selectOption('#patch', { label: MEAN })
    await ready(page)
    expect(await text(page, '#a-note')).toContain('A map of answers needs one object')
  })

  it('is chosen from a gallery, by pointer and keys; going back undoes it', async () => {
    const page = await open(link({ ...CAR, with: 'plain-aa' }))
    expect(await page.locator('#gallery input:checked + * + .name').textContent()).toBe('car')
    expect(await page.locator('#gallery img').evaluateAll((all) => all.map((one) => one.clientWidth))).toEqual([
      56, 56, 56,
    ])
    await page.locator('#gallery .thumb', { hasText: PATCHES[2] }).click()
    await ready(page)
    expect((await chosen(page))[4]).toBe(PATCHES[2])
    await page.keyboard.press('ArrowLeft')
    await ready(page)
    expect((await chosen(page))[4]).toBe('car')
    await hover(page, 'a', 2, 2, SIDE, SIDE)
    await page.selectOption('#a-model', { label: 'plain-aa' })
    await ready(page)
    await page.goBack()
    await expect.poll(() => chosen(page).then(([model]) => model)).toBe('plain')
    await ready(page)
    expect(await text(page, '#at-place')).toBe('row 22, column 22')
    await page.goBack()
    await expect.poll(() => chosen(page).then((fields) => fields[4])).toBe(PATCHES[2])
    await page.goForward()
    await expect.poll(() => chosen(page).then((fields) => fields[4])).toBe('car')
    // A mean map that is clicked leaves map B as it is.
    await page.click('section#overview summary')
    await page.click('section#overview .thumbs a >> nth=1')
    await expect.poll(() => chosen(page).then((fields) => fields[4])).toBe(MEAN)
    expect((await chosen(page)).slice(0, 3)).toEqual(['plain', 'plain-aa', 'fc6'])
  })

  it('has its anchor set by a click where a sketch of the features is kept, and says how exact that is', async () => {
    const page = await open(link({ ...CAR, patch: PATCHES[1] }))
    await hover(page, 'a', 3, 8, SIDE, SIDE)
    await page.mouse.down()
    await page.mouse.up()
    await ready(page)
    expect((await chosen(page))[5]).toBe(`row ${3 * STRIDE}, column ${8 * STRIDE}`)
    expect(await text(page, '#a-value')).toBe('≈ 1.000')
    expect(await text(page, '#a-summary')).toContain('within 0.002')
    // Cosines with the anchor at the top left are known exactly.
    const { data } = await readNpy(
      join(unitFolder(resultsFolder(), { model: 'plain', size: 75, patch: PATCHES[1] }), 'similarity.npy'),
    )
    await page.focus('#a-plot')
    await page.keyboard.press('1')
    await page.keyboard.press('Enter')
    await ready(page)
    for (const [row, col] of [
      [13, 13],
      [2, 9],
      [10, 0],
    ] as const) {
      await hover(page, 'a', row, col, SIDE, SIDE)
      const shown = Number((await text(page, '#a-value')).replace('≈ ', '').replace('−', '-'))
      expect(Math.abs(shown - (data[row * SIDE + col] as number))).toBeLessThan(0.0026)
    }
    // Where no sketch is, the click says so.
    await page.goBack()
    await page.goBack()
    await expect.poll(() => chosen(page).then((fields) => fields[5])).toBe('center')
    await page.selectOption('#patch', { label: 'car' })
    await ready(page)
    await hover(page, 'a', 4, 4, SIDE, SIDE)
    await page.mouse.down()
    await page.mouse.up()
    await expect.poll(() => text(page, '#a-note')).toContain('any anchor for 1 of the 3 objects')
  })

  it('says so where a link names nothing, and goes to the section that it names', async () => {
    const nowhere = await open('#no-such-thing')
    await expect.poll(() => text(nowhere, '#a-note')).toContain('no section \u2068no-such-thing\u2069')
    const page = await open('#tables')
    await expect
      .poll(() => page.evaluate(() => document.getElementById('tables')?.getBoundingClientRect().top))
      .toBeLessThan(80)
    expect(page.url()).toMatch(/#tables$/)
    expect(await page.locator('.contents a[aria-current]').textContent()).toBe('Tables')
  })

  it('has contents that stay, and fold away where it is narrow', async () => {
    const wide = await open('')
    await wide.evaluate(() => window.scrollTo({ top: 3000, behavior: 'instant' }))
    expect(await wide.locator('.contents a').first().isVisible()).toBe(true)
    expect((await wide.locator('.contents').boundingBox())?.y).toBeGreaterThanOrEqual(0)
    const narrow = await open('', { viewport: { width: 390, height: 844 } })
    await narrow.evaluate(() => window.scrollTo({ top: 3000, behavior: 'instant' }))
    expect(await narrow.locator('.contents a').first().isVisible()).toBe(false)
    await narrow.click('#contents summary')
    await narrow.click('.contents a >> text=Tables')
    expect(await narrow.locator('.contents a').first().isVisible()).toBe(false)
    const { top = -1, bar = 0 } = await narrow.evaluate(() => ({
      top: document.querySelector('#tables h2')?.getBoundingClientRect().top,
      bar: document.querySelector('.contents')?.getBoundingClientRect().bottom,
    }))
    await expect.poll(() => top >= bar || narrow.evaluate(() => scrollY > 0)).toBe(true)
    const sticks = await narrow
      .locator('#tables .scroll th')
      .first()
      .evaluate((cell) => getComputedStyle(cell).position)
    expect(sticks).toBe('sticky')
  })

  it('prints in light colours to the width of the paper', async () => {
    const page = await open(link({ ...CAR, with: 'plain-aa' }), { colorScheme: 'dark' })
    const folder = mkdtempSync(join(tmpdir(), 'shiftscope-print-'))
    try {
      await page.pdf({ path: join(folder, 'page.pdf'), format: 'A4' })
      expect(statSync(join(folder, 'page.pdf')).size).toBeGreaterThan(20_000)
    } finally {
      rmSync(folder, { recursive: true })
    }
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')))
    await frame(page)
    const [ground, width] = await page.evaluate(() => [
      getComputedStyle(document.body).backgroundColor,
      document.querySelector('#b-plot')?.getBoundingClientRect().right,
    ])
    expect(ground).toBe('rgb(255, 255, 255)')
    expect(width).toBeLessThan(700)
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
    expect(await number(page, '#a-value')).toBeGreaterThan(0)
  })
})
