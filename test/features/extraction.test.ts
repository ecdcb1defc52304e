import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { NetworkHandle } from '../../src/engine/handle.js'
import { positionGrid } from '../../src/engine/positions.js'
import { sceneOf } from '../../src/engine/scene.js'
import { UsageError } from '../../src/errors.js'
import { extractPlaced } from '../../src/features/extraction.js'
import { messageOf } from '../support/messageOf.js'
import { describedNetwork } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Rows that are written together: BATCHES_PER_ROUND batches of one image. */
const AT_A_TIME = 64

function extract(handle: NetworkHandle) {
  const scene = sceneOf({ name: 'dog', size: 1, rgba: new Uint8Array(4), sha256: '' })
  const look = { background: 'white', blend: 'hard' } as const
  const placed = { scene, grid: positionGrid(10, 1, 1), origin: { patch: 'dog', patchSha256: '', ...look } }
  return extractPlaced(handle, placed, { ...look, size: 1, stride: 1, out: inFolder('out'), patch: 'dog' })
}

it('rows of an attempt that fails are saved before its memory is used again', async () => {
  const network = describedNetwork({ layers: [{ name: 'fc', dims: 1 }] })
  const matrices = [new Float32Array(100).fill(1)]
  const handle = {
    network,
    settings: { workers: 1, threads: 1, batch: 1 },
    ran: () => ({ device: 'cpu', adapter: null, precision: 'fp32', executionProvider: 'cpu' }),
    extract: async (_scene, _offsets, options) => {
      // The first rows are to be written at once, the last one waits for others.
      options?.onRows?.(
        Int32Array.from({ length: AT_A_TIME }, (_, row) => row),
        matrices,
      )
      options?.onRows?.(Int32Array.of(AT_A_TIME), matrices)
      await options?.onFailure?.()
      matrices[0]?.fill(2)
      throw new Error('stopped')
    },
  } as Partial<NetworkHandle> as NetworkHandle
  await expect(extract(handle)).rejects.toThrow('stopped')
  const bytes = readFileSync(join(inFolder('out'), 'fc.npy.partial'))
  const saved = Array.from({ length: AT_A_TIME + 1 }, (_, i) => bytes.readFloatLE(bytes.length - 4 * (1 + i)))
  expect(new Set(saved)).toEqual(new Set([1]))
})

it('refuses two layers if a file would hold one of them and the features of the other at the anchors', async () => {
  const network = describedNetwork({ layers: ['fc', 'anchors-fc'].map((name) => ({ name, dims: 1 })) })
  const handle = { network, ran: () => ({ precision: 'fp32' }) } as NetworkHandle
  expect(await messageOf(extract(handle), UsageError)).toBe(
    'anchors-fc.npy would hold both a layer and the features of fc at the anchors; choose other `layers`',
  )
})
