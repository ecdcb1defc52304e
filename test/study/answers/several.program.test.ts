import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it, vi } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { openLocks } from '../../../src/files/lock.js'
import type { ProgressEvent } from '../../../src/progress.js'
import { bucketOf } from '../../../src/results/answers/schema.js'
import type { NetworkConsistency } from '../../../src/study/answers/consistency.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import { answersTitle } from '../../../src/study/answers/item.js'
import type { ConsistencyOptions } from '../../../src/study/answers/options.js'
import { itemLock } from '../../../src/study/items/workQueue.js'
import { start } from '../../support/commandLine.js'
import { runHere } from '../../support/inProcess.js'
import { messageOf } from '../../support/messageOf.js'
import { node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const folder = temporaryFolder()

beforeEach(() => {
  vi.stubEnv('COLUMNS', '200')
  return () => vi.unstubAllEnvs()
})

/** A network whose answers differ from those of the golden one. Its frame is smaller, so it has other shifts. */
async function smaller(): Promise<string> {
  const { onnxPath } = await smallNetwork(folder('smaller.onnx'), {
    ...{ name: 'smaller', side: 24, dims: 3 },
    initializers: [weightsOf('filters', 4, 3, 24, 24), weightsOf('weights', 4, 3)],
    nodes: [
      node('Conv', ['image', 'filters'], 'map'),
      node('Flatten', ['map'], 'flat'),
      node('MatMul', ['flat', 'weights'], 'feature'),
    ],
  })
  return onnxPath
}

const options = async (more: Partial<ConsistencyOptions> = {}): Promise<ConsistencyOptions> => ({
  ...{ photographs: golden, models: [`${golden}classifier.onnx`, await smaller()] },
  ...{ input: 'imagenet', workers: 1, batch: 4, protocols: ['crop', 'diagonal'], report: false },
  ...more,
})

/** All stored answers of a results folder, by path. */
function answersIn(out: string): Readonly<Record<string, Buffer>> {
  const entries = readdirSync(folder(out, 'answers'), { withFileTypes: true, recursive: true })
  const paths = entries
    .filter((entry) => /^answers\./.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.sort().map((path) => [relative(folder(out), path), readFileSync(path)]))
}

/** What does not depend on how fast the network ran. */
const numbersOf = ({ model, measures, photographs, frame }: NetworkConsistency) => ({
  model,
  measures,
  photographs,
  frame,
})

it('gives each network the numbers that it has alone', async () => {
  const given = await options({ out: folder('out') })
  const { networks, protocols } = await consistency(given)
  expect(protocols).toEqual(['crop', 'diagonal'])
  expect(networks.map(({ model, frame }) => [model, frame])).toEqual([
    ['classifier', 28],
    ['smaller', 24],
  ])
  const { models = [], ...rest } = given
  for (const [i, model] of models.entries()) {
    const alone = await consistency({ ...rest, model, out: folder(`alone-${i}`) })
    expect(alone.networks.map(numbersOf)).toEqual([numbersOf(networks[i] as NetworkConsistency)])
  }
})

it('goes on with the network at which it was stopped', async () => {
  const given = await options()
  await consistency({ ...given, out: folder('whole') })
  const stopper = new AbortController()
  const started: string[] = []
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'start') started.push(`${event.label} ${event.before} of ${event.total}`)
    if (event.kind === 'update' && started.length === 2 && event.done > 10) stopper.abort(new Error('stopped'))
  }
  const stopped = consistency({ ...given, out: folder('out'), signal: stopper.signal, onProgress })
  await expect(stopped).rejects.toThrow('stopped')
  // 10 crops and 5 or 4 along the diagonal of 6 photographs.
  expect(started).toEqual(['classifier 0 of 90', 'smaller 0 of 84'])
  // How the answers are computed does not show in the files.
  const again = await consistency({ ...given, batch: 8, out: folder('out') })
  expect(again.networks[0]?.images).toBe(0)
  expect(answersIn('out')).toEqual(answersIn('whole'))
})

it('keeps the results of networks that earlier calls measured in the folder', async () => {
  const given = await options()
  const { models = [], ...rest } = given
  const [first, second] = models as [string, string]
  await consistency({ ...given, out: folder('whole') })
  await consistency({ ...rest, model: first, out: folder('out') })
  const again = { ...rest, model: second, out: folder('out') }
  const { networks } = await consistency({ ...again, report: true })
  expect(networks.map(({ model }) => model)).toEqual(['smaller'])
  expect(answersIn('out')).toEqual(answersIn('whole'))
  expect(readFileSync(folder('out/index.html'), 'utf8')).toContain('2 networks side by side, not ranked together')
  // Nothing is computed again.
  const both = await consistency({ ...given, out: folder('out') })
  expect(both.networks.map(({ images }) => images)).toEqual([0, 0])
  // A network whose folder was removed is gone.
  rmSync(folder('out/answers/classifier'), { recursive: true })
  await consistency({ ...again, report: true })
  expect(readFileSync(folder('out/summary.json'), 'utf8')).not.toContain('classifier')
})

