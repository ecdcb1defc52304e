import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { openNetwork } from '../../../src/features/openNetwork.js'
import { modelsFolder } from '../../../src/files/package.js'
import { type Report, writeReport } from '../../../src/report/report.js'
import { openResults } from '../../../src/results/store/openResults.js'
import { arithmetic } from '../../../src/study/arithmetic/arithmetic.js'
import type { ReproduceOptions } from '../../../src/study/maps/options.js'
import { reproduce } from '../../../src/study/maps/reproduce.js'
import { contents } from '../../support/commandLine.js'
import { runHere } from '../../support/inProcess.js'
import { messageOf } from '../../support/messageOf.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const inFolder = sharedFolder()
const OWN = join(modelsFolder(), 'tiny-alexnet-noflip.onnx')
const PAIR = { plain: 'old', variant: 'b=1' }
let written: Report

function study(changes: ReproduceOptions = {}) {
  const models = ['old=tiny-alexnet', 'new=tiny-alexnet-aa', 'tiny-alexnet-aa', inFolder('b=1.onnx')]
  const small = {
    models,
    layers: ['fc8'],
    sizes: [75],
    patches: 'dog',
    stride: 75,
    experiments: ['similarity'],
  } as const
  return reproduce({ ...small, out: inFolder('out'), ...changes })
}

/** The networks of claims about pairs, by claim. */
const comparedIn = ({ findings }: Report) =>
  findings.filter(({ claim }) => claim.endsWith('-the-grid')).map(({ claim, model }) => `${claim} ${model}`)

beforeAll(async () => {
  writeFileSync(inFolder('b=1.onnx'), readFileSync(OWN))
  written = (await study({ pairs: [PAIR] })).report as Report
})

it('names stand in all results, and each network has the weights and the facts of what it names', async () => {
  const models = ['b=1', 'new', 'old', 'tiny-alexnet-aa']
  expect([...new Set(written.rows.map(({ model }) => model))].toSorted()).toEqual(models)
  const found: (readonly [string, string | undefined, string | undefined])[] = []
  for await (const { inputs } of openResults(inFolder('out')))
    found.push([inputs.model, inputs.catalogId, inputs.input?.split(' ')[0] && 'own'])
  expect(found).toEqual([
    ['b=1', undefined, 'own'],
    ['new', 'tiny-alexnet-aa', undefined],
    ['old', 'tiny-alexnet', undefined],
    ['tiny-alexnet-aa', undefined, undefined],
  ])
  const { settings, networks, pairs } = JSON.parse(readFileSync(inFolder('out', 'run.json'), 'utf8'))
  expect(Object.keys(settings).toSorted()).toEqual(models)
  expect(networks.map(({ id }: { id: string }) => id).toSorted()).toEqual(models)
  expect(pairs).toEqual([PAIR])
  const page = readFileSync(inFolder('out', 'index.html'), 'utf8')
  const weightsOf = (model: string) =>
    new RegExp(`<th scope="row">${model}</th>.*?<td>(embedded|not in the catalog)</td>`).exec(page)?.[1]
  expect(models.map(weightsOf)).toEqual(['not in the catalog', 'embedded', 'embedded', 'embedded'])
})

it('the pairs of a study are those of the catalog and the given ones, also in a later report', async () => {
  const inherited = ['new', 'tiny-alexnet-aa'].map((model) => `anti-aliasing-suppresses-the-grid ${model}`)
  const all = (given: string) => [...inherited, `variant-suppresses-the-grid ${given}`].toSorted()
  expect(comparedIn(written).toSorted()).toEqual(all('b=1'))
  expect(comparedIn(await writeReport(inFolder('out'))).toSorted()).toEqual(all('b=1'))
  const pairs = [{ plain: 'b=1', variant: 'old' }]
  expect(comparedIn(await writeReport(inFolder('out'), { pairs })).toSorted()).toEqual(all('old'))
  // Without pairs of its own, a later study keeps those that are stored.
  expect(comparedIn((await study()).report as Report).toSorted()).toEqual(all('b=1'))
  expect(comparedIn((await study({ pairs: [] })).report as Report).toSorted()).toEqual(inherited)
})

it('a pair of a network that is not in the study is refused, and changes nothing', async () => {
  const before = await contents(inFolder('out'))
  const { status, stdout, stderr } = await runHere(['report', '--pair', 'old=nix', inFolder('out')])
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toContain('--pair names nix, but the networks are tiny-alexnet-aa, b=1, new, old; use two of')
  expect(await contents(inFolder('out'))).toEqual(before)
})

it('openNetwork and arithmetic give a network its name', async () => {
  await using named = await openNetwork('new=tiny-alexnet')
  expect(named.network).toMatchObject({ id: 'new', catalogId: 'tiny-alexnet', title: 'Tiny AlexNet' })
  await using own = await openNetwork(`own=${OWN}`)
  expect(own.network).toMatchObject({ id: 'own', title: 'own' })
  expect(own.network.catalogId).toBeUndefined()
  const images = { A: 'dog@0,0', B: 'car@149,149' }
  const sum = { expression: 'A + B', images, layers: ['fc8'] }
  expect((await arithmetic({ ...sum, model: 'new=tiny-alexnet' })).document.model).toBe('new')
  const stray = arithmetic({ ...sum, model: 'new=tiny-alexnet', weights: { 'tiny-alexnet': 'x.pth' } })
  expect(await messageOf(stray, UsageError)).toContain('`weights` names tiny-alexnet, which this command does not use')
})
