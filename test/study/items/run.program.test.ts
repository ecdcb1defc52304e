import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { openLocks } from '../../../src/files/lock.js'
import { listenTo } from '../../../src/progress.js'
import type { ReproduceOptions } from '../../../src/study/maps/options.js'
import { reproduce } from '../../../src/study/maps/reproduce.js'
import { isComplete, type StudyStatus, studyStatus } from '../../../src/study/status.js'
import { leftOut } from '../../support/leftOut.js'
import { constantOf, node, smallNetwork } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
afterEach(() => void vi.useRealTimers())

/** A study of two units. */
function study(changes: ReproduceOptions = {}) {
  const small = { models: ['tiny-alexnet'], sizes: [75], patches: 'dog,car', stride: 75 }
  return reproduce({ ...small, experiments: ['similarity'], out: inFolder('out'), ...changes })
}

it('a study takes no less time because the clock is set back meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-29T03:00:00Z') })
  const { seconds, units } = await study({ onProgress: () => vi.setSystemTime(new Date('2026-03-29T02:00:00Z')) })
  expect(units).toBe(2)
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(600)
})

it('the report of another process is taken for this one’s as long as its rows are what was written', async () => {
  const notes: string[] = []
  const onProgress = listenTo({ note: (line) => void notes.push(String(line)) })
  const { report } = await study()
  const other = openLocks(inFolder('out'))
  await other.take('something')
  const isTaken = async () => {
    notes.length = 0
    expect((await study({ onProgress })).report).toEqual(report)
    return notes.includes('another process wrote the report')
  }
  expect(await isTaken()).toBe(true)
  for (const text of ['{}', JSON.stringify(report?.rows.slice(1))]) {
    writeFileSync(inFolder('out', 'summary.json'), text)
    expect(await isTaken()).toBe(false)
  }
  await other.close()
})

it('while another process works on the arithmetic of one network, a study computes that of the others', async ({
  signal,
}) => {
  const other = openLocks(inFolder('arithmetic'))
  await other.take('arithmetic tiny-alexnet-aa')
  const started: string[] = []
  const start = (label: string) => {
    if (label.endsWith(' arithmetic')) started.push(label)
    if (started.length === 1) void other.close()
  }
  const models = ['tiny-alexnet-aa', 'tiny-alexnet-noflip']
  const arithmetic = { models, experiments: ['arithmetic'], expressions: 1, out: inFolder('arithmetic') } as const
  await study({ ...arithmetic, onProgress: listenTo({ start }), signal })
  expect(started).toEqual(['tiny-alexnet-noflip arithmetic', 'tiny-alexnet-aa arithmetic'])
})

it('tells the time left from the first images on, and in status only units with its options', async () => {
  const told: unknown[] = []
  const totals: Record<string, number> = {}
  const out = inFolder('two')
  const onProgress = listenTo({
    start: (name, total) => {
      totals[name] = total
    },
    update: (done, secondsLeft) => void (done > 0 && secondsLeft !== undefined && told.push(secondsLeft)),
  })
  const two = { models: ['tiny-alexnet', 'tiny-alexnet-aa'], experiments: ['similarity'], out } as const
  const { images } = await study({ ...two, onProgress })
  expect(told.length).toBeGreaterThan(0)
  expect(told.filter((secondsLeft) => typeof secondsLeft !== 'number')).toEqual([])
  // Each network has its own number of images.
  expect(totals).toMatchObject({ 'tiny-alexnet': images / 2, 'tiny-alexnet-aa': images / 2 })
  expect(await studyStatus(out)).toMatchObject({ units: { total: 4, done: 4 }, secondsLeft: 0 })
  // A run with other options that is stopped before its first unit.
  const stopping = new AbortController()
  const again = study({
    ...two,
    blend: 'soft',
    signal: stopping.signal,
    onProgress: ({ kind }) => kind === 'start' && stopping.abort(),
  })
  await expect(again).rejects.toThrow()
  expect((await studyStatus(out)).units).toEqual({ total: 4, done: 0, inProgress: 0, left: 4 })
})

