/**
 * How long the page of a results folder takes until its first maps are on the screen, opened from disk in a new browser
 * profile, in milliseconds from the start of navigation; and what it loads for that.
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
let files = []
for (let i = 0; i < Number(repeats); i++) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } })
  const tab = await context.newPage()
  files = []
  tab.on('request', (request) => request.url().startsWith('file:') && files.push(fileURLToPath(request.url())))
  await tab.addInitScript(watchFirstView)
  await tab.goto(pathToFileURL(page).href)
  times.push(await (await tab.waitForFunction(() => window.firstView)).jsonValue())
  await context.close()
}
await browser.close()
times.sort((a, b) => a - b)
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
console.log(`first view: median ${times[times.length >> 1].toFixed(0)} ms, longest ${times.at(-1).toFixed(0)} ms`)
console.log(`loaded: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB`)

/** Runs in the page: notes when the first readings stand and have been painted. */
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
