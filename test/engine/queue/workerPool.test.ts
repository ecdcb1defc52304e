import { afterEach, describe, expect, it, vi } from 'vitest'
import { BatchFailure } from '../../../src/engine/features/batchFailure.js'
import { openFeatureMemory } from '../../../src/engine/features/features.js'
import { fastestBatch } from '../../../src/engine/open/executionRequest.js'
import {
  type ExtractionOptions,
  encodeImages,
  extractFeatures,
  failingAsWorker,
  isTooLarge,
  sceneTask,
  type WorkerPool,
} from '../../../src/engine/queue/workerPool.js'
import { distanceOf, runPasses } from '../../../src/engine/reuse/passes.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { BatchResult, BatchTask, ImageSpec } from '../../../src/engine/scene/task.js'
import { ResourceError, WorkerError } from '../../../src/errors.js'
import type { Network } from '../../../src/network.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { messageOf } from '../../support/messageOf.js'
import { describedNetwork } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

const scene = sceneOf(stripes(2))

function networkOf(batch: number | null = null): Network {
  const layers = Object.entries({ place: 2, sum: 1 }).map(([name, dims]) => ({ name, dims }))
  return describedNetwork({ layers, input: { ...imagenetInput, rows: 8, cols: 8, batch } })
}

/** Positions of all images of a batch, whichever scenes they show. */
const offsetsIn = ({ parts }: BatchTask) => Int32Array.from(parts.flatMap(({ offsets }) => [...offsets]))

type Answer = (task: BatchTask) => BatchResult | undefined

/** Workers whose features are the offsets of an image, and their sum. */
function workersOf(count: number, answer: Answer = () => undefined) {
  const tasks: number[][] = []
  const run = async (task: BatchTask): Promise<BatchResult> => {
    const { target } = task
    const offsets = offsetsIn(task)
    tasks.push([...offsets])
    const other = answer(task)
    if (other !== undefined) return other
    const [place, sum] = target.matrices as [Float32Array, Float32Array]
    for (const [image, row] of target.rows.entries()) {
      place.set(offsets.subarray(2 * image, 2 * image + 2), 2 * row)
      sum[row] = (offsets[2 * image] as number) + (offsets[2 * image + 1] as number)
    }
    return { kind: 'written' }
  }
  return { tasks, workers: { count, inFlight: 1, run, rest: async () => undefined, close: async () => undefined } }
}

function poolOf(batch: number, changes: Partial<WorkerPool> & { count?: number; answer?: Answer } = {}) {
  const { count = 1, answer, ...more } = changes
  const { tasks, workers } = workersOf(count, answer)
  const notes: string[] = []
  const pool: WorkerPool = {
    ...{ network: networkOf(), workers, memory: openFeatureMemory(), batch, hasOneSize: false, name: 'cuda' },
    onNote: (line) => notes.push(String(line)),
    ...more,
  }
  return { pool, tasks, notes }
}

const failed = (reason: string): BatchResult => ({ kind: 'failed', during: 'batch', reason })
const OFFSETS = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)

/** What an extraction tells: rows that it has, and how many images. */
function listening() {
  const [rows, done] = [[] as number[], [] as number[]]
  const options = { onRows: (some: Int32Array) => rows.push(...some), onImages: (count: number) => done.push(count) }
  return { rows, done, options }
}

afterEach(() => void vi.unstubAllEnvs())

