import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Position } from '../../src/engine/scene/positions.js'
import { wayBetween } from '../../src/page/browser/opening.js'
import type { SiteGroup, SiteUnit } from '../../src/page/site/siteIndex.js'
import { writeReport } from '../../src/report/report.js'
import { browser, usePage, watch } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { studyIndex } from '../support/siteIndex.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { STRIDE, writeMadeUnit } from '../support/viewerStudy.js'

const CONFIDENT_SCALE = 40

describe.skipIf(!hasChromium())('the opening of the page', () => {
  const results = sharedFolder()
  const address = () => pathToFileURL(results('index.html')).href
  usePage(() => pathToFileURL(results()).href)
  let way: readonly Position[]

  beforeAll(async () => {
    await writeMadeUnit(results(), 'plain', 75, 'car', 3, STRIDE, CONFIDENT_SCALE)
    await writeReport(results())
    const [group] = studyIndex(results('index.html')).groups as [SiteGroup]
    const { answer } = group.units[0] as SiteUnit
    const [center] = group.anchors.filter(({ name }) => name === 'center')
    if (answer?.flip === undefined || center === undefined) throw new Error('the made unit has a confident change')
    way = wayBetween(center, answer.flip, group)
    expect(way.length).toBeGreaterThan(1)
  })

  const textOf = ({ row, col }: Position) => `row ${row}, column ${col}`
  const CENTER = textOf({ row: 74, col: 74 })

  interface Opened {
    readonly page: Page
    /** Lets the page's clock run, and returns where the object is and where it was, if it moved. */
    readonly runFor: (milliseconds: number) => Promise<readonly string[]>
  }

  /**
   * Opens the page with a clock that stands still, and stops it when the maps are drawn.
   * @param prepare runs in the page before its own script
   */
  async function opened(
    reducedMotion: 'reduce' | 'no-preference',
    use: (opened: Opened) => Promise<void>,
    { link = address(), prepare = () => {} } = {},
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, reducedMotion })
    const page = await context.newPage()
    watch(page)
    await page.clock.install({ time: 0 })
    // The clock runs until it is paused, so it is paused at a time that is certainly in the future.
    await page.clock.pauseAt('1970-01-02')
    await page.addInitScript(prepare)
    await page.goto(link)
    const isDrawn = () => page.evaluate(() => document.querySelector('#a-plot[aria-busy=false]') !== null)
    await expect
      .poll(async () => {
        await page.clock.runFor(20)
        return isDrawn()
      })
      .toBe(true)
    await page.evaluate(() => {
      const place = document.getElementById('at-place') as HTMLElement
      const places = [place.textContent]
      new MutationObserver(() => places.push(place.textContent)).observe(place, {
        characterData: true,
        childList: true,
        subtree: true,
      })
      Object.assign(window, { places })
    })
    const runFor = async (milliseconds: number) => {
      await page.clock.runFor(milliseconds)
      return page.evaluate(() => (window as unknown as { places: string[] }).places)
    }
    await use({ page, runFor })
    await context.close()
  }

  /** Turns the wheel, and waits until the page knows it, which Playwright does not. */
  async function turnWheel(page: Page): Promise<void> {
    await page.evaluate(() => {
      addEventListener('wheel', () => document.documentElement.setAttribute('data-wheel', ''), { once: true })
    })
    await page.mouse.wheel(0, 10)
    await expect.poll(() => page.evaluate(() => document.documentElement.hasAttribute('data-wheel'))).toBe(true)
  }

  const steps = (page: Page) => page.locator('.steps li').allTextContents()

  it('waits at the center, moves once through measured positions to where the answer changes, and says what it is there', () =>
    opened('no-preference', async ({ page, runFor }) => {
      expect(await runFor(800)).toEqual([CENTER])
      const [center, offer] = await steps(page)
      expect([center, offer]).toEqual([
        expect.stringMatching(/^At the center, A sees .+, \d\.\d\d\.$/),
        'Show where it changes',
      ])
      expect(await runFor(3000)).toEqual([CENTER, ...way.map(textOf)])
      expect((await steps(page))[1]).toMatch(/^\d+ px (up|down|left|right).*: .+, \d\.\d\d\.$/)
      expect(await page.locator('.steps [aria-current]').count()).toBe(1)
      expect(await runFor(60_000)).toHaveLength(1 + way.length)
      expect(page.url()).toBe(address())
    }))

  it.each<[string, (page: Page) => Promise<unknown>]>([
    ['a key', (page) => page.keyboard.press('Shift')],
    ['the wheel', turnWheel],
    ['a press of the pointer', (page) => page.mouse.click(5, 5)],
    ['the pointer on a map', (page) => page.hover('#a-plot')],
  ])('is stopped for good by %s', (_, act) =>
    opened('no-preference', async ({ page, runFor }) => {
      await runFor(500)
      await act(page)
      const before = (await runFor(100)).at(-1)
      expect((await runFor(60_000)).at(-1)).toBe(before)
      expect((await steps(page))[1]).toBe('Show where it changes')
    }),
  )

  it('offers the change as a button to a user who prefers reduced motion', () =>
    opened('reduce', async ({ page, runFor }) => {
      expect(await runFor(60_000)).toEqual([CENTER])
      await page.click('.steps button >> text=Show where it changes')
      expect((await runFor(100)).at(-1)).toBe(textOf(way.at(-1) as Position))
      expect((await steps(page))[1]).toMatch(/ px /)
      await page.click('.steps button >> text=At the center')
      expect((await runFor(100)).at(-1)).toBe(CENTER)
      await page.click('.steps button >> text=Now drag it')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('a-image')
    }))

  it('moves nothing if the address names a section', () =>
    opened('no-preference', async ({ runFor }) => expect(await runFor(60_000)).toEqual([CENTER]), {
      link: `${address()}#tables`,
    }))

  it('waits until the page is visible', () =>
    opened(
      'no-preference',
      async ({ page, runFor }) => {
        expect(await runFor(60_000)).toEqual([CENTER])
        await page.evaluate(() => {
          Object.defineProperty(document, 'hidden', { value: false })
          document.dispatchEvent(new Event('visibilitychange'))
        })
        expect(await runFor(3000)).toEqual([CENTER, ...way.map(textOf)])
      },
      { prepare: () => Object.defineProperty(document, 'hidden', { value: true, configurable: true }) },
    ))
})
