import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { follow, page, ready, text, texts, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { readSvg } from '../support/readSvg.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { PATCHES, writeReportedStudy } from '../support/viewerStudy.js'

const VIEW = { network: 'plain', with: 'plain-aa', layer: 'fc6', size: '75', patch: PATCHES[1], anchor: 'center' }

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
    const svg = readFileSync(await saved('#save-svg'), 'utf8')
    const { texts: words, addresses, title, ...found } = await readSvg(svg)
    expect(found).toMatchObject({ isWhole: true, outside: [], ground: '#fff' })
    expect(title).toContain(PATCHES[1])
    for (const axis of ['row (px)', 'column (px)']) expect(words.filter((word) => word === axis)).toHaveLength(2)
    const shares = (await texts('.legend li')).map((entry) => /[<>]? ?[\d.]+ %$/.exec(entry)?.[0].trim())
    expect(words.filter((word) => / %$/.test(word) && word.length < 9)).toEqual(shares)
    for (const panel of ['a', 'b']) expect(words.join(' ')).toContain(await text(`#${panel}-summary`))
    expect(addresses).toEqual(Array(3).fill('data:image/png;'))
    expect(svg).not.toContain('var(')
    expect(words.at(-1)).toMatch(/Shiftscope \d+\.\d+\.\d+$/)
    const png = sharp(await saved('#save-png'))
    const { width, height } = await png.metadata()
    expect([width, height]).toEqual(found.size.map((side) => Math.floor(2 * Math.round(side))))
    expect([...(await png.removeAlpha().raw().toBuffer()).subarray(0, 3)]).toEqual([255, 255, 255])
  })
})
