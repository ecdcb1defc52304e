import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeReport } from '../../src/report/report.js'
import { writeUnit } from '../../src/results/unit/store.js'
import { CHROMIUM, CHROMIUM_ARGUMENTS, hasChromium } from '../support/chromium.js'
import { arraysOf, madeUnit } from '../support/unit.js'

const PATCHES = 50
const LAYERS = ['conv1', 'conv5', 'fc6', 'fc7', 'fc8']
const MODELS = ['net', 'net-aa']

let results: string
let browser: Browser

/** Many patches and the layers of the paper's study, on a small grid. */
describe.skipIf(!hasChromium())('viewer of a large study', () => {
  beforeAll(async () => {
    results = mkdtempSync(join(tmpdir(), 'shiftscope-large-'))
    for (const model of MODELS) {
      for (let i = 0; i < PATCHES; i++) {
        const { unit, maps } = madeUnit({ model, layers: LAYERS, patch: `patch ${i}` }, 0.8 + i / 1000)
        await writeUnit(results, unit, arraysOf(unit, maps, i))
      }
    }
    await writeReport(results)
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGUMENTS })
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(results, { recursive: true, force: true })
  })

  it('loads what a view needs and no more', async () => {
    const page = await browser.newPage()
    const loaded: string[] = []
    page.on('request', (request) => {
      const file = /\/site\/(.*)$/.exec(request.url())?.[1]
      if (file !== undefined && file !== 'study.js') loaded.push(file)
    })
    await page.goto(pathToFileURL(join(results, 'index.html')).href)
    await expect.poll(() => page.textContent('#b-value')).not.toBe('')
    expect(loaded.sort()).toEqual(['maps/0/0.js', 'maps/1/0.js'])
    expect(await page.locator('#patch option').count()).toBe(1 + PATCHES)
    await page.click('#settings summary')
    await page.selectOption('#patch', { label: 'patch 37' })
    await expect.poll(() => page.textContent('#a-value')).toBe('0.84800')
    expect(loaded).toHaveLength(4)
    // Another layer and anchor of the same patch are there already.
    await page.selectOption('#layer', { label: 'fc8' })
    await page.selectOption('#anchor', { label: 'bottom-right' })
    await expect.poll(() => page.textContent('#a-summary')).toContain('lowest 0.33700')
    expect(loaded).toHaveLength(4)
  })

  it('knows its patches by less than 200 bytes each', () => {
    const { size } = statSync(join(results, 'index.html'))
    expect(size).toBeLessThan(600_000 + 200 * PATCHES * MODELS.length)
  })
})
