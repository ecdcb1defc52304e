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
import { boxOf, follow, frame, goTo, page, pixel, ready, text, usePage } from '../support/browserPage.js'
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
      expect(await pixel('#a-frame .pixels', MARGIN + y, MARGIN + x)).toEqual([y - row, x - col, 128])
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
    await page.locator('#a-frame').scrollIntoViewIfNeeded()
    const { x, y, width } = await boxOf('#a-frame')
    const scale = width / (FRAME + 2 * MARGIN)
    await page.mouse.move(x + 150 * scale, y + 150 * scale)
    await page.mouse.down()
    await page.mouse.move(x + (150 + right) * scale, y + (150 + down) * scale, { steps: 3 })
    await page.mouse.up()
    await frame()
  }

  it('opens on a photograph, which moves behind a window', async () => {
    expect(await text('#every-object h2 > :not([hidden])')).toContain('Is this photograph an exception?')
    await page.click('.answer-map[data-column="first.jpg"] >> nth=0')
    await ready()
    await showsPosition(-16, -16)
    const [, , outside = 0] = await pixel('#a-frame .pixels', MARGIN - 1, MARGIN + 100)
    expect([outside > 40, outside < 80]).toEqual([true, true])
  })

  it('moves the photograph behind the window by pointer and keys; numbers and tag are of the same position', async () => {
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
    await page.focus('#a-frame')
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
    await goTo(-8, -28)
    await showsPosition(-8, -28)
    await readsStored(-8, -28)
  })

  it('keeps the tag in the window, and has the map in its middle', async () => {
    for (const key of ['1', '2', '4', '5']) {
      await page.focus('#a-frame')
      await page.keyboard.press(key)
      await frame()
      const [tag, window] = [await boxOf('#a-tag'), await boxOf('#a-frame .window')]
      expect([tag.x >= window.x, tag.y >= window.y]).toEqual([true, true])
      expect(tag.y + tag.height).toBeLessThan(window.y + window.height)
    }
    // The map is in the middle of the window, enlarged, and its mark moves with the photograph.
    const [area, mark] = [page.locator('#a-frame rect.area'), page.locator('#a-frame .mark')]
    const at = async () => [Number(await mark.getAttribute('cx')), Number(await mark.getAttribute('cy'))]
    const [left, width] = [Number(await area.getAttribute('x')), Number(await area.getAttribute('width'))]
    expect([left + width / 2, width]).toEqual([FRAME / 2, 3 * STRIDE * SIDE])
    expect(await at()).toEqual([left + width - 6, left + width - 6])
    await page.keyboard.press('3')
    await frame()
    expect(await at()).toEqual([FRAME / 2, FRAME / 2])
    // The anchor is the center.
    expect(await page.locator('#a-frame .anchor').count()).toBe(0)
  })

  it('takes any position as the anchor, and restores it from a link', async () => {
    await goTo(-24, -4)
    await page.click('#settings summary')
    await page.click('#anchor-here')
    await ready()
    expect(await text('#a-value')).toBe('1.000')
    await expect.poll(() => page.url()).toContain('anchor=-24,-4')
    const link = page.url()
    await page.goto('about:blank')
    await page.goto(link)
    await ready()
    await showsPosition(-24, -4)
    expect(await text('#a-value')).toBe('1.000')
    expect(await page.getAttribute('#a-frame', 'aria-label')).toContain('anchor row −24, column −4')
  })

  it('saves values from −32 to 0', async () => {
    const download = page.waitForEvent('download')
    await page.click('#save-csv')
    const [, first, ...lines] = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n')
    expect([first?.startsWith('plain,-32,-32,'), lines.at(-1)?.startsWith('plain,0,0,')]).toEqual([true, true])
  })
})
