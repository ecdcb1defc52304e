import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { writeReport } from '../../src/report/report.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { writeMadeUnit } from '../support/viewerStudy.js'

const folder = temporaryFolder()

it('says nothing about moving an object that has only one position', async () => {
  const results = folder()
  await writeMadeUnit(results, 'plain', 224, 'car', 1, 11, 9)
  await writeReport(results)
  const page = readFileSync(folder('index.html'), 'utf8')
  const body = page.replace(/<(script|style)[^>]*>.*?<\/\1>/gs, '')
  const said = body.match(/class="finding"|id="every-object"|.{30}all positions|(?<!×)1 positions/g)
  expect(said).toBe(null)
  expect(body.replace(/<\/?span>/g, '')).toContain('1 network · 1 object of 224 px · 1 position, every 11 px')
  // The map still shows the answer at this position.
  expect(page).toContain('"classes":"fc8"')
})
