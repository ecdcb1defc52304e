import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { platformGap } from '../../src/engine/devices/device.js'
import { largestDistance } from '../../src/engine/features/distance.js'
import type { Features } from '../../src/engine/features/features.js'
import { tryDevice } from '../../src/engine/open/deviceTrial.js'
import { openExecution } from '../../src/engine/open/executionRequest.js'
import { deviceHandle, type NetworkHandle, openThreads } from '../../src/engine/open/handle.js'
import { openDevicePool } from '../../src/engine/queue/workerPool.js'
import { positionGrid } from '../../src/engine/scene/positions.js'
import { sceneOf } from '../../src/engine/scene/scene.js'
import type { Settings } from '../../src/engine/scene/task.js'
import { DeviceError, InterruptedError, WorkerError } from '../../src/errors.js'
import type { Wording } from '../../src/message.js'
import type { Network } from '../../src/network.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { sharedNetworkFolder } from '../support/networkFolder.js'
import { convolutions, node, smallNetwork } from '../support/smallNetwork.js'
import { stripes } from '../support/stripes.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { using } from '../support/using.js'

const SIZE = 12
const { offsets } = positionGrid(32, SIZE, 1)
const POSITIONS = offsets.length / 2
const SETTINGS: Settings = { workers: 2, threads: 1, batch: 8 }
/** A process on the processor is a device like any other. */
const CPU = { name: 'cpu', index: 0 } as const
const RECORD = { device: 'cpu', executionProvider: 'CPUExecutionProvider', precision: 'fp32', adapter: null } as const
const OPENED = { processor: SETTINGS, rate: 1, record: RECORD }

const inShared = sharedNetworkFolder()
const inFolder = temporaryFolder()

let network: Network
let expected: Float32Array
const scene = sceneOf(stripes(SIZE))

beforeAll(async () => {
  network = await convolutions(inShared('network.onnx'))
  const extracting = async (handle: NetworkHandle) => matrixOf(await handle.extract(scene, offsets))
  expected = await using(openThreads(network, SETTINGS), extracting)
})

/** The script of a real process or thread that goes wrong in this way. */
function failing(kind: 'worker' | 'device', failure: string): string {
  vi.stubEnv('SHIFTSCOPE_TEST_FAILURE', failure)
  vi.stubEnv('SHIFTSCOPE_TEST_FILE', inFolder('file'))
  if (failure.includes('once')) writeFileSync(inFolder('file'), '')
  return new URL(`./processes/${kind}.mjs`, import.meta.url).href
}

function matrixOf({ layers }: Features): Float32Array {
  return (layers[0] as Features['layers'][number]).matrix.slice()
}

/** Whether these are the features of the first positions, to the last bit where the processor computes them likewise. */
function expectFeatures(found: Float32Array, positions = POSITIONS, tolerance = 1e-5): void {
  const { dims } = network.layers[0] as Network['layers'][number]
  expect(found).toHaveLength(positions * dims)
  expect(largestDistance(found, expected.subarray(0, positions * dims), dims)).toBeLessThanOrEqual(tolerance)
}

/** A network that needs 32 MB for two images, and more memory than a processor can address for four. */
function growingNetwork(path: string): Promise<Network> {
  return smallNetwork(path, {
    dims: 3,
    nodes: [
      node('Shape', ['image'], 'shape'),
      node('Gather', ['shape', 'first'], 'images'),
      node('Pow', ['images', 'exponent'], 'length'),
      node('ConstantOfShape', ['length'], 'zeros'),
      node('ReduceMax', ['zeros'], 'zero'),
      node('GlobalAveragePool', ['image'], 'mean'),
      node('Flatten', ['mean'], 'flat'),
      node('Add', ['flat', 'zero'], 'feature'),
    ],
    initializers: [
      { name: 'first', shape: [1], int64: [0] },
      { name: 'exponent', shape: [1], int64: [23] },
    ],
  })
}

