import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { modelsFolder } from '../../src/files/package.js'
import { KEEPS_OBJECTS } from '../../src/page/live/live.js'
import {
  barriers,
  boxOf,
  choose,
  chosen,
  complaints,
  forgiveMissingFiles,
  frame,
  goTo,
  page,
  pixel,
  ready,
  text,
  texts,
  usePage,
} from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { placesOf } from '../support/viewerStudy.js'

/** What the page says about an embedded network. */
const EMOJI = 'This network knows emoji only, so its answers to a photograph mean nothing.'
/** What it says about the car, which both networks know everywhere. */
const RIGHT = 'The answer is right at 100 % of positions.'

/** What it says about a picture without transparency. */
const wholeLine = (name: string) =>
  `\u2068${name}\u2069 has no transparency, so it moves as a whole photograph. To move an object, add a picture with transparency.`

// One visit: each test goes on where the one before it stopped.
describe.runIf(hasChromium())('the live page', () => {
  const results = sharedFolder()
  let server: Exploration
  usePage(() => server.address)

  beforeAll(async () => {
    server = await explore({ models: ['tiny-alexnet', 'tiny-alexnet-aa'], results: results() })
    await page.goto(server.address)
  })
  afterAll(() => server.close())

  /** Waits until the text of an element is so. */
  const reads = (selector: string, wanted: string | RegExp) =>
    expect.poll(() => text(selector), { timeout: 60_000 }).toMatch(wanted)

  /** All positions of the maps are computed. */
  async function settled(): Promise<void> {
    await ready()
    await page.waitForFunction(() => {
      const summaries = [...document.querySelectorAll('#a-summary, #b-summary')]
      return summaries.every(({ textContent }) => textContent !== '' && !textContent?.includes('so far'))
    })
    await frame()
  }

  /** Drops files with the same content. */
  async function drop(file: Buffer, ...names: readonly string[]): Promise<void> {
    const transfer = await page.evaluateHandle(
      ({ base64, names }) => {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
        const data = new DataTransfer()
        for (const name of names)
          data.items.add(new File([bytes], name, { type: name.endsWith('.png') ? 'image/png' : '' }))
        return data
      },
      { base64: file.toString('base64'), names },
    )
    await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer })
    expect(await page.isVisible('#drop-here')).toBe(true)
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
  }

  it('opens with two networks side by side, and takes any position as anchor at once', async () => {
    expect(await page.inputValue('#finest')).toBe('4')
    await page.selectOption('#finest', '16')
    await settled()
    expect(await chosen(['a-model', 'b-model'])).toEqual(['tiny-alexnet', 'tiny-alexnet-aa'])
    expect(await texts('.knows')).toEqual(['knows 627 emoji', 'knows 627 emoji'])
    expect([await text('#a-note'), await text('#b-note')]).toEqual([`${EMOJI} ${RIGHT}`, `${EMOJI} ${RIGHT}`])
    expect(await page.inputValue('#shows')).toBe('answers')
    await page.click('#settings summary')
    await page.selectOption('#shows', 'similarity')
    await settled()
    await goTo(32, 112)
    const away = await text('#a-value')
    await page.click('#anchor-here')
    await reads('#a-value', /^1\.0+$/)
    await settled()
    await page.goBack()
    await reads('#a-value', away)
    await page.selectOption('#shows', 'answers')
    await choose('b-model', '— none')
  })

  it('has no barrier and no sideways scrolling, wide and light, narrow and dark', async () => {
    expect(await barriers(1400, 'light', '.live')).toEqual({ violations: [], tooWide: 0 })
    for (const width of [390, 320]) expect(await barriers(width, 'dark')).toEqual({ violations: [], tooWide: 0 })
    await page.setViewportSize({ width: 1400, height: 1000 })
  })

  it('has the chosen thumbnail in sight, the last and the first one, too', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    for (const thumb of [page.locator('.thumb').last(), page.locator('.thumb').first()]) {
      await thumb.locator('input').evaluate((input) => (input as HTMLInputElement).click())
      await frame()
      const [own, strip] = [await thumb.boundingBox(), await boxOf('.strip')]
      if (own === null) throw new Error('the thumbnail is on the page')
      expect([own.x >= strip.x, own.x + own.width <= strip.x + strip.width + 1]).toEqual([true, true])
    }
    await page.setViewportSize({ width: 1400, height: 1000 })
  })

  it('begins anew at once when object, size or background change in the middle of a map', async () => {
    await settled()
    await page.selectOption('#finest', '2')
    await reads('#a-summary', 'so far')
    expect([await page.isDisabled('#keep'), await text('#keep')]).toEqual([true, expect.stringMatching(/^Keep \(/)])
    await reads('#a-note', /^computing: \d+ %, about \d/)
    await reads('#keep', /^Keep \(in about \d/)
    await page.fill('#size', '125')
    await reads('#size-text', '125 px')
    await page.fill('#background', '#204060')
    await page.click('.thumb:nth-child(4)')
    await reads('#a-summary', 'so far')
    await page.selectOption('#finest', '16')
    await settled()
    expect(Number(await page.getAttribute('#a-frame .area', 'x'))).toBe(125 / 2 - 8)
    expect(await pixel('#a-frame .pixels', 3, 3)).toEqual([32, 64, 96])
    expect([await text('#live-note'), await text('#a-note')]).toEqual(['', expect.stringContaining(EMOJI)])
    // Background and step are of the page; the rest is of the view.
    await page.goBack()
    await page.goBack()
    await reads('#size-text', '75 px')
    await settled()
    expect(Number(await page.getAttribute('#a-frame .area', 'x'))).toBe(75 / 2 - 8)
    expect(await pixel('#a-frame .pixels', 3, 3)).toEqual([32, 64, 96])
    await page.fill('#background', '#ffffff')
    await settled()
  })

  it('draws a chosen object at once, and shows each map when it arrives', async () => {
    const drawn = () => page.$eval('#a-frame .pixels', (canvas) => (canvas as HTMLCanvasElement).toDataURL())
    await choose('b-model', 'tiny-alexnet-aa')
    await page.click('.thumb:nth-child(5)')
    await settled()
    const wanted = await drawn()
    await page.click('.thumb:nth-child(4)')
    await settled()
    // The server's answers wait until the test lets them through.
    const waiting = new Map<string, () => void>()
    await page.route('**/map', async (route) => {
      await new Promise<void>((go) => waiting.set(route.request().postDataJSON().network, go))
      await route.continue()
    })
    await page.click('.thumb:nth-child(5)')
    await expect.poll(drawn).toBe(wanted)
    expect(await texts('#a-summary, #b-summary')).toEqual(['', ''])
    await expect.poll(() => waiting.size).toBe(2)
    waiting.get('tiny-alexnet-aa')?.()
    await reads('#b-summary', /^agreement /)
    expect(await text('#a-summary')).toBe('')
    waiting.get('tiny-alexnet')?.()
    await settled()
    await page.unroute('**/map')
    await choose('b-model', '— none')
  })

  it('takes a picture with transparency that is dropped, and moves its object', async () => {
    const red = { create: { width: 40, height: 60, channels: 3, background: '#d02020' } } as const
    const picture = await sharp({ create: { width: 120, height: 100, channels: 4, background: '#80848800' } })
      .composite([{ input: red, left: 30, top: 20 }])
      .png()
      .toBuffer()
    await drop(picture, 'red box.png')
    await reads('.thumb:has(:checked) .name', 'red-box')
    await settled()
    expect((await texts('.thumb .name')).slice(10)).toEqual(['red-box'])
    await page.focus('#a-frame')
    await page.keyboard.press('3')
    await reads('#at-place', 'row 74, column 74')
    // Red in the middle, white beside it, since the object is higher than wide.
    expect(await pixel('#a-frame .pixels', 112, 112)).toEqual([208, 32, 32])
    expect(await pixel('#a-frame .pixels', 112, 78)).toEqual([255, 255, 255])
    await page.locator('#a-frame').scrollIntoViewIfNeeded()
    const image = await boxOf('#a-frame')
    const scale = image.width / 224
    await page.mouse.move(image.x + 112 * scale, image.y + 112 * scale)
    await page.mouse.down()
    await page.mouse.move(image.x + 60 * scale, image.y + 90 * scale, { steps: 4 })
    await page.mouse.up()
    await frame()
    expect(await text('#at-place')).toBe('row 48, column 16')
    expect(await text('#a-answer')).toMatch(/^\S.* [01]\.\d\d$/u)
  })

  it('takes a picture whole, which then lies behind a window, and computes it at each position', async () => {
    const raw = { width: 256, height: 256, channels: 4 } as const
    const photograph = await sharp(placesOf(256).data, { raw }).png().toBuffer()
    await drop(photograph, 'my photo.png')
    await reads('.thumb:has(:checked) .name', 'my-photo')
    await reads('#live-note', wholeLine('my photo.png'))
    await settled()
    await reads('#at-place', 'row −16, column −16')
    expect([await page.isDisabled('#size'), await text('#size-text')]).toEqual([true, '256 px'])
    expect([await page.isDisabled('#keep'), await text('#keeps-objects')]).toEqual([true, KEEPS_OBJECTS])
    await goTo(-32, 0)
    await reads('#at-place', 'row −32, column 0')
    expect(await pixel('#a-frame .pixels', 32, 32)).toEqual([32, 0, 128])
    expect(await pixel('#a-frame .pixels', 255, 255)).toEqual([255, 223, 128])
    expect(await barriers(1400, 'light', '#viewer')).toEqual({ violations: [], tooWide: 0 })
    await page.click('.thumb:has-text("red-box")')
    await settled()
    await reads('#at-place', 'row 74, column 74')
    expect(await text('#size-text')).toBe('75 px')
  })

  it('takes what the object is, colours the right answers blue, and says where they are lost', async () => {
    const colours = () =>
      page.$$eval('#a-legend li', (items) =>
        items.map((item) => [
          item.textContent?.trim(),
          (item.querySelector('.swatch') as HTMLElement).style.background,
        ]),
      )
    expect(await page.inputValue('#object-class')).toBe('')
    expect(await texts('#a-note')).toEqual([EMOJI])
    const known = await page.$$eval('#class-names option', (options) =>
      options.map((option) => (option as HTMLOptionElement).value),
    )
    expect(known.slice(0, 3)).toEqual(['car', 'airplane', 'boat'])
    expect(known).toContain('mantelpiece-clock')
    // No network knows it: the text stays, and so do the maps.
    const say = async (what: string) => {
      await page.fill('#object-class', what)
      await page.keyboard.press('Enter')
    }
    const before = await texts('#a-legend li')
    await say('no such class')
    await reads('#live-note', /^No network shown knows the class .no such class.\. Choose one/)
    expect(await page.inputValue('#object-class')).toBe('no such class')
    expect(await texts('#a-legend li')).toEqual(before)
    await say('Mantelpiece-Clock')
    await reads('#a-note', /^This network .* The answer is right at 0 % of positions\. It is lost most often to .+\.$/)
    await settled()
    expect([await page.inputValue('#object-class'), await text('#live-note')]).toEqual(['mantelpiece-clock', ''])
    const wrong = await colours()
    expect(wrong.map(([, colour]) => colour)).not.toContain('rgb(0, 114, 178)')
    // The most frequent answer is the right one now.
    const [name] = (wrong[0]?.[0] ?? '').split(/ \d/)
    await say((name as string).replace(/[\u2068\u2069]/g, ''))
    await reads('#a-note', /The answer is right at [1-9]/)
    await settled()
    expect((await colours())[0]).toEqual([expect.stringContaining('✓'), 'rgb(0, 114, 178)'])
    await page.click('.thumb:nth-child(4)')
    await settled()
    expect(await page.inputValue('#object-class')).toBe('dog')
    await page.selectOption('#shows', 'similarity')
  })

  it('keeps both networks, says where, asks before it replaces, and opens the page of what was kept', async () => {
    await choose('b-model', 'tiny-alexnet-aa')
    await page.click('.thumb:nth-child(3)')
    await settled()
    await reads('#keep', /^Keep both$/)
    const place = async () => (await boxOf('#a-frame')).y + (await page.evaluate(() => scrollY))
    const before = await place()
    await page.click('#keep')
    await reads('#kept', /^Kept the results of .tiny-alexnet. and .tiny-alexnet-aa. in /)
    expect([await text('#kept code'), await text('#kept')]).toEqual([results(), expect.stringMatching(/has 2 units\./)])
    // The notice moves nothing, and can be closed.
    expect(await place()).toBeCloseTo(before, 0)
    await page.click('#close-notice')
    expect(await page.isVisible('#notice')).toBe(false)
    await choose('b-model', '— none')
    await page.selectOption('#finest', '8')
    await settled()
    await page.click('#keep')
    await reads(
      '#live-note',
      /^The folder already has results of .tiny-alexnet. with other settings: stride 16 instead of 8\./,
    )
    // What was asked about is replaced, whatever is shown meanwhile.
    await page.click('.thumb:nth-child(4)')
    await settled()
    await page.click('#replace')
    await reads('#kept', /^Kept the results of .tiny-alexnet. in /)
    const [tab] = await Promise.all([page.context().waitForEvent('page'), page.click('#open-page')])
    await tab.waitForLoadState()
    expect(await tab.title()).toBe('Shift invariance of tiny-alexnet and tiny-alexnet-aa')
    await tab.close()
    await page.selectOption('#finest', '16')
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
    await page.waitForSelector('#recipe')
    await settled()
    const said = await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
    expect(said).toContainEqual(expect.stringMatching(/^opening .my net.onnx., \d+\.\d s$/))
    expect(said).toContainEqual(expect.stringMatching(/^computing: \d+ %/))
    expect(await text('#recipe')).toMatch(
      /^my-net is openInput: 224 × 224 pixels, RGB, divided by 255, .*Layers: .*Classes: /,
    )
    expect([(await chosen(['a-model']))[0], await text('#a-note')]).toEqual([
      expect.stringContaining('my-net'),
      expect.stringContaining(EMOJI),
    ])
    // The same file again is the same network, and what was said can be put away.
    const offered = await texts('#a-model option')
    await page.click('#close-notice')
    expect(await page.isVisible('#recipe')).toBe(false)
    await drop(readFileSync(join(modelsFolder(), 'tiny-alexnet-noflip.onnx')), 'else.onnx')
    await reads('#recipe', /^my-net is openThe page already had this file\./)
    expect(await texts('#a-model option')).toEqual(offered)
  })

  it('uses each file of several that it can, and names the others, also those that come while one is opened', async () => {
    const grey = { create: { width: 256, height: 256, channels: 3, background: '#808488' } } as const
    const photo = await sharp(grey).png().toBuffer()
    const otherPhoto = await sharp({ create: { ...grey.create, background: '#406080' } })
      .png()
      .toBuffer()
    let goOn = () => {}
    const dropped = new Promise<void>((resolve) => {
      goOn = resolve
    })
    await page.route('**/objects?*', async (route) => {
      await dropped
      await route.continue()
    })
    await drop(photo, 'notes.txt', 'one.png', 'weights.bin')
    await drop(otherPhoto, 'two.png', 'late.csv')
    goOn()
    const neither = (name: string) => `\u2068${name}\u2069 is neither a picture nor an ONNX file (NAME.onnx).`
    await expect
      .poll(() => texts('#live-note p'), { timeout: 60_000 })
      .toEqual([
        neither('notes.txt'),
        wholeLine('one.png'),
        neither('weights.bin'),
        wholeLine('two.png'),
        neither('late.csv'),
      ])
    await page.unroute('**/objects?*')
    expect(await texts('.thumb .name')).toEqual(expect.arrayContaining(['one', 'two']))
    await settled()
  })

  it('says in a line what it cannot read, and that the server has ended', async () => {
    for (const [name, line] of [
      ['bad.onnx', /^bad\.onnx is not an ONNX model.*; add an intact \.onnx file$/],
      ['bad.pth', /^.bad\.pth. is neither a picture nor an ONNX file \(NAME\.onnx\)\.$/],
      ['broken.png', /^The browser cannot read .broken\.png. as a picture\. Use PNG, JPEG, WebP or SVG\.$/],
    ] as const) {
      await drop(Buffer.from('nothing'), name)
      await expect.poll(() => text('#live-note')).toMatch(line)
      // A fault looks unlike a result, whose edge is green.
      const edge = await page.evaluate(
        () => getComputedStyle(document.getElementById('notice') as HTMLElement).borderLeftColor,
      )
      expect([edge, await page.getAttribute('#live-note', 'role')]).toEqual(['rgb(201, 42, 42)', 'alert'])
    }
    await server.close()
    await page.selectOption('#finest', '4')
    await reads('#a-note', 'The server does not answer')
    expect(complaints.length).toBeGreaterThan(0)
    forgiveMissingFiles()
  })
})
