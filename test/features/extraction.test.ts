import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { NetworkHandle } from '../../src/engine/open/handle.js'
import { positionGrid } from '../../src/engine/scene/positions.js'
import { sceneOf } from '../../src/engine/scene/scene.js'
import { UsageError } from '../../src/errors.js'
import { extractPlaced } from '../../src/features/extraction.js'
import type { ProgressEvent } from '../../src/progress.js'
import { messageOf } from '../support/messageOf.js'
import { describedNetwork } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Rows that are written together: BATCHES_PER_ROUND batches of one image. */
const AT_A_TIME = 64

/** A network of one layer whose features are computed by `extract`. */
function madeHandle(extract: NetworkHandle['extract']): NetworkHandle {
  return {
    network: describedNetwork({ layers: [{ name: 'fc', dims: 1 }] }),
    settings: { workers: 1, threads: 1, batch: 1 },
    ran: () => ({ device: 'cpu', adapter: null, precision: 'fp32', executionProvider: 'cpu' }),
    extract,
  } as Partial<NetworkHandle> as NetworkHandle
}

const placed = {
  scene: sceneOf({ name: 'dog', size: 1, rgba: new Uint8Array(4), sha256: '' }),
  grid: positionGrid(10, 1, 1),
  origin: { patch: 'dog', patchSha256: '', background: 'white', blend: 'hard' },
} as const
const options = { size: 1, stride: 1, patch: 'dog', background: 'white', blend: 'hard' } as const

it('shared layers are shown in passes, without a time left, until images are finished', async () => {
  const handle = madeHandle(async (_scene, _offsets, told) => {
    told?.onShared?.(0, 3)
    told?.onShared?.(1, 3)
    told?.onImages?.(40)
    told?.onShared?.(2, 3)
    told?.onImages?.(100)
    const layers = [{ name: 'fc', dims: 1, matrix: new Float32Array(100) }]
    return { layers, finished: 100, release: () => undefined }
  })
  const events: ProgressEvent[] = []
  await extractPlaced(handle, placed, { ...options, onProgress: (event) => events.push(event) })
  expect(events).toEqual([
    { kind: 'start', label: 'network, shared layers', total: 3, unit: 'passes', before: 0 },
    { kind: 'update', done: 0, secondsLeft: null },
    { kind: 'update', done: 1, secondsLeft: null },
    { kind: 'stop' },
    { kind: 'start', label: 'network', total: 100, unit: 'images', before: 0 },
    { kind: 'update', done: 40 },
    { kind: 'update', done: 100 },
    { kind: 'stop' },
  ])
})

it('rows of an attempt that fails are saved before its memory is used again', async () => {
  const matrices = [new Float32Array(100).fill(1)]
  const handle = madeHandle(async (_scene, _offsets, told) => {
    // The first rows are to be written at once, the last one waits for others.
    told?.onRows?.(
      Int32Array.from({ length: AT_A_TIME }, (_, row) => row),
      matrices,
    )
    told?.onRows?.(Int32Array.of(AT_A_TIME), matrices)
    await told?.onFailure?.()
    matrices[0]?.fill(2)
    throw new Error('stopped')
  })
  await expect(extractPlaced(handle, placed, { ...options, out: inFolder('out') })).rejects.toThrow('stopped')
  const bytes = readFileSync(join(inFolder('out'), 'fc.npy.partial'))
  const saved = Array.from({ length: AT_A_TIME + 1 }, (_, i) => bytes.readFloatLE(bytes.length - 4 * (1 + i)))
  expect(new Set(saved)).toEqual(new Set([1]))
})

it('refuses two layers if a file would hold one of them and the features of the other at the anchors', async () => {
  const network = describedNetwork({ layers: ['fc', 'anchors-fc'].map((name) => ({ name, dims: 1 })) })
  const handle = { network, ran: () => ({ precision: 'fp32' }) } as NetworkHandle
  const call = extractPlaced(handle, placed, { ...options, out: inFolder('out') })
  expect(await messageOf(call, UsageError)).toBe(
    'anchors-fc.npy would hold both a layer and the features of fc at the anchors; choose other `layers`',
  )
})