describe('worker threads', () => {
  it.each([
    ['plainly', 0, undefined],
    ['with values computed once', 1e-5, SETTINGS],
  ])('one of which dies are replaced, %s', async (_, tolerance, reusing) => {
    const handle = openThreads(network, SETTINGS, { script: failing('worker', 'dies once'), reusing })
    await using(handle, async () => {
      expectFeatures(matrixOf(await handle.extract(scene, offsets)), POSITIONS, tolerance)
      if (reusing) expect(handle.ran().reuse).toMatchObject([{ size: SIZE, cut: 'last' }])
    })
    expect(existsSync(inFolder('file'))).toBe(false)
  })

  it.each([
    ['dies always', undefined, /^a worker failed 3 times on batch \d+ \(images \d+ to \d+\): /],
    ['dies always', SETTINGS, /^a worker failed 3 times on batch \d+ \(images \d+ to \d+\): /],
    ['dies once, then cannot open', undefined, /^the network could not be opened: no such file$/],
    ['cannot start', undefined, /3 times .*: no room for a thread; .* fewer `workers`$/],
  ])('one of which %s fail', async (failure, reusing, error) => {
    const extracting = (handle: NetworkHandle) => messageOf(handle.extract(scene, offsets), WorkerError)
    const opened = openThreads(network, SETTINGS, { script: failing('worker', failure), reusing })
    expect(await using(opened, extracting)).toMatch(error)
  })

  it('say why when the network cannot be opened', async () => {
    const gone = { ...network, onnxPath: `${network.onnxPath}.missing` }
    const extracting = (handle: NetworkHandle) => messageOf(handle.extract(scene, offsets), WorkerError)
    expect(await using(openThreads(gone, SETTINGS), extracting)).toMatch(/^the network could not be opened: .*missing/)
  })

  it('halve batches that memory does not suffice for, and say so', async () => {
    const notes: string[] = []
    const handle = await openExecution({
      ...{ network: await growingNetwork(inFolder('growing.onnx')), scene, images: POSITIONS },
      request: { name: 'cpu', index: null, precision: 'fp32' },
      wished: { workers: 1, threads: 1, batch: 4 },
      onNote: (line) => notes.push(String(line)),
    })
    await using(handle, async () => expect((await handle.extract(scene, offsets.subarray(0, 8))).finished).toBe(4))
    expect(notes).toEqual(['batches of 4 images are too large for the processor; continuing with 2'])
    expect(handle.settings.batch).toBe(2)
  })
})

