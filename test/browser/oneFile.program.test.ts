import { copyFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeReport } from '../../src/report/report.js'
import { choose, chosen, goTo, page, ready, requests, text, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { PATCHES, writeStudy } from '../support/viewerStudy.js'

describe.skipIf(!hasChromium())('a page in one file, alone in a folder', () => {
  const results = sharedFolder()
  const mail = sharedFolder()
  const address = () => pathToFileURL(mail('page.html')).href
  // Of all files on the disk, the page may request only itself.
  usePage(address)

  beforeAll(async () => {
    await writeStudy(results())
    await writeReport(results(), { oneFile: results('page.html') })
    copyFileSync(results('page.html'), mail('page.html'))
    await page.goto(address())
    await ready()
  })

  it('shows maps, moves the object, sets an anchor and changes objects without requesting a file', async () => {
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address()])
    await page.evaluate(() => document.getElementById('settings')?.setAttribute('open', ''))
    await choose('size', '75×75 px')
    await choose('patch', PATCHES[1])
    await page.selectOption('#shows', 'similarity')
    await ready()
    expect(await text('#a-note')).toBe('')
    const before = [await text('#at-place'), await text('#a-value')]
    await goTo(33, 55)
    expect(await text('#at-place')).toBe('row 33, column 55')
    expect([await text('#at-place'), await text('#a-value')]).not.toEqual(before)
    // Any position can be the anchor, because the file holds the sketches of this object.
    await page.click('#anchor-here')
    await ready()
    expect(await text('#a-value')).toBe('≈ 1.000')
    await choose('patch', PATCHES[2])
    expect((await chosen())[4]).toBe(PATCHES[2])
    await choose('anchor', 'center')
    expect(await text('#a-note')).toBe('')
  })
})
