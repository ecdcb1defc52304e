/**
 * Measures the milliseconds from the start of navigation until the page of a results folder shows its first maps. Opens
 * the page from disk, each time in a new browser profile. Also prints how many files and bytes it loads, and the time
 * to show the next object.
 *
 *   npm run build && node bench/synthesise_study.mjs FOLDER && node dist/cli/main.js report FOLDER
 *   node bench/first_view.mjs FOLDER [repeats]
 */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const [folder, repeats = '5'] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: node bench/first_view.mjs FOLDER [repeats]')
  process.exit(2)
}
const page = join(resolve(folder), 'index.html')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const times = []
const clicks = []
let files = []
for (let i = 0; i < Number(repeats); i++) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } })
  const tab = await context.newPage()
  files = []
  tab.on('request', (request) => request.url().startsWith('file:') && files.push(fileURLToPath(request.url())))
  await tab.addInitScript(watchFirstView)
  await tab.goto(pathToFileURL(page).href)
  times.push(await (await tab.waitForFunction(() => window.firstView)).jsonValue())
  const loaded = files
  files = []
  clicks.push(await tab.evaluate(showNextObject))
  files = loaded
  await context.close()
}
await browser.close()
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
console.log(`first view: ${timesText(times)}`)
console.log(`loaded: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB`)
console.log(`next object: ${timesText(clicks)}`)

function timesText(milliseconds) {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  return `median ${sorted[sorted.length >> 1].toFixed(0)} ms, longest ${sorted.at(-1).toFixed(0)} ms`
}

/** Runs in the page: chooses the next object, and waits until its maps have been painted. */
async function showNextObject() {
  const frame = () => new Promise((done) => requestAnimationFrame(done))
  const inputs = [...document.querySelectorAll('#gallery input')]
  const next = inputs[(inputs.findIndex(({ checked }) => checked) + 1) % inputs.length]
  const start = performance.now()
  next.click()
  do await frame()
  while ([...document.querySelectorAll('.plot')].some((plot) => plot.getAttribute('aria-busy') === 'true'))
  await frame()
  return performance.now() - start
}

/** Runs in the page: records when the first values have been painted. */
function watchFirstView() {
  const observer = new MutationObserver(() => {
    if (!document.getElementById('a-value')?.textContent) return
    observer.disconnect()
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        window.firstView = performance.now()
      }),
    )
  })
  observer.observe(document, { subtree: true, childList: true, characterData: true })
}