it('gives two processes on one folder the bytes of one', async () => {
  const { models = [], photographs } = await options()
  const words = (out: string) => [
    ...['consistency', photographs, '--models', models.join(), '--input', 'imagenet', '--protocols', 'crop,embed'],
    ...['--workers', '1', '--out', folder(out)],
  ]
  await runHere(words('whole'))
  const ended = await Promise.all([0, 1].map(() => start(words('out')).ended))
  expect(ended.map(({ status }) => status)).toEqual([0, 0])
  expect(answersIn('out')).toEqual(answersIn('whole'))
  for (const name of ['summary.json', 'index.html'])
    expect(readFileSync(folder('out', name)), name).toEqual(readFileSync(folder('whole', name)))
})

it('ends without a report while another process computes the rest', async () => {
  const given = await options({ models: [`${golden}classifier.onnx`], photographs: `${golden}photograph-3.png` })
  const locks = openLocks(folder('out'))
  for (const protocol of ['crop', 'diagonal'] as const)
    await locks.take(
      itemLock({ title: answersTitle({ model: 'classifier', protocol, bucket: bucketOf('photograph-3.png') }) }),
    )
  const notes: string[] = []
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'note') notes.push(event.line)
  }
  const { networks } = await consistency({ ...given, out: folder('out'), onProgress }).finally(() => locks.close())
  expect(networks).toMatchObject([{ model: 'classifier', frame: 28, measures: [], photographs: [], images: 0 }])
  expect(notes).toContain('leaving answers to 2 photographs to other processes')
})

it('refuses networks that it cannot tell apart, before it writes anything', async () => {
  const [model] = (await options()).models as readonly string[]
  const refused = async (more: Partial<ConsistencyOptions>) =>
    messageOf(consistency({ ...(await options({ out: folder('out') })), ...more }), UsageError)
  cpSync(model as string, folder('classifier.onnx'))
  expect(await refused({ models: [model as string, folder('classifier.onnx')] })).toBe(
    `${model} and ${folder('classifier.onnx')} are both called classifier; give one of them another name, such as classifier-2=${folder('classifier.onnx')}`,
  )
  expect(await refused({ model: model as string })).toBe('name one network with `model`, or several with `models`')
  expect(await refused({ weights: 'weights.pth' })).toBe(
    '`weights` works only with one network; name the file as a network: NAME=FILE',
  )
  expect(await refused({ models: ['tiny-alexnet', 'tiny-alexnet-aa'] })).toBe(
    '`input` is for networks outside the catalog, and this call has none; leave it out',
  )
  expect(existsSync(folder('out'))).toBe(false)
})

it('names networks as the user does', async () => {
  const [model] = (await options()).models as readonly string[]
  const models = [`new=${model}`, `old=${model}`]
  const { networks } = await consistency(await options({ models, out: folder('out') }))
  expect(networks.map((network) => network.model)).toEqual(['new', 'old'])
  expect(networks[0]?.photographs).toEqual(networks[1]?.photographs)
})

it('prints the networks in one table, then all measures of each one', async () => {
  vi.stubEnv('COLUMNS', '80')
  const { models = [], photographs } = await options()
  const words = ['consistency', photographs, '--models', models.join(), '--input', 'imagenet', '--protocols', 'crop']
  const { status, stdout, stderr } = await runHere([...words, '--workers', '1'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^network +rank +crop +classes +frame$/m)
  expect(stdout).toContain('2 networks side by side, not ranked together.\n')
  expect(stdout.replaceAll('\n', ' ')).toContain(
    'Networks with different frames or numbers of classes are not ranked together: classifier (28×28 px, 24 classes); smaller',
  )
  expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  for (const name of ['classifier', 'smaller']) {
    expect(stdout).toMatch(new RegExp(`^${name} +– +`, 'm'))
    expect(stdout).toMatch(
      new RegExp(`^${name}\nprotocol +measure +mean +confident +photographs\ncrop +relative-agreement `, 'm'),
    )
    expect(stderr).toMatch(new RegExp(`^${name}: 6 photographs, 60 images in`, 'm'))
  }
})
