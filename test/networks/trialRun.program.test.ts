import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { catalogEntry, chooseGenerator, chooseNetwork, inspectModel, networkNotes } from '../../src/networks/index.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import * as trials from '../../src/networks/onnx/trialRun.js'
import { crashingModel } from '../support/crashingModel.js'
import { writeWithMetadata } from '../support/generatorFile.js'
import { type Hostile, hostileModel } from '../support/hostileFile.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const LIMITS = vi.hoisted(() => ({
  short: { seconds: 1, bytes: Number.POSITIVE_INFINITY },
  small: { seconds: 60, bytes: 400 * 2 ** 20 },
  now: { seconds: 0, bytes: 0 },
}))

/** The same with small limits, which counts. */
vi.mock('../../src/networks/onnx/trialRun.js', async (importOriginal) => {
  const original = await importOriginal<typeof trials>()
  type Trial = typeof original.trialRun
  const limited =
    (run: Trial): Trial =>
    (model, input, names, signal) =>
      run(model, input, names, signal, LIMITS.now)
  return {
    ...original,
    trialRun: vi.fn(limited(original.trialRun)),
    trialShapes: vi.fn(limited(original.trialShapes)),
  }
})

const inFolder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
  LIMITS.now = LIMITS.short
  vi.mocked(trials.trialRun).mockClear()
  vi.mocked(trials.trialShapes).mockClear()
  return () => vi.unstubAllEnvs()
})

const goldens = join(import.meta.dirname, '../golden/onnx')

async function hostileFile(kind: Hostile): Promise<string> {
  const path = inFolder('hostile.onnx')
  const shape = ['N', 3, 8, 8]
  await writeModel(path, hostileModel(kind, { name: 'image', shape }, { name: 'out', shape }))
  return path
}

function trialsMade(): number {
  return vi.mocked(trials.trialRun).mock.calls.length + vi.mocked(trials.trialShapes).mock.calls.length
}

describe('a network that asks for more than there is', () => {
  it.each<[Hostile, string]>([
    ['slow to run', 'it takes longer than 1 s'],
    ['slow to open', 'it takes longer than 1 s'],
    ['large', 'it takes more than 400 MiB of memory'],
  ])('is refused after one trial: %s', async (kind, reason) => {
    if (kind === 'large') LIMITS.now = LIMITS.small
    const model = await hostileFile(kind)
    expect(await messageOf(chooseNetwork({ model }))).toBe(
      `${model} does not run on input of shape [2, 3, 8, 8] (${reason}); use a smaller network, or smaller images`,
    )
    expect(trialsMade()).toBe(1)
  })

  it('is not inspected either', async () => {
    const model = await hostileFile('slow to run')
    expect(await messageOf(inspectModel(model))).toContain(
      `${model} does not run on input of shape [2, 3, 8, 8] (it takes longer than 1 s)`,
    )
    expect(trialsMade()).toBe(1)
  })

  it('is ended by a signal', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const choosing = chooseNetwork({ model: await hostileFile('slow to run'), signal: stop.signal })
    await expect.poll(trialsMade).toBe(1)
    stop.abort(reason)
    await expect(choosing).rejects.toBe(reason)
  })

  it('may be a generator', async () => {
    const { rows, cols } = catalogEntry('tiny-alexnet').input
    const path = inFolder('hostile.onnx')
    const output = { name: 'image', shape: ['N', 3, rows, cols] }
    await writeWithMetadata(
      path,
      { encoder: 'tiny-alexnet', layer: 'fc6', feature: 'pre-relu' },
      hostileModel('slow to open', { name: 'feature', shape: ['N', 768] }, output),
    )
    expect(await messageOf(chooseGenerator(path))).toBe(
      `${path} does not run on input of shape [2, 768] (it takes longer than 1 s); use a smaller network, or smaller images`,
    )
  })
})

describe('a network that crashes ONNX Runtime', () => {
  it.skipIf(process.arch !== 'x64')('is run at the next lower level of optimisation that works', async () => {
    LIMITS.now = LIMITS.small
    const model = inFolder('crashing.onnx')
    await writeModel(model, crashingModel)
    const network = await chooseNetwork({ model, layers: ['features'] })
    expect(network.optimization).toBe('extended')
    expect(networkNotes(network)).toContain(
      'crashing: ONNX Runtime crashes when it optimises this graph fully; it runs at the level "extended" instead, which may be slower',
    )
    expect(trialsMade()).toBe(1)
    expect(await chooseNetwork({ model, layers: ['features'] })).toEqual(network)
    expect(trialsMade()).toBe(1)
    expect((await inspectModel(model)).tensors.map(({ name }) => name)).toContain('features')
  })

  it('is refused where it does so at the lowest level as well', async () => {
    const preload = pathToFileURL(join(import.meta.dirname, 'processes/abortingSessions.mjs')).href
    vi.stubEnv('NODE_OPTIONS', `--import=${preload}`)
    // Another process than the one that waits for the next trial.
    vi.resetModules()
    const { trialRun } = await vi.importActual<typeof trials>('../../src/networks/onnx/trialRun.js')
    const model = { path: join(goldens, 'plain.onnx'), name: 'plain.onnx', bytes: 0, optimization: 'basic' as const }
    const error = await trialRun(model, { name: 'image', shape: [2, 3, 8, 8] }, ['features']).catch((reason) => reason)
    expect(error.message).toMatch(
      /^plain.onnx does not run on input of shape \[2, 3, 8, 8\] \(its process crashed \(SIGABRT\).*\); export it again$/,
    )
    expect(error).toMatchObject({ exitStatus: 3 })
  })
})

describe('a network that runs', () => {
  it('is tried once', async () => {
    LIMITS.now = LIMITS.small
    const model = inFolder('plain.onnx')
    copyFileSync(join(goldens, 'plain.onnx'), model)
    const network = await chooseNetwork({ model })
    expect(trialsMade()).toBe(1)
    expect(await chooseNetwork({ model })).toEqual(network)
    expect(trialsMade()).toBe(1)
  })

  it('has limits by its size and the memory', () => {
    const gibibyte = 2 ** 30
    expect(trials.trialLimits(1000, 8 * gibibyte)).toEqual({ seconds: 180, bytes: 4 * gibibyte + 2000 })
    expect(trials.trialLimits(1.2e9, 8 * gibibyte)).toEqual({ seconds: 300, bytes: 6 * gibibyte })
  })
})