describe('devices', () => {
  async function openDevice(failure: string, changes: object = {}) {
    const notes: string[] = []
    const script = failing('device', failure)
    const options = {
      network,
      devices: [CPU],
      batch: 8,
      script,
      onNote: (line: Wording) => notes.push(String(line)),
      ...changes,
    }
    return { pool: await openDevicePool(options), notes }
  }

  it('that crash once are opened again', async () => {
    const { pool, notes } = await openDevice('crashes once')
    const handle = deviceHandle(pool, OPENED)
    await using(handle, async () => expectFeatures(matrixOf(await handle.extract(scene, offsets))))
    expect([existsSync(inFolder('file')), handle.ran().failure, notes]).toEqual([false, undefined, []])
  })

  it('that are lost for good leave their calls, and all that follow, to the processor', async () => {
    const { pool, notes } = await openDevice('crashes from then on')
    const handle = deviceHandle(pool, OPENED)
    await using(handle, async () => {
      const before = await handle.extract(scene, offsets)
      expect([handle.overlaps, handle.settings]).toEqual([true, { workers: 1, threads: 1, batch: 8 }])
      writeFileSync(inFolder('file'), '')
      const both = await Promise.all([handle.extract(scene, offsets), handle.extract(scene, offsets.subarray(0, 18))])
      // What the device gave before stands.
      expectFeatures(matrixOf(before))
      expectFeatures(matrixOf(both[0]), POSITIONS, 0)
      expectFeatures(matrixOf(both[1]), 9, 0)
    })
    const lost = /^cpu failed \(.*SIGABRT.*\); the processor repeats the current work and does the rest$/
    expect(notes).toEqual([expect.stringMatching(lost)])
    expect(handle).toMatchObject({ settings: SETTINGS, overlaps: false })
    expect(handle.ran()).toEqual({ ...RECORD, failure: expect.stringContaining('SIGABRT') })
  })

  it('that compute in float16 have no processor behind them', async () => {
    const { pool } = await openDevice('crashes always', { precision: 'fp16' })
    const handle = deviceHandle(pool, { ...OPENED, record: { ...RECORD, precision: 'fp16' } })
    const message = await using(handle, () => messageOf(handle.extract(scene, offsets), DeviceError))
    expect(message).toMatch(/^cpu failed: .*; run the same command again, or use `precision fp32`/)
  })

  it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))(
    'halve batches that memory does not suffice for',
    async () => {
      const mean = node('GlobalAveragePool', ['image'], 'feature')
      const large = await smallNetwork(inFolder('mean.onnx'), { side: 224, dims: 3, nodes: [mean] })
      const { pool, notes } = await openDevice('has little memory', { network: large, batch: 256 })
      const many = positionGrid(224, SIZE, 14).offsets
      const handle = deviceHandle(pool, OPENED)
      await using(handle, async () => expect((await handle.extract(scene, many)).finished).toBe(many.length / 2))
      expect(notes[0]).toBe('batches of 256 images are too large for cpu; continuing with 128')
      expect(handle.settings.batch).toBeLessThanOrEqual(128)
      expect(handle.ran().failure).toBeUndefined()
    },
  )
})

describe('the trial of a device', () => {
  const WEBGPU = { name: 'webgpu', index: 0 } as const

  it('measures one that works, and leaves no files behind', async () => {
    vi.stubEnv('TMPDIR', inFolder())
    const found = await tryDevice(CPU, network)
    expect(found).toMatchObject({ device: CPU, runs: true, software: false, milliseconds: expect.any(Number) })
    expect(readdirSync(inFolder())).toEqual([])
  })

  it.skipIf(leftOut(platformGap('webgpu') !== undefined, 'ONNX Runtime has no WebGPU here')).each([
    ['leaves all to the processor', /^ONNX Runtime ran no operator on it$/],
    ['crashes at start', /^its process crashed \(SIGABRT\)/],
  ])('names the reason of one that %s', async (failure, reason) => {
    vi.stubEnv('TMPDIR', inFolder())
    const found = await tryDevice(WEBGPU, network, 'fp32', { script: failing('device', failure) })
    expect(found).toMatchObject({ runs: false, reason: expect.stringMatching(reason) })
    expect(found).toMatchObject({ remedy: expect.stringContaining('driver') })
    expect(readdirSync(inFolder())).toEqual([])
  })

  it('of a provider that is not part of ONNX Runtime here says so', async () => {
    const absent = process.platform === 'linux' ? 'directml' : 'cuda'
    const found = await tryDevice({ name: absent, index: 0 }, network)
    expect(found).toMatchObject({ runs: false, reason: expect.stringMatching(/does not support it$/) })
  })

  it('ends with the signal, also before it is answered', async () => {
    const stopping = new AbortController()
    const options = { script: failing('device', 'answers never'), signal: stopping.signal }
    const unanswered = expect(tryDevice(CPU, network, 'fp32', options)).rejects.toThrow(InterruptedError)
    await vi.waitFor(() => expect(existsSync(inFolder('file'))).toBe(true), { timeout: 30_000 })
    stopping.abort(new InterruptedError())
    await unanswered
    await expect(tryDevice(CPU, network, 'fp32', options)).rejects.toThrow(InterruptedError)
  })
})