describe('an extraction', () => {
  it('puts the features of every position into its row, whatever the batches', async () => {
    for (const batch of [1, 2, 3, 5, 32]) {
      const { rows, done, options } = listening()
      const { layers, finished } = await extractFeatures(poolOf(batch).pool, scene, OFFSETS, options)
      expect(layers).toEqual([
        { name: 'place', dims: 2, matrix: Float32Array.from(OFFSETS) },
        { name: 'sum', dims: 1, matrix: Float32Array.of(1, 5, 9, 13, 17) },
      ])
      expect([finished, rows, done.at(-1)]).toEqual([5, [0, 1, 2, 3, 4], 5])
    }
  })

  it.each([
    ['is filled up with the last position where a batch is short', 2, {}, [2, 2, 2]],
    ['is divided among the workers where there are few', 32, { count: 2 }, [3, 3]],
    ['has no batch of one image beside others', 32, { count: 8 }, [2, 2, 2]],
    ['has batches of one size on devices', 32, { hasOneSize: true, count: 2 }, [32]],
    ['has the only batch that the network takes', 32, { network: networkOf(4) }, [4, 4]],
  ] as const)('%s', async (_, batch, changes, sizes) => {
    const { pool, tasks } = poolOf(batch, changes)
    await extractFeatures(pool, scene, OFFSETS)
    expect(tasks.map(({ length }) => length / 2)).toEqual(sizes)
    expect(tasks.flat().slice(0, 10)).toEqual([...OFFSETS])
    for (const value of tasks.flat().slice(10)) expect([8, 9]).toContain(value)
  })

  it('is stopped between batches', async () => {
    const stop = new AbortController()
    const onImages = (done: number) => done >= 2 && stop.abort()
    expect((await extractFeatures(poolOf(1).pool, scene, OFFSETS, { onImages, signal: stop.signal })).finished).toBe(2)
  })

  it('uses the memory of features again once these are given back', async () => {
    const { pool } = poolOf(2)
    const first = await extractFeatures(pool, scene, OFFSETS)
    const second = await extractFeatures(pool, scene, OFFSETS.subarray(0, 4))
    const buffers = (features: typeof first) => features.layers.map(({ matrix }) => matrix.buffer)
    for (const buffer of buffers(second)) expect(buffers(first)).not.toContain(buffer)
    first.release()
    for (const buffer of buffers(await extractFeatures(pool, scene, OFFSETS))) expect(buffers(first)).toContain(buffer)
  })

  it('of frames has one part for each scene of a batch, and sends movements only if there are any', async () => {
    const other = sceneOf(stripes(3))
    const movement = { rows: 0.5, cols: 0, rowStep: 0, colStep: 0.25 }
    const images: ImageSpec[] = [
      { scene, row: 0, col: 1 },
      { scene: other, row: 2, col: 3 },
      { scene: other, row: 4, col: 5, movement },
      { scene, row: 6, col: 7 },
    ]
    const sent: BatchTask['parts'][] = []
    const answer: Answer = ({ parts }) => void sent.push(parts)
    const { layers } = await encodeImages(poolOf(3, { answer }).pool, images)
    expect([...(layers[1]?.matrix ?? [])]).toEqual([1, 5, 9, 13])
    const [first, last] = sent.map((parts) =>
      parts.map(({ task, ...images }) => ({ size: task.scene.patch.size, ...images })),
    )
    expect(first).toEqual([
      { size: 2, offsets: Int32Array.of(0, 1) },
      { size: 3, offsets: Int32Array.of(2, 3, 4, 5), movements: Float64Array.of(0, 0, 0, 0, 0.5, 0, 0, 0.25) },
    ])
    // The last frame fills up the batch. Its scene has the number that it had before.
    expect(last).toEqual([{ size: 2, offsets: Int32Array.of(6, 7, 6, 7, 6, 7) }])
    expect(sent[1]?.[0]?.task.id).toBe(sent[0]?.[0]?.task.id)
  })
})

describe('batches that are too large', () => {
  it('are halved until they fit, and the note says so', async () => {
    const answer: Answer = (task) => (offsetsIn(task).length > 4 ? failed('CUDA failure 2: out of memory') : undefined)
    const { pool, notes } = poolOf(10, { answer, hasOneSize: true })
    expect((await extractFeatures(pool, scene, OFFSETS)).finished).toBe(5)
    expect(notes).toEqual([
      'batches of 10 images are too large for cuda; continuing with 5',
      'batches of 5 images are too large for cuda; continuing with 2',
    ])
    expect(pool.batch).toBe(2)
  })

  it.each([
    ['of one image', {}, 1, 'out of memory'],
    ['of a network that takes no others', { network: networkOf(2) }, 2, 'out of memory'],
    ['that fail of something else', {}, 2, 'an illegal memory access was encountered'],
  ])('%s fail', async (_, changes, batch, reason) => {
    const { pool, tasks } = poolOf(batch, { ...changes, answer: () => failed(reason), hasOneSize: true })
    await expect(extractFeatures(pool, scene, OFFSETS)).rejects.toThrow(BatchFailure)
    expect(tasks).toHaveLength(3)
  })

  it('are told from other failures by what libraries say', () => {
    const tooLarge = [
      'CUDA failure 2: out of memory',
      'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 411041792',
      'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
      'CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED',
      'TensorRT: Error Code 2: OutOfMemory',
      'DXGI error E_OUTOFMEMORY',
      'VK_ERROR_OUT_OF_DEVICE_MEMORY',
      'Array buffer allocation failed',
      'std::bad_alloc',
    ]
    const others = ['CUDA failure 700: an illegal memory access was encountered', 'CUDNN_STATUS_NOT_INITIALIZED']
    expect([...tooLarge, ...others].filter(isTooLarge)).toEqual(tooLarge)
  })

  it.each([
    ['as long as each is faster', 64, 1e6, 64],
    ['until one is not', 16, 1e6, 16],
    ['as long as the work takes more than a minute', 64, 600, 16],
    ['and not for short work', 64, 599, 8],
  ])('are tried on devices %s', async (_, fastest, images, expected) => {
    // A batch takes 0.8 s whatever its size, up to the one that is fastest.
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const answer: Answer = (task) => {
      const offsets = offsetsIn(task)
      now += offsets.length / 2 <= fastest ? 800 : 100 * offsets.length
      return undefined
    }
    const { pool } = poolOf(8, { answer, hasOneSize: true })
    const request = { name: 'cuda', index: null, precision: 'fp32' } as const
    const execution = { network: pool.network, scene, images, request, wished: {}, onNote: () => undefined }
    vi.stubEnv('PATH', '')
    const rate = await fastestBatch(execution, pool, [{ name: 'cuda', index: 0 }], [16, 32, 64])
    vi.restoreAllMocks()
    expect([pool.batch, rate > 0]).toEqual([expected, true])
  })
})

