import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { reportStamp } from '../../../src/results/store/reportStamp.js'
import { checkResultsFolder, isResultsFolder } from '../../../src/results/store/resultsFolder.js'
import { unitFolder } from '../../../src/results/store/units.js'
import { messageOf } from '../../support/messageOf.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { inputs, storeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()

it.each(['results', join('.hidden', 'results')])(
  'what a report is made of is told by its stamp in %s',
  async (name) => {
    const results = inFolder(name)
    await storeUnit(results)
    const stamps = [await reportStamp(results, {})]
    // Nothing that a report does not read.
    mkdirSync(join(results, 'units', '.tmp-x'))
    writeFileSync(join(results, 'units', '.tmp-x', 'unit.json'), '')
    writeFileSync(join(results, 'units', 'notes.txt'), '')
    writeFileSync(join(results, 'run.json'), '')
    // The report itself may renew stored measures.
    rmSync(join(unitFolder(results, inputs), 'measures.json'))
    expect(await reportStamp(results, {})).toBe(stamps[0])
    cpSync(results, inFolder('copy'), { recursive: true })
    expect(await reportStamp(inFolder('copy'), {})).toBe(stamps[0])
    // Options, units, arithmetic and answers.
    stamps.push(await reportStamp(results, { limits: { low: 0.5, high: 1 } }))
    await storeUnit(results, { patch: 'dog' })
    stamps.push(await reportStamp(results, {}))
    await storeUnit(results, { patch: 'dog' }, 0.8)
    stamps.push(await reportStamp(results, {}))
    mkdirSync(join(results, 'arithmetic'))
    writeFileSync(join(results, 'arithmetic', 'accuracy.json'), '')
    stamps.push(await reportStamp(results, {}))
    mkdirSync(join(results, 'answers'))
    writeFileSync(join(results, 'answers', 'answers.json'), '')
    stamps.push(await reportStamp(results, {}))
    expect(new Set(stamps).size).toBe(6)
  },
)

describe('a folder for results', () => {
  it.each(['tables', 'heatmaps', 'figures', 'site', 'index.html', 'metrics.csv', 'summary.json', 'findings.md'])(
    'is refused where a report would replace somebody’s %s, unless a study made it',
    async (name) => {
      writeFileSync(inFolder(name), '')
      const refusal = `${inFolder()} is not a results folder, but contains ${name}, which a report would replace`
      expect(await messageOf(checkResultsFolder(inFolder()), UsageError)).toContain(refusal)
      writeFileSync(inFolder('run.json'), '')
      await checkResultsFolder(inFolder())
    },
  )

  it('may be missing, empty, or hold what no report replaces', async () => {
    await checkResultsFolder(inFolder('missing'))
    writeFileSync(inFolder('notes.txt'), '')
    await checkResultsFolder(inFolder())
    for (const path of ['missing', '.']) expect(await isResultsFolder(inFolder(path))).toBe(false)
    mkdirSync(inFolder('units'))
    expect(await isResultsFolder(inFolder())).toBe(true)
  })

  it('is refused where there is a file', async () => {
    writeFileSync(inFolder('notes.txt'), '')
    const refusal = (path: string) =>
      `cannot write results to ${path}: there is a file where a folder is needed; choose another folder`
    for (const path of [inFolder('notes.txt'), inFolder('notes.txt', 'results')])
      expect(await messageOf(checkResultsFolder(path), UsageError)).toBe(refusal(path))
  })
})