it('arithmetic is left while it is computed, or if it has other options', async ({ signal }) => {
  const out = inFolder('sums')
  const sums = {
    models: ['tiny-alexnet-noflip'],
    experiments: ['similarity', 'arithmetic'],
    expressions: 1,
    out,
  } as const
  const looks: Promise<StudyStatus>[] = []
  const start = (label: string) => void (label.endsWith(' arithmetic') && looks.push(studyStatus(out)))
  await study({ ...sums, onProgress: listenTo({ start }), signal })
  const [meanwhile] = await Promise.all(looks)
  expect(meanwhile).toMatchObject({
    units: { total: 2, done: 2 },
    arithmetic: { total: 1, done: 0 },
    secondsLeft: null,
  })
  const after = await studyStatus(out)
  expect([isComplete(meanwhile as StudyStatus), isComplete(after)]).toEqual([false, true])
  expect(after).toMatchObject({ arithmetic: { total: 1, done: 1 }, secondsLeft: 0 })
  // Without `printError`, a process does not wait for the arithmetic of others, so that it ends while that is left.
  const other = openLocks(out)
  await other.take('arithmetic tiny-alexnet-noflip')
  await study({ ...sums, seed: 1, report: false })
  await other.close()
  expect(isComplete(await studyStatus(out))).toBe(false)
})

it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
  'a study with a pipe in the place of its summary does not wait for it',
  async () => {
    await study()
    rmSync(inFolder('out', 'summary.json'))
    execFileSync('mkfifo', [inFolder('out', 'summary.json')])
    await expect(study()).rejects.toThrow(/summary\.json: it is a device or a pipe/)
  },
)

it('a unit is computed again where it lacks the read-out, and will do where it has more than is wanted', async () => {
  const of = (changes: ReproduceOptions) =>
    study({ patches: 'dog', stride: 15, experiments: ['readout'], out: inFolder('readout'), ...changes })
  expect((await of({ experiments: ['similarity'] })).report?.rows.some(({ metric }) => /^readout/.test(metric))).toBe(
    false,
  )
  const { computed, report } = await of({})
  expect(computed).toBe(1)
  const variants = report?.rows.filter(({ layer, metric }) => layer === 'fc8' && metric === 'readout-error')
  const tests = ['shuffled', '32px bands', '64px bands']
  expect(variants?.map(({ variant }) => variant)).toEqual(
    ['row', 'col'].flatMap((axis) => tests.map((one) => `${axis} ${one}`)),
  )
  expect((await of({ experiments: ['similarity'] })).computed).toBe(0)
  expect((await of({ seed: 1 })).computed).toBe(1)
})

it('a study whose units are removed while it runs is not published with those that are left', async () => {
  await study()
  for (const path of ['summary.json', 'units/tiny-alexnet/75/car']) rmSync(inFolder('out', path), { recursive: true })
  const onProgress: ReproduceOptions['onProgress'] = ({ kind }) => {
    if (kind === 'stop') rmSync(inFolder('out', 'units/tiny-alexnet/75/dog'), { recursive: true, force: true })
  }
  const message = /^1 of 2 units disappeared from .* after they were computed; run the same command again/
  await expect(study({ onProgress })).rejects.toThrow(message)
  expect(existsSync(inFolder('out', 'summary.json'))).toBe(false)
})

it('the note on a coarse grid asks for a smaller stride only if there is one', async () => {
  const nodes = [
    node('AveragePool', ['image'], 'map', { kernel_shape: [16, 16], strides: [16, 16] }),
    node('Flatten', ['map'], 'flat'),
    node('Add', ['flat', 'one'], 'feature'),
  ]
  await smallNetwork(inFolder('net.onnx'), { side: 32, dims: 12, nodes, initializers: [constantOf('one', [1], 1)] })
  const notes: string[] = []
  const onProgress = listenTo({ note: (line) => void notes.push(String(line)) })
  const options = { models: [inFolder('net.onnx')], patches: 'dog', sizes: [18], out: inFolder('coarse'), onProgress }
  for (const stride of [1, 3]) await reproduce({ ...options, stride, cv: ['shuffled'], workers: 1 })
  const endings = notes.flatMap(
    (line) => /^net at 18 px: the grid is too coarse .*positions(.*)$/.exec(line)?.[1] ?? [],
  )
  expect(endings).toEqual(['', '; use a smaller stride'])
})