describe('what failed', () => {
  const failing = (error: unknown) => failingAsWorker(poolOf(4).pool, Promise.reject(error))

  it('is told as an error of a worker, but for other reasons', async () => {
    const message = await messageOf(failing(new BatchFailure('broken', 8, 3)), WorkerError)
    expect(message).toMatch(
      /^a worker failed 3 times on batch 2 \(images 8 to 10\): broken; .* `batch` or fewer `workers`$/,
    )
    const unopened = await messageOf(failing(new BatchFailure('no such file', undefined, 3)), WorkerError)
    expect(unopened).toBe('the network could not be opened: no such file')
    const error = new ResourceError('too many open files')
    await expect(failing(error)).rejects.toBe(error)
  })
})

describe('the memory of work that failed', () => {
  it.each([
    ['an extraction', (pool: WorkerPool, given: ExtractionOptions) => extractFeatures(pool, scene, OFFSETS, given)],
    [
      'passes',
      (pool: WorkerPool, given: ExtractionOptions) =>
        runPasses({ ...pool, task: sceneTask(networkOf(), scene) }, OFFSETS, [[0, 1, 2, 3, 4]], given),
    ],
  ])('is used again when nobody reads it any more: %s', async (_, fail) => {
    let used: readonly ArrayBufferLike[] = []
    const answer: Answer = ({ target }) => {
      used = target.matrices.map(({ buffer }) => buffer)
      return failed('broken')
    }
    const { pool } = poolOf(5, { answer })
    const lent = async () => {
      const { layers } = await pool.memory.fill(pool.network.layers, 5, async () => 5)
      return layers.map(({ matrix }) => used.includes(matrix.buffer))
    }
    let during: readonly boolean[] = []
    const onFailure = async () => {
      during = await lent()
    }
    await expect(fail(pool, { onFailure })).rejects.toThrow('broken')
    expect(during).not.toContain(true)
    expect(await lent()).not.toContain(false)
  })

  it('is not used again where a batch may still write', async () => {
    const { pool } = poolOf(5)
    const onImages = () => {
      throw new Error('a fault of the listener')
    }
    let used: readonly ArrayBufferLike[] = []
    const onRows = (_: Int32Array, matrices: readonly Float32Array[]) => {
      used = matrices.map(({ buffer }) => buffer)
    }
    await expect(extractFeatures(pool, scene, OFFSETS, { onImages, onRows })).rejects.toThrow('listener')
    const { layers } = await pool.memory.fill(pool.network.layers, 5, async () => 5)
    for (const { matrix } of layers) expect(used).not.toContain(matrix.buffer)
  })
})

describe('passes of positions', () => {
  const { offsets } = positionGrid(8, 6, 1)
  const passes = [
    [0, 2, 6, 8],
    [1, 7],
    [3, 4, 5],
  ]
  const workOf = (answer?: Answer) => {
    const { workers } = workersOf(1, answer)
    return { workers, network: networkOf(), memory: openFeatureMemory(), task: sceneTask(networkOf(), scene) }
  }

  it('put features into the rows of their positions, and say which stand', async () => {
    const { rows, done, options } = listening()
    const { layers, finished } = await runPasses(workOf(), offsets, passes, options)
    expect(layers[0]?.matrix).toEqual(Float32Array.from(offsets))
    expect([finished, rows, done]).toEqual([9, [0, 2, 6, 8, 1, 7, 3, 4, 5], [4, 6, 9]])
  })

  it('that are stopped tell the positions that stand from the first', async () => {
    const stop = new AbortController()
    const onImages = (done: number) => done === 6 && stop.abort()
    expect((await runPasses(workOf(), offsets, passes, { onImages, signal: stop.signal })).finished).toBe(3)
  })

  it.each([1, 0])('are as far from the plain way as the layer that is farthest; it rests %i times', async (times) => {
    const sample = offsets.subarray(2, 6)
    const rest = vi.fn(async () => undefined)
    const { pool, tasks } = poolOf(2)
    const run = async (task: BatchTask) => {
      const result = await pool.workers.run(task)
      // The second layer is 1 and 2.
      task.target.matrices[1]?.set([4], 1)
      return result
    }
    const plain = { ...pool, workers: { ...pool.workers, run, rest } }
    expect(await distanceOf(workOf(), plain, scene, sample, times === 1, undefined)).toBe(0.5)
    expect(rest).toHaveBeenCalledTimes(times)
    const answer = vi.fn(() => undefined)
    const signal = AbortSignal.abort(new Error('enough'))
    const stopped = distanceOf(workOf(answer), plain, scene, sample, times === 1, signal)
    await expect(stopped).rejects.toThrow('enough')
    // After an abort, neither way computes an image.
    expect(tasks).toHaveLength(1)
    expect(answer).not.toHaveBeenCalled()
  })
})
