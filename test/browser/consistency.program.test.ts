import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { barriers, frame, page, texts, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { type MadeValues, madeNetwork, madePage } from '../support/madeAnswers.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const NETWORKS = Array.from({ length: 5 }, (_, i) =>
  madeNetwork(
    `network-${i + 1}-of-a-run`,
    Array.from({ length: 12 }, (_, j): MadeValues => [1 - 0.01 * i - 0.05 * j, 0.1 * i, 0.6 + 0.01 * j]),
  ),
)

// One visit: each test goes on where the one before it stopped.
describe.skipIf(!hasChromium())('the page of five networks', () => {
  const folder = sharedFolder()
  usePage(() => pathToFileURL(folder()).href)

  beforeAll(async () => {
    writeFileSync(folder('index.html'), await madePage(NETWORKS))
    await page.goto(pathToFileURL(folder('index.html')).href)
  })

  const shown = () => page.locator('.pair:visible h3').allTextContents()

  it('shows the two best networks first, and another pair with the keyboard', async () => {
    expect(await shown()).toEqual(['network-1-of-a-run and network-2-of-a-run'])
    await page.locator('a[href="#pair-2-5"]').focus()
    await page.keyboard.press('Enter')
    expect(await shown()).toEqual(['network-2-of-a-run and network-5-of-a-run'])
    await page.goBack()
    expect(await shown()).toEqual(['network-1-of-a-run and network-2-of-a-run'])
  })

  it.each([
    [1400, 'light'],
    [390, 'light'],
    [390, 'dark'],
    [320, 'light'],
  ] as const)('has no barriers in %i px, %s', async (width, colours) => {
    expect(await barriers(width, colours, 'html', frame)).toEqual({ violations: [], tooWide: 0 })
    expect(await page.locator('.scatter svg:visible').count()).toBe(1)
  })

  it('copies the sentence to quote, with a button that only the script adds', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const [sentence] = await texts('.quote blockquote')
    expect(sentence).toContain(
      'Crop agreement relative to chance (Zhang, 2019) of network-1-of-a-run is 1.0 points higher',
    )
    await page.click('.quote button')
    await page.waitForFunction(() => document.querySelector('.quote button')?.textContent === 'Copied')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(sentence)
    expect(readFileSync(folder('index.html'), 'utf8')).not.toContain('<button')
  })

  it('keeps the name of the network in sight when a table scrolls', async () => {
    const box = page.locator('#photographs .scroll').first()
    await box.evaluate((table) => table.scrollTo({ left: 60 }))
    const [name, left] = [await box.locator('tbody th').first().boundingBox(), await box.boundingBox()]
    expect(name?.x).toBe(left?.x)
  })

  it('shows at least the first number of each row in 390 px', async () => {
    await page.setViewportSize({ width: 390, height: 900 })
    const ends = await page
      .locator('.scroll:visible tbody tr td:nth-child(2)')
      .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().right))
    expect([ends.length > 5, ends.filter((end) => end > 390)]).toEqual([true, []])
  })

  it('has a theme to choose without a script, and prints the result in light colours without the contents', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const [light, dark] = ['rgb(255, 255, 255)', 'rgb(18, 20, 22)']
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await ground()).toBe(dark)
    await page.selectOption('#theme', 'light')
    expect(await ground()).toBe(light)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.selectOption('#theme', 'dark')
    expect(await ground()).toBe(dark)
    await page.emulateMedia({ media: 'print' })
    expect(await ground()).toBe(light)
    expect(await page.locator('.contents, #theme').filter({ visible: true }).count()).toBe(0)
    expect(await texts('#photographs h2')).toEqual(['network-1-of-a-run is the most consistent of 5 networks'])
  })
})
