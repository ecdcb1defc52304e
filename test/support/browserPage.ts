import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { packageFolder } from '../../src/files/package.js'
import { writeReport } from '../../src/report/report.js'
import { CHROMIUM, CHROMIUM_ARGUMENTS } from './chromium.js'
import { writeStudy } from './viewerStudy.js'

/** Pictures of the page, to be looked at; git ignores the folder. */
export const SCREENSHOTS = join(packageFolder(), 'build', 'screenshots')

let results = ''
let browser: Browser
let pages: Page[] = []
/** What a page asked for, and what it had to complain of. */
export const requests: string[] = []
export const complaints: string[] = []

/** Writes the study, its report and a browser before the tests of a file, and looks after each that nothing was amiss. */
export function usePages(): void {
  beforeAll(async () => {
    results = mkdtempSync(join(tmpdir(), 'shiftscope-viewer-'))
    mkdirSync(SCREENSHOTS, { recursive: true })
    await writeStudy(results)
    await writeReport(results)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS })
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(results, { recursive: true, force: true })
  })

  afterEach(async () => {
    for (const page of pages) await page.close()
    // Whatever a test did: nothing was asked of a network, and the console stayed empty.
    const outside = requests.filter((url) => !url.startsWith(pathToFileURL(results).href) && !url.startsWith('data:'))
    const said = complaints.slice()
    pages = []
    requests.length = 0
    complaints.length = 0
    expect(outside).toEqual([])
    expect(said).toEqual([])
  })
}

/** The folder of the study. */
export function resultsFolder(): string {
  return results
}

export function newContext(options: Parameters<Browser['newContext']>[0]): ReturnType<Browser['newContext']> {
  return browser.newContext(options)
}

type PageOptions = Parameters<Browser['newPage']>[0]

export async function open(fragment = '', options: PageOptions = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, ...options })
  pages.push(page)
  watch(page)
  await page.goto(addressOfPage(fragment))
  await ready(page)
  // What is folded away is at hand.
  await page.evaluate(() => {
    for (const id of ['settings']) (document.getElementById(id) as HTMLDetailsElement).open = true
  })
  await frame(page)
  return page
}

export function addressOfPage(fragment = ''): string {
  return pathToFileURL(join(results, 'index.html')).href + fragment
}

export function watch(page: Page): void {
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
}

/** Waits until the maps of the view are drawn. */
export async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const plots = [...document.querySelectorAll('.plot')]
    return plots.length > 0 && plots.every((plot) => plot.getAttribute('aria-busy') === 'false')
  })
  await frame(page)
}

/** The screen has been drawn anew. */
export function frame(page: Page): Promise<void> {
  return page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )
}

export function link(parameters: Readonly<Record<string, string>>): string {
  return `#${new URLSearchParams(parameters)}`
}

export async function hover(
  page: Page,
  panel: string,
  row: number,
  col: number,
  rows: number,
  cols: number,
): Promise<void> {
  const canvas = page.locator(`#${panel}-plot canvas`)
  await canvas.scrollIntoViewIfNeeded()
  const box = await canvas.boundingBox()
  if (box === null) throw new Error('the map is not on the screen')
  await page.mouse.move(box.x + ((col + 0.5) / cols) * box.width, box.y + ((row + 0.5) / rows) * box.height)
  await frame(page)
}

export async function text(page: Page, selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? ''
}

export function texts(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).allTextContents()
}

export async function number(page: Page, selector: string): Promise<number> {
  return Number((await text(page, selector)).replace('−', '-'))
}

/** What the selects say: both networks, layer, size, object, anchor. */
export function chosen(page: Page): Promise<string[]> {
  return page.evaluate(
    (ids) => ids.map((id) => (document.getElementById(id) as HTMLSelectElement).selectedOptions[0]?.text ?? ''),
    ['a-model', 'b-model', 'layer', 'size', 'patch', 'anchor'],
  )
}

/** The choice of map B that leaves one map. */
export const ONE_MAP = '— none'
/** The choice of objects that is their mean. */
export const MEAN = 'mean of all objects'

/** Red, green and blue of one pixel of a canvas. */
export async function pixel(page: Page, selector: string, row: number, col: number): Promise<number[]> {
  const source = await page.evaluate(
    (canvas) => (document.querySelector(canvas) as HTMLCanvasElement).toDataURL('image/png'),
    selector,
  )
  const { data, info } = await sharp(Buffer.from(source.replace(/^.*,/, ''), 'base64'))
    .raw()
    .toBuffer({ resolveWithObject: true })
  const start = (row * info.width + col) * info.channels
  return [...data.subarray(start, start + 3)]
}
