import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { CHROMIUM, CHROMIUM_ARGUMENTS } from './chromium.js'

/** The page that all tests of a file share. */
export let page: Page
export let browser: Browser

/** Addresses that the page requested, and messages of its console, errors and dialogs, in the current test. */
export const requests: string[] = []
export const complaints: string[] = []

/**
 * Opens one page of one browser for all tests of a file. After each test it checks that the page requested nothing from
 * outside, and that its console is empty.
 * @param own returns the start of the addresses that the page may request
 */
export function usePage(own: () => string): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS })
    page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, reducedMotion: 'reduce' })
    watch(page)
  })
  afterAll(() => browser?.close())
  afterEach(() => {
    const outside = requests.splice(0).filter((url) => !url.startsWith(own()) && !/^(?:data|blob):/.test(url))
    expect([outside, complaints.splice(0)]).toEqual([[], []])
  })
}

export function watch(opened: Page): void {
  opened.on('request', (request) => requests.push(request.url()))
  opened.on('console', (message) => complaints.push(message.text()))
  opened.on('pageerror', (error) => complaints.push(String(error)))
  opened.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
}

/** Removes the browser's own messages about files or answers that a test withheld. */
export function forgiveMissingFiles(): void {
  const others = complaints.filter((complaint) => !complaint.includes('Failed to load resource'))
  complaints.splice(0, complaints.length, ...others)
}

/** Waits until the maps of the view are drawn. */
export async function ready(): Promise<void> {
  await page.waitForFunction(() => {
    const frames = [...document.querySelectorAll('.frame')]
    return frames.length > 0 && frames.every((one) => one.getAttribute('aria-busy') === 'false')
  })
  await frame()
}

/** Waits until the screen has been drawn again. */
export function frame(): Promise<void> {
  return page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )
}

/** Follows a link within the open page. */
export async function follow(parameters: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(
    (hash) =>
      new Promise((done) => {
        window.addEventListener('hashchange', done, { once: true })
        // Setting the current address again would cause no event.
        if (location.hash === hash) location.hash = `${hash}&again=`
        else location.hash = hash
      }),
    `#${new URLSearchParams(parameters)}`,
  )
  await ready()
}

/** Clicks a link at the end of the page, far from the maps. */
export async function clickLink(parameters: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(
    (href) => {
      const link = Object.assign(document.createElement('a'), { href, textContent: 'a link', id: 'test-link' })
      document.getElementById('test-link')?.remove()
      document.querySelector('main')?.append(link)
    },
    `#${new URLSearchParams(parameters)}`,
  )
  await page.click('#test-link')
}

/** Chooses an option by its text, or a network by its name, and waits for the maps. */
export async function choose(select: string, label: string): Promise<void> {
  const all = await texts(`#${select} option`)
  const named = all.find((one) => one === `\u2068${label}\u2069`)
  await page.selectOption(`#${select}`, { label: named ?? label })
  await ready()
}

/** Types a position, in pixels, at which the object then is. */
export async function goTo(row: number, col: number): Promise<void> {
  for (const [axis, pixels] of Object.entries({ row, col })) {
    await page.fill(`#at-${axis}`, String(pixels))
    await page.press(`#at-${axis}`, 'Enter')
    await frame()
  }
}

/** What a test knows of a map in its frame, in pixels of the frame. */
interface TestedMap {
  readonly size: number
  readonly stride: number
  readonly frame?: number
}

/** The colour of a map at a position, by index, as its frame shows it beside the object, or on it as a dot. */
export async function mapColour(panel: 'a' | 'b', row: number, col: number, map: TestedMap): Promise<number[]> {
  const { size, stride, frame: side = 224 } = map
  const canvas = `#${panel}-frame .map`
  const width = await page.$eval(canvas, (one) => (one as HTMLCanvasElement).width)
  const at = (index: number) => Math.round(((index * stride + size / 2) * width) / side)
  return pixel(canvas, at(row), at(col))
}

export async function boxOf(selector: string) {
  const box = await page.locator(selector).boundingBox()
  if (box === null) throw new Error(`${selector} is not on the screen`)
  return box
}

export async function text(selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? ''
}

export function texts(selector: string): Promise<string[]> {
  return page.locator(selector).allTextContents()
}

export async function number(selector: string): Promise<number> {
  return Number((await text(selector)).replace('≈ ', '').replace('−', '-'))
}

/** Texts of the chosen options, by default of both networks, layer, size, object, anchor. Networks have only their name. */
export async function chosen(ids = ['a-model', 'b-model', 'layer', 'size', 'patch', 'anchor']): Promise<string[]> {
  const all = await page.evaluate(
    (ids) => ids.map((id) => (document.getElementById(id) as HTMLSelectElement | null)?.selectedOptions[0]?.text ?? ''),
    ids,
  )
  return all.map((one) => one.replace(/^\u2068(.*)\u2069$/u, '$1'))
}

/** Red, green and blue of one pixel of a canvas. */
export function pixel(selector: string, row: number, col: number): Promise<number[]> {
  return page.evaluate(
    ([canvas, y, x]) => {
      // Reads a copy, because Chromium warns about a canvas that is read often without `willReadFrequently`.
      const copy = new OffscreenCanvas(1, 1).getContext('2d') as OffscreenCanvasRenderingContext2D
      copy.drawImage(document.querySelector(canvas) as HTMLCanvasElement, -x, -y)
      return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3)
    },
    [selector, row, col] as const,
  )
}

/**
 * Opens all folded parts of the page. Returns the violations that axe-core finds, and by how many pixels the page is
 * too wide.
 * @param part selector of the part that axe-core checks
 * @param isReady waits until the page is drawn
 */
export async function barriers(width: number, colorScheme: 'light' | 'dark', part = 'html', isReady = ready) {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme })
  await page.evaluate(() => {
    for (const one of document.querySelectorAll('details')) one.open = true
  })
  await isReady()
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const { violations } = (await page.evaluate(`axe.run('${part}')`)) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  const tooWide = await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth))
  return { violations: violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]), tooWide }
}
