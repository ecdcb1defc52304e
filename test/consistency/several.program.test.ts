import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it, vi } from 'vitest'
import { consistency } from '../../src/consistency/consistency.js'
import type { ConsistencyOptions } from '../../src/consistency/options.js'
import type { ConsistencyMeasure, NetworkConsistency } from '../../src/consistency/result.js'
import { UsageError } from '../../src/errors.js'
import type { ProgressEvent } from '../../src/progress.js'
import { runHere } from '../support/inProcess.js'
import { messageOf } from '../support/messageOf.js'
import { node, smallNetwork, weightsOf } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../golden/consistency/', import.meta.url))
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
  ...{ input: 'imagenet', workers: 1, batch: 4, protocols: ['crop', 'diagonal'] },
  ...more,
})

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
  const [head, ...lines] = readFileSync(folder('out/summary.csv'), 'utf8').trim().split('\n')
  expect(head).toBe('network,protocol,measure,photographs,mean,standard error,count')
  const { mean, standardError, count, confident } = networks.map(({ measures }) => measures[0])[1] as ConsistencyMeasure
  expect(lines).toContain(`smaller,crop,agreement,all,${mean},${standardError ?? ''},${count}`)
  expect(lines).toContain(
    `smaller,crop,agreement,confident,${confident.mean ?? ''},${confident.standardError ?? ''},${confident.count}`,
  )
  expect(lines.length).toBe(2 * networks.flatMap(({ measures }) => measures).length)
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
  const notes: string[] = []
  // How the answers are computed does not show in the files.
  const again = await consistency({
    ...given,
    batch: 8,
    out: folder('out'),
    onProgress: (event) => event.kind === 'note' && notes.push(event.line),
  })
  expect(notes).toContain('resuming classifier: 6 of 6 photographs are finished')
  expect(again.networks[0]?.images).toBe(0)
  for (const name of ['summary.csv', 'consistency.json', 'index.html', 'networks/smaller/photographs.csv'])
    expect(readFileSync(folder('out', name)), name).toEqual(readFileSync(folder('whole', name)))
})

it('keeps the results of networks that earlier calls measured in the folder', async () => {
  const given = await options()
  const { models = [], ...rest } = given
  const [first, second] = models as [string, string]
  await consistency({ ...given, out: folder('whole') })
  await consistency({ ...rest, model: first, out: folder('out') })
  const notes: string[] = []
  const again = { ...rest, model: second, out: folder('out') }
  const { networks } = await consistency({
    ...again,
    onProgress: (event) => event.kind === 'note' && notes.push(event.line),
  })
  expect(networks.map(({ model }) => model)).toEqual(['smaller'])
  expect(notes).toContain(`keeping the results of "classifier" in ${folder('out')}`)
  for (const name of ['summary.csv', 'consistency.json', 'networks/classifier/photographs.csv'])
    expect(readFileSync(folder('out', name)), name).toEqual(readFileSync(folder('whole', name)))
  const page = readFileSync(folder('out/index.html'), 'utf8')
  expect(page).toContain('most consistent of 2 networks')
  expect(page).toContain('measure both networks in one call')
  // Nothing is computed again, and the page then has everything.
  const both = await consistency({ ...given, out: folder('out') })
  expect(both.networks.map(({ images }) => images)).toEqual([0, 0])
  expect(readFileSync(folder('out/index.html'))).toEqual(readFileSync(folder('whole/index.html')))
  expect(await messageOf(consistency({ ...again, draws: 3 }), UsageError)).toBe(
    `${folder('out')} has results of "classifier" with draws 5; choose another folder with \`out\`, or remove this one`,
  )
  // A network whose folder was removed is gone.
  rmSync(folder('out/networks/classifier'), { recursive: true })
  await consistency(again)
  expect(readFileSync(folder('out/summary.csv'), 'utf8')).not.toContain('classifier')
})

it('leaves the time left to the rate of the network at work, because networks differ in speed', async () => {
  const updates: ProgressEvent[] = []
  const given = await options()
  await consistency({ ...given, onProgress: (event) => event.kind === 'update' && updates.push(event) })
  expect(updates.length).toBeGreaterThan(1)
  expect(updates.filter((event) => 'secondsLeft' in event)).toEqual([])
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
  expect(readFileSync(folder('out/networks/new/photographs.csv'))).toEqual(
    readFileSync(folder('out/networks/old/photographs.csv')),
  )
})

it('prints the networks in one table', async () => {
  const { models = [], photographs } = await options()
  const words = ['consistency', photographs, '--models', models.join(), '--input', 'imagenet', '--protocols', 'crop']
  const { status, stdout, stderr } = await runHere([...words, '--workers', '1'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^network +protocol +measure +mean +std error +confident +std error +photographs$/m)
  for (const name of ['classifier', 'smaller']) {
    expect(stdout).toMatch(new RegExp(`^${name} +crop +same answer in two random crops +\\d`, 'm'))
    expect(stderr).toMatch(new RegExp(`^${name}: 6 photographs, 60 images in`, 'm'))
  }
})
