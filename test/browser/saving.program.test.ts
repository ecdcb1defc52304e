import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { browser, follow, page, ready, text, texts, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { PATCHES, writeReportedStudy } from '../support/viewerStudy.js'

const VIEW = { network: 'plain', with: 'plain-aa', layer: 'fc6', size: '75', patch: PATCHES[1], anchor: 'center' }

/** Reads a saved SVG as a browser does, on a page of its own. */
async function read(svg: string) {
  const own = await browser.newPage()
  await own.setContent(`<body style="margin:0">${svg}</body>`)
  const found = await own.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml')
    const root = document.querySelector('svg') as SVGSVGElement
    const { width, height } = root.viewBox.baseVal
    const isOutside = (one: Element) => {
      const { left, top, right, bottom } = one.getBoundingClientRect()
      return left < 0 || top < 0 || right > width || bottom > height
    }
    const all = [...root.querySelectorAll('text')]
    return {
      isWhole: parsed.querySelector('parsererror') === null,
      title: root.querySelector(':scope>title')?.textContent,
      texts: all.map((one) => one.textContent ?? ''),
      outside: all.filter(isOutside).map((one) => one.textContent),
      addresses: [...root.querySelectorAll('[href]')].map((one) => (one.getAttribute('href') ?? '').slice(0, 15)),
      ground: root.querySelector(':scope>rect')?.getAttribute('fill'),
      size: [width, height],
    }
  }, svg)
  await own.close()
  return found
}

async function saved(button: string): Promise<string> {
  const download = page.waitForEvent('download')
  await page.click(button)
  return (await download).path()
}

describe.skipIf(!hasChromium())('figures that leave the page', () => {
  const results = sharedFolder()
  const address = () => pathToFileURL(results('index.html')).href
  usePage(() => pathToFileURL(results()).href)

  beforeAll(async () => {
    await writeReportedStudy(results())
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.goto(address())
    await ready()
    await page.evaluate(() => {
      for (const one of document.querySelectorAll('details')) one.open = true
    })
  })

  it('show both maps with object, axes and legends, on white in the dark theme', async () => {
    await follow({ ...VIEW, map: 'answers', at: '0,0' })
    const svg = readFileSync(await saved('#a-save-svg'), 'utf8')
    const { texts: words, addresses, title, ...found } = await read(svg)
    expect(found).toMatchObject({ isWhole: true, outside: [], ground: '#fff' })
    expect(title).toContain(PATCHES[1])
    for (const axis of ['row (px)', 'column (px)']) expect(words.filter((word) => word === axis)).toHaveLength(2)
    const shares = (await texts('.legend li')).map((entry) => /[<>]? ?[\d.]+ %$/.exec(entry)?.[0].trim())
    // The agreement is the last line of each map's summary.
    const agreements = (await texts('#a-summary, #b-summary')).map((summary) => /\d+ %$/.exec(summary)?.[0])
    expect(words.filter((word) => / %$/.test(word) && word.length < 9)).toEqual([...agreements, ...shares])
    for (const panel of ['a', 'b']) expect(words.join(' ')).toContain(await text(`#${panel}-summary`))
    expect(addresses).toEqual(Array(3).fill('data:image/png;'))
    expect(svg).not.toContain('var(')
    expect(words.at(-1)).toMatch(/Shiftscope \d+\.\d+\.\d+$/)
    const png = sharp(await saved('#a-save-png'))
    const { width, height } = await png.metadata()
    expect([width, height]).toEqual(found.size.map((side) => Math.floor(2 * Math.round(side))))
    expect([...(await png.removeAlpha().raw().toBuffer()).subarray(0, 3)]).toEqual([255, 255, 255])
  })

  it('show a section’s chart with heading, caption, axis and legend', async () => {
    const figure = page.locator('section.report figure:has(a[href$=".svg"])').first()
    const heading = await figure.locator('xpath=preceding::*[self::h2 or self::h3][1]').textContent()
    const caption = (await figure.locator('figcaption').textContent()) ?? ''
    const address = (await figure.locator('a').getAttribute('href')) ?? ''
    const svg = readFileSync(results(...address.split('/')), 'utf8')
    const { texts: words, addresses, title, ...found } = await read(svg)
    expect(found).toMatchObject({ isWhole: true, outside: [], ground: '#fff' })
    expect(heading).toContain(title)
    expect(words.join(' ')).toContain(caption.trim())
    for (const shown of await figure.locator('.keys span, .axis, svg text').allTextContents())
      expect(words).toContain(shown)
    expect([addresses, svg.includes('var(')]).toEqual([[], false])
    expect(words.at(-1)).toMatch(/Shiftscope \d+\.\d+\.\d+$/)
  })
})
