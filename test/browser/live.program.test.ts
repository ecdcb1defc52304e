import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { modelsFolder } from '../../src/files/package.js'
import { reproduce } from '../../src/study/run.js'
import { frame, hover, number, ONE_MAP, pixel, ready, SCREENSHOTS, text, texts } from '../support/browserPage.js'
import { CHROMIUM, CHROMIUM_ARGUMENTS, hasChromium } from '../support/chromium.js'
import { contents } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const MODELS = ['tiny-alexnet', 'tiny-alexnet-aa']

describe.runIf(hasChromium())('the live page', () => {
  let browser: Browser
  let server: Exploration
  let results: string
  let page: Page
  let complaints: string[] = []

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS })
    results = mkdtempSync(join(tmpdir(), 'shiftscope-live-'))
    server = await explore({ models: MODELS, results })
  })
  afterAll(async () => {
    await browser.close()
    await server.close()
    rmSync(results, { recursive: true, force: true })
  })
  beforeEach(async () => {
    page = await opened()
  })
  afterEach(async () => {
    await page.close()
    const said = complaints
    complaints = []
    expect(said).toEqual([])
  })

  async function opened(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const made = await browser.newPage({ viewport: { width: 1400, height: 1000 }, ...options })
    made.on('console', (message) => complaints.push(message.text()))
    made.on('pageerror', (error) => complaints.push(String(error)))
    made.on('request', (request) => {
      const isOwn = request.url().startsWith(server.address) || /^(data|blob):/.test(request.url())
      if (!isOwn) complaints.push(`asked ${request.url()}`)
    })
    await made.goto(server.address)
    expect(await made.inputValue('#finest')).toBe('4')
    await made.selectOption('#finest', '16')
    await settled(made)
    return made
  }

  /** All positions of the maps are computed. */
  async function settled(shown = page): Promise<void> {
    await ready(shown)
    await shown.waitForFunction(
      () => {
        const summaries = [...document.querySelectorAll('#a-summary, #b-summary')]
        return summaries.every((summary) => summary.textContent !== '' && !summary.textContent?.includes('so far'))
      },
      undefined,
      { timeout: 120_000 },
    )
    await frame(shown)
  }

  async function drop(file: Buffer, name: string): Promise<void> {
    const transfer = await page.evaluateHandle(
      ({ base64, name }) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        const data = new DataTransfer()
        data.items.add(new File([bytes], name, { type: name.endsWith('.png') ? 'image/png' : '' }))
        return data
      },
      { base64: file.toString('base64'), name },
    )
    await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer })
    expect(await page.isVisible('#drop-here')).toBe(true)
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
  }

  async function boxOf(selector: string) {
    const box = await page.locator(selector).boundingBox()
    if (box === null) throw new Error(`${selector} is not on the screen`)
    return box
  }

  /** A red square on grey, nothing transparent. */
  function photo(): Promise<Buffer> {
    const square = { create: { width: 40, height: 60, channels: 3, background: '#d02020' } } as const
    return sharp({ create: { width: 120, height: 100, channels: 3, background: '#808488' } })
      .composite([{ input: square, left: 30, top: 20 }])
      .png()
      .toBuffer()
  }

  it('takes a picture that is dropped, cuts the object out, and moves it', async () => {
    await drop(await photo(), 'red box.png')
    await page.waitForSelector('#cut-out[open]')
    const size = () => text(page, '#box-text')
    expect(await size()).toBe('120 × 100 of 120 × 100 pixels')
    // Without a pointer.
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toBe('Top left corner')
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('ArrowDown')
    expect(await size()).toBe('110 × 99 of 120 × 100 pixels')
    await page.keyboard.press('Enter')
    expect(await pixel(page, '#cut-out-picture', 98, 118)).toEqual([0, 0, 0])
    await page.click('#undo-cut')
    expect(await pixel(page, '#cut-out-picture', 98, 118)).toEqual([128, 132, 136])
    const drag = async (selector: string, x: number, y: number) => {
      const { width } = await boxOf('#cut-out-picture')
      const from = await boxOf(selector)
      const [right, down] = [from.x + from.width / 2, from.y + from.height / 2]
      await page.mouse.move(right, down)
      await page.mouse.down()
      await page.mouse.move(right + (x * width) / 120, down + (y * width) / 120, { steps: 3 })
      await page.mouse.up()
    }
    await drag('#handle-se', -24, -9)
    await drag('#handle-w', 200, 0)
    expect(await size()).toBe('1 × 90 of 120 × 100 pixels')
    await drag('#handle-w', -66, 0)
    await drag('.box', -7, 300)
    expect(await size()).toBe('67 × 90 of 120 × 100 pixels')
    // What is outside is darkened; a click cuts.
    expect(await pixel(page, '#cut-out-picture', 50, 100)).toEqual([51, 53, 54])
    const box = await boxOf('.box')
    await page.mouse.click(box.x + 10, box.y + 10)
    await page.screenshot({ path: join(SCREENSHOTS, 'live-cut-out.png') })
    expect(await page.isEnabled('#undo-cut')).toBe(true)
    await page.click('#use-object')
    await page.waitForFunction(() => document.querySelector('.thumb:has(:checked) .name')?.textContent === 'red-box')
    await settled()
    const names = await texts(page, '.thumb .name')
    expect([names.length, names.at(-1)]).toEqual([11, 'red-box'])
    // At the anchor: red in the middle, white beside it, since the object is higher than wide.
    await page.keyboard.press('Escape')
    expect(await pixel(page, '#a-image canvas', 112, 112)).toEqual([208, 32, 32])
    expect(await pixel(page, '#a-image canvas', 112, 78)).toEqual([255, 255, 255])
    const image = await boxOf('#a-image')
    const scale = image.width / 224
    await page.mouse.move(image.x + 112 * scale, image.y + 112 * scale)
    await page.mouse.down()
    await page.mouse.move(image.x + 60 * scale, image.y + 90 * scale, { steps: 4 })
    await page.mouse.up()
    await frame(page)
    expect(await text(page, '#at-place')).toBe('row 64, column 32')
    expect(await text(page, '#a-answer')).toMatch(/^\S.* [01]\.\d\d$/u)
    await page.screenshot({ path: join(SCREENSHOTS, 'live.png'), fullPage: true })
  })

  it('makes any place the anchor by a click, at once', async () => {
    await hover(page, 'a', 2, 7, 10, 10)
    const away = await number(page, '#a-value')
    expect(away).toBeLessThan(0.999)
    await page.mouse.down()
    await page.mouse.up()
    await page.waitForFunction(() => document.getElementById('a-value')?.textContent === '1.00000')
    expect(await text(page, '#at-offset')).toBe('at the anchor')
    await settled()
    await page.goBack()
    await page.waitForFunction((value) => document.getElementById('a-value')?.textContent !== value, '1.00000')
  })

  it('begins anew at once when object, size or background change in the middle of a map', async () => {
    await page.selectOption('#finest', '1')
    await page.waitForFunction(() => document.getElementById('a-summary')?.textContent?.includes('so far'))
    expect([await page.isDisabled('#keep'), await text(page, '#keep')]).toEqual([
      true,
      expect.stringMatching(/^Keep \(/),
    ])
    await page.waitForFunction(() =>
      /^computing: \d+ %, about \d/.test(document.getElementById('a-note')?.textContent ?? ''),
    )
    await page.waitForFunction(() => /^Keep \(in about \d/.test(document.getElementById('keep')?.textContent ?? ''))
    await page.fill('#size', '125')
    await page.waitForFunction(() => document.getElementById('size-text')?.textContent === '125 px')
    await page.fill('#background', '#204060')
    await page.click('.thumb:nth-child(4)')
    await page.waitForFunction(() => document.getElementById('a-summary')?.textContent?.includes('so far'))
    await page.selectOption('#finest', '16')
    await settled()
    expect(await text(page, '#a-plot .axes')).toContain('80')
    expect(await text(page, '#a-plot .axes')).not.toContain('100')
    expect(await pixel(page, '#a-image canvas', 3, 3)).toEqual([32, 64, 96])
    expect(await text(page, '#live-note')).toBe('')
    expect(await text(page, '#a-note')).not.toContain('computing')
    // Background and step are of the page; the rest is of the view.
    await page.goBack()
    await page.goBack()
    await page.waitForFunction(() => document.getElementById('size-text')?.textContent === '75 px')
    await settled()
    expect(await text(page, '#a-plot .axes')).toContain('100')
    expect(await text(page, '#a-note')).not.toContain('pixels')
  })

  it('opens with two networks with the same object side by side, and shows their difference', async () => {
    const [a, b] = [await text(page, '#a-name'), await text(page, '#b-name')]
    expect([a.includes('tiny-alexnet'), b.includes('tiny-alexnet-aa')]).toEqual([true, true])
    await hover(page, 'a', 1, 1, 10, 10)
    const difference = (await number(page, '#b-value')) - (await number(page, '#a-value'))
    expect(await number(page, '#difference')).toBeCloseTo(difference, 5)
  })

  it('opens an ONNX file that is dropped, says so meanwhile, and shows its recipe', async () => {
    // What is said for a moment only is written down, since nobody may look just then.
    await page.evaluate(() => {
      const said: string[] = []
      Object.assign(globalThis, { said })
      for (const id of ['live-note', 'a-note']) {
        const note = document.getElementById(id) as HTMLElement
        const write = () => said.push(note.textContent ?? '')
        new MutationObserver(write).observe(note, { childList: true, characterData: true, subtree: true })
      }
    })
    await drop(readFileSync(join(modelsFolder(), 'tiny-alexnet-noflip.onnx')), 'my net.onnx')
    await page.waitForSelector('#recipe:not([hidden])')
    await settled()
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
    expect(said).toContainEqual(expect.stringMatching(/^opening .my net.onnx., \d+\.\d s$/))
    expect(said).toContainEqual(expect.stringMatching(/^computing: \d+ %/))
    expect(await text(page, '#recipe')).toMatch(
      /^my-net is openInput: 224 × 224 pixels, RGB, divided by 255, .*Layers: .*Classes: /,
    )
    expect([await text(page, '#a-name'), await text(page, '#a-note')]).toEqual([expect.stringContaining('my-net'), ''])
    await page.screenshot({ path: join(SCREENSHOTS, 'live-network.png'), fullPage: true })
    await drop(Buffer.from('no network'), 'bad.onnx')
    await page.waitForFunction(() =>
      document.getElementById('live-note')?.textContent?.startsWith('bad.onnx is not an ONNX model'),
    )
    await drop(Buffer.from('no network'), 'bad.pth')
    expect(await text(page, '#live-note')).toBe('That is neither a picture nor an ONNX file (NAME.onnx).')
    complaints = complaints.filter((line) => !line.includes('Failed to load resource'))
  })

  it('keeps what is shown as the unit that reproduce makes', async () => {
    await page.selectOption('#b-model', { label: ONE_MAP })
    await settled()
    await page.click('#keep')
    await page.waitForFunction(() => document.getElementById('kept')?.hidden === false, undefined, { timeout: 60_000 })
    expect(await text(page, '#kept')).toContain(
      'Compute it again with: shiftscope reproduce --models tiny-alexnet --patches car',
    )
    const place = await text(page, '#kept code')
    const options = { models: ['tiny-alexnet'], patches: 'car', sizes: [75], stride: 16, report: false } as const
    await reproduce({ ...options, experiments: ['similarity'], out: folder('made') })
    expect(await contents(join(results, 'units'))).toEqual(await contents(folder('made', 'units')))
    await page.selectOption('#finest', '8')
    await settled()
    await page.click('#keep')
    await page.waitForSelector('#replace')
    expect(await text(page, '#kept')).toContain('with other settings: stride 16, not 8')
    // What was asked about is replaced, whatever is shown meanwhile.
    await page.click('.thumb:nth-child(4)')
    await settled()
    await page.click('#replace')
    await page.waitForFunction(() => document.getElementById('kept')?.textContent?.startsWith('Kept in'))
    expect(await text(page, '#kept code')).toBe(place)
  })

  it.each([
    ['light', 1400],
    ['dark', 390],
  ] as const)('has nothing that axe finds fault with, %s at %i px', async (colorScheme, width) => {
    const narrow = await opened({ viewport: { width, height: 900 }, colorScheme })
    try {
      await narrow.screenshot({ path: join(SCREENSHOTS, `live-${colorScheme}-${width}.png`), fullPage: true })
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      await narrow.evaluate(axe)
      const found = await narrow.evaluate(async () => {
        const { axe } = window as unknown as {
          axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
        }
        const { violations } = await axe.run()
        return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 120))])
      })
      expect(found).toEqual([])
      expect(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    } finally {
      await narrow.close()
    }
  })

  it('says in a line what it cannot read, and that the server has ended', async () => {
    await drop(Buffer.from('no picture'), 'broken.png')
    await page.waitForFunction(() => document.getElementById('live-note')?.hidden === false)
    expect(await text(page, '#live-note')).toBe('The browser cannot read broken.png as a picture.')
    await server.close()
    await page.selectOption('#finest', '4')
    await page.waitForFunction(() => document.getElementById('a-note')?.textContent !== '')
    expect(await text(page, '#a-note')).toContain('The server does not answer')
    // The browser itself complains of what it could not fetch.
    complaints = complaints.filter((line) => !line.includes('Failed to load resource'))
  })
})
