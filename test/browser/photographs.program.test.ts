import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { readNpy } from '../../src/files/npy.js'
import { roundCosine } from '../../src/page/site/mapCoding.js'
import { cosineText, decimalsFor } from '../../src/page/text/text.js'
import { writeReport } from '../../src/report/report.js'
import { openUnit } from '../../src/results/store/openUnit.js'
import { unitFolder } from '../../src/results/store/units.js'
import { boxOf, follow, frame, hover, page, pixel, press, ready, text, texts, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { writeMadeUnit } from '../support/viewerStudy.js'

const [FRAME, SIZE, STRIDE] = [224, 256, 4]
/** Positions along a side of the maps of photographs: −32, −28, … 0. The border around the window has 32 pixels, too. */
const [SIDE, MARGIN] = [9, 32]
const PHOTOGRAPHS = ['first.jpg', 'second.jpg']

// No command stores units of photographs, but `explore` and `view` show them. Here, made units stand for them, because they
// have known pixels and values. One visit: each test goes on where the one before it stopped.
describe.skipIf(!hasChromium())('the viewer of whole photographs', () => {
  const results = sharedFolder()
  usePage(() => pathToFileURL(results()).href)

  beforeAll(async () => {
    for (const [p, name] of PHOTOGRAPHS.entries()) await writeMadeUnit(results(), 'plain', SIZE, name, 10 + p, STRIDE)
    await writeReport(results())
    await page.goto(pathToFileURL(results('index.html')).href)
    await ready()
  })

  /** The photograph is at the position: its pixels are their own row and column (see `writeMadeUnit`). */
  async function showsPosition(row: number, col: number): Promise<void> {
    const minus = (value: number) => String(value).replace('-', '−')
    expect(await text('#at-place')).toBe(`row ${minus(row)}, column ${minus(col)}`)
    for (const [y, x] of [
      [0, 0],
      [100, 50],
      [FRAME - 1, FRAME - 1],
    ] as const)
      expect(await pixel('#a-image canvas', MARGIN + y, MARGIN + x)).toEqual([y - row, x - col, 128])
  }

  /** The similarity and the answer of the first photograph at a position, from the stored arrays. */
  async function stored(row: number, col: number) {
    const unit = await openUnit(results(), unitFolder(results(), { model: 'plain', size: SIZE, patch: 'first.jpg' }))
    const at = ((row + MARGIN) / STRIDE) * SIDE + (col + MARGIN) / STRIDE
    const { data } = await readNpy(join(unit.folder, 'similarity.npy'))
    const names = unit.layers.find(({ name }) => name === 'fc8')?.answers?.names ?? {}
    const answers = (await unit.answers('fc8'))?.data ?? []
    return {
      similarity: roundCosine(data[ANCHOR_NAMES.indexOf('center') * SIDE ** 2 + at] as number),
      answer: `\u2068${names[answers[at] as number]}\u2069 ${(answers[SIDE ** 2 + at] as number).toFixed(2)}`,
    }
  }

  async function readsStored(row: number, col: number): Promise<void> {
    const { similarity, answer } = await stored(row, col)
    const words = [cosineText(similarity, decimalsFor([1, similarity])), answer, answer]
    expect([await text('#a-value'), await text('#a-tag'), await text('#a-answer')]).toEqual(words)
  }

  /** Drags the photograph by pixels of the frame. */
  async function drag(down: number, right: number): Promise<void> {
    await page.locator('#a-image').scrollIntoViewIfNeeded()
    const { x, y, width } = await boxOf('#a-image')
    const scale = width / (FRAME + 2 * MARGIN)
    await page.mouse.move(x + 150 * scale, y + 150 * scale)
    await page.mouse.down()
    await page.mouse.move(x + (150 + right) * scale, y + (150 + down) * scale, { steps: 3 })
    await page.mouse.up()
    await frame()
  }

  it('opens on a photograph, which moves behind a window', async () => {
    expect(await text('#every-object h2 > :not([hidden])')).toContain('Is this one cherry-picked photograph?')
    await page.click('.answer-map[data-column="first.jpg"] >> nth=0')
    await ready()
    await showsPosition(-16, -16)
    expect(await text('#at-offset')).toBe('at the center')
    expect(await text('.reads')).toContain('Each pixel of a map is one position of the photograph behind the window.')
    const [, , outside = 0] = await pixel('#a-image canvas', MARGIN - 1, MARGIN + 100)
    expect([outside > 40, outside < 80]).toEqual([true, true])
  })

  it('moves the photograph behind the window by pointer and keys; map, numbers and tag are of the same position', async () => {
    await follow({
      network: 'plain',
      with: '',
      size: '256',
      patch: 'first.jpg',
      layer: 'fc6',
      anchor: 'center',
      map: 'similarity',
    })
    await drag(8, -4)
    await showsPosition(-8, -20)
    await readsStored(-8, -20)
    expect(await text('#at-offset')).toBe('window 8 px up, 4 px right of the anchor')
    await page.focus('#a-image')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowLeft')
    await frame()
    await showsPosition(-4, -24)
    await readsStored(-4, -24)
    await page.keyboard.press('Home')
    await page.keyboard.press('PageUp')
    await frame()
    await showsPosition(-32, -32)
    await drag(-99, 99)
    await showsPosition(-32, 0)
    await readsStored(-32, 0)
    await hover('a', 6, 1, SIDE)
    await showsPosition(-8, -28)
    await readsStored(-8, -28)
  })

  it('keeps the tag in the window, and outlines what the window shows at the anchor', async () => {
    for (const key of ['1', '2', '4', '5']) {
      await page.focus('#a-image')
      await page.keyboard.press(key)
      await frame()
      const [tag, window] = [await boxOf('#a-tag'), await boxOf('#a-image .window')]
      expect([tag.x >= window.x, tag.y >= window.y]).toEqual([true, true])
      expect(tag.y + tag.height).toBeLessThan(window.y + window.height)
    }
    // The cursor is at (0, 0), the anchor at (−16, −16).
    const anchor = page.locator('#a-image rect.at-anchor')
    expect([await anchor.getAttribute('x'), await anchor.getAttribute('width')]).toEqual(['16.5', '223'])
  })

  it('takes any position as the anchor, and restores it from a link', async () => {
    await hover('a', 2, 7, SIDE)
    await press()
    await ready()
    expect([await text('#at-offset'), await text('#a-value')]).toEqual(['at the anchor', '1.000'])
    await expect.poll(() => page.url()).toContain('anchor=-24,-4')
    const link = page.url()
    await page.goto('about:blank')
    await page.goto(link)
    await ready()
    await showsPosition(-24, -4)
    expect(await text('#a-value')).toBe('1.000')
    expect(await page.getAttribute('#a-plot', 'aria-label')).toContain('anchor row −24, column −4')
  })

  it('has pixels from −32 to 0 on its axes and in saved values', async () => {
    for (const axes of ['#a-plot .axes', '#a-row-profile', '#col-profile']) {
      expect(await texts(`${axes} text`)).toEqual(expect.arrayContaining(['−30', '0']))
    }
    const download = page.waitForEvent('download')
    await page.click('#a-save-csv')
    const [, first, ...lines] = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n')
    expect([first?.startsWith('-32,-32,'), lines.at(-1)?.startsWith('0,0,')]).toEqual([true, true])
  })
})
