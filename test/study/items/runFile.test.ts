import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Owner, thisOwner } from '../../../src/files/owner.js'
import { openedNetworks } from '../../../src/results/store/openedNetworks.js'
import { lastReport, readRun, writeRunFile } from '../../../src/study/items/runFile.js'
import { DEAD_PID } from '../../support/deadProcess.js'
import { runFile } from '../../support/runFile.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const process = thisOwner()
/** A process of this machine that is not there any more. */
const DEAD: Owner = { ...process, id: '00000000deadbeef', pid: DEAD_PID }
const OTHER: Owner = { ...process, id: '0000000000000001' }

/** What stands in run.json after a run was written into it that said all this before. */
async function runAfter(before: object, run: object = {}, report?: string): Promise<Record<string, unknown>> {
  writeFileSync(inFolder('run.json'), JSON.stringify(runFile({ process: OTHER, ...before })))
  const entry = { networks: [], process, settings: {}, computed: 1, finished: null, ...run }
  await writeRunFile(inFolder('run.json'), entry, report)
  return JSON.parse(readFileSync(inFolder('run.json'), 'utf8'))
}

describe('run.json', () => {
  it('keeps other runs that computed something, the latest last, and the settings of other networks', async () => {
    const earlier = [runFile({ process: { ...OTHER, id: '0000000000000002' }, computed: 3 })]
    const plan = {
      ...{
        patches: [{ name: 'dog', size: 75, sha256: '0', category: null, more: 1 }],
        arithmetic: [{ model: 'a', inputsSha256: '0', seed: 1 }],
      },
      more: 1,
      planned: [{ model: 'a', size: 75, patches: ['dog'], images: 9, inputs: { seed: 1 } }],
    }
    const last = runFile({ process: OTHER, settings: { a: { batch: 1 }, b: { batch: 2 } }, ...plan })
    const found = await runAfter({ ...last, earlier }, { settings: { b: { batch: 8 } } })
    expect(found).toMatchObject({ settings: { a: { batch: 1 }, b: { batch: 8 } }, computed: 1, report: null })
    expect(found.earlier).toEqual([...earlier, last])
  })

  it.each([
    ['of this process', { process, computed: 2 }, 0],
    ['that computed nothing', { computed: 0 }, 0],
    ['that still runs', { computed: 0, finished: null }, 1],
    ['whose process ended early', { process: DEAD, computed: 0, finished: null }, 0],
    ['whose process ended after it computed something', { process: DEAD, finished: null }, 1],
  ])('of a run %s keeps %j: %i', async (_, last, kept) => {
    const { earlier } = await runAfter(last)
    expect(earlier).toEqual(kept === 0 ? undefined : [runFile({ process: OTHER, ...last })])
  })

  it('keeps the report that is up to date until there is another', async () => {
    expect(await runAfter({ report: 'old' })).toMatchObject({ report: 'old' })
    expect(await runAfter({ report: 'old' }, {}, 'new')).toMatchObject({ report: 'new' })
    expect(await lastReport(inFolder('run.json'))).toBe('new')
    expect(await lastReport(inFolder('absent.json'))).toBeNull()
  })

  it('keeps the pairs of networks until there are others', async () => {
    const [old, other] = [[{ plain: 'a', variant: 'b' }], [{ plain: 'a', variant: 'c' }]]
    expect(await runAfter({ pairs: old })).toMatchObject({ pairs: old })
    expect(await runAfter({ pairs: old }, { pairs: other })).toMatchObject({ pairs: other })
    expect(await runAfter({ pairs: old }, { pairs: [] })).toMatchObject({ pairs: [] })
    expect(await runAfter({ pairs: 'damaged' })).not.toHaveProperty('pairs')
  })

  it('keeps how earlier runs opened other networks, so that a report knows where their preprocessing was found', async () => {
    const input = { rows: 224, cols: 224, divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' }
    const opened = (id: string, source: string, changes = {}) => ({ id, input: { ...input, source, ...changes } })
    const earlier = [
      runFile({ process: OTHER, networks: [opened('b', 'options'), opened('a', 'options', { divisor: 1 })] }),
    ]
    const last = { networks: [opened('a', 'assumed'), { ...opened('b', 'assumed'), classes: { count: 9 } }], earlier }
    const { networks } = await runAfter(last, { networks: [opened('a', 'net.input.json')] })
    expect(networks).toEqual([last.networks[1], opened('a', 'net.input.json')])
    const text = '224 px, rgb/255 − 0 0 0, / 1 1 1'
    const known = await openedNetworks(inFolder())
    expect(known.map(({ id, inputSource, classes }) => [id, inputSource, classes])).toEqual([
      ['b', 'assumed', 9],
      ['a', 'net.input.json', undefined],
      // Opened with another input. Of equal inputs, the latest call counts.
      ['a', 'options', undefined],
    ])
    expect(known[0]).toMatchObject({ input: text, isGrey: false })
    expect(await openedNetworks(inFolder('absent'))).toEqual([])
    writeFileSync(inFolder('run.json'), JSON.stringify({ networks: [3, { id: 'a' }, opened('c', 'options')] }))
    expect((await openedNetworks(inFolder())).map(({ id }) => id)).toEqual(['c'])
  })

  it.each([
    ['is cut off', '{"settings": {'],
    ['is no object', '[]'],
    ['lacks a key', JSON.stringify(runFile({ settings: undefined }))],
    ['has settings that are none', JSON.stringify(runFile({ settings: 3 }))],
    ['has an earlier entry that is none', JSON.stringify(runFile({ earlier: [0] }))],
    ['is nested too deeply to be written again', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`],
  ])('counts as absent where it %s, or is a folder', async (_, text) => {
    writeFileSync(inFolder('run.json'), text)
    expect(await readRun(inFolder('run.json'))).toBeUndefined()
    expect(await readRun(inFolder())).toBeUndefined()
  })
})
