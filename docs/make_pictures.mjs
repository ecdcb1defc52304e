/**
 * Makes the pictures of README and docs with the project's own commands:
 *
 *   npm run build && node docs/make_pictures.mjs [RESULTS]
 *
 * RESULTS is the results folder of `npm start`. Without it, this study runs first. Needs Chromium (/usr/bin/chromium, or
 * $CHROMIUM).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import sharp from 'sharp'

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = join(root, 'docs', 'pictures')
const shiftscope = (...words) =>
  execFileSync(process.execPath, [join(root, 'dist/cli/main.js'), ...words], { stdio: 'inherit' })

const work = mkdtempSync(join(tmpdir(), 'shiftscope-pictures-'))
const results = resolve(process.argv[2] ?? join(work, 'results'))
if (process.argv[2] === undefined) shiftscope('reproduce', '--out', results)

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage({ viewport: { width: 1400, height: 880 }, reducedMotion: 'reduce' })
await page.goto(`${pathToFileURL(join(results, 'index.html'))}`)
await page.waitForTimeout(2000)
await small(await page.screenshot(), 'viewer.png')
// The figure has twice as many pixels as its layout, or more.
const figure = sharp(join(results, 'figures', 'figure-3-patches-125.png'))
const { width } = await figure.metadata()
await small(await figure.resize(width / 2, null, { kernel: 'linear' }).toBuffer(), 'figure-3.png')

const oranges = ['--image', 'A=orange@10,10 orange@10,139 orange@139,10', '--image', 'B=orange@10,10 orange@10,139']
const arithmetic = join(work, 'arithmetic')
shiftscope('arithmetic', '--expression', 'A - B', ...oranges, '--layer', 'fc6', '--out', arithmetic)
await page.goto(`${pathToFileURL(join(arithmetic, 'index.html'))}`)
await sharp(await page.locator('.expression').screenshot())
  .webp({ quality: 80, effort: 6 })
  .toFile(join(pictures, 'arithmetic-fc6.webp'))
await browser.close()

/** Saves a picture with 128 colours, which makes the file four times smaller. */
function small(image, name) {
  return sharp(image).png({ palette: true, colours: 128, effort: 10 }).toFile(join(pictures, name))
}
