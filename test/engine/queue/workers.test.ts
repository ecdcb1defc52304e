import { mkdirSync, rmdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openWorkers } from '../../../src/engine/queue/workers.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import { UsageError } from '../../../src/errors.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { leftOut } from '../../support/leftOut.js'
import { stripes } from '../../support/stripes.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const SCRIPT = new URL('processes/telling.mjs', import.meta.url).href
const DATA = { backend: 'process', requests: [], pids: new Int32Array(1) } as const

it('the progress of a batch is told while it is computed, and an error of the listener rejects the batch', async () => {
  const workers = openWorkers(DATA, 1, SCRIPT)
  const scene = sceneOf(stripes(2))
  const compute = (onProgress: (images: number) => void) => {
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const stop = new Int32Array(1)
    const target = { matrices: [new Float32Array(flag.buffer)], rows: Int32Array.of(7) }
    return workers.run({ parts: [{ task: { id: 3, scene }, offsets: new Int32Array(2) }], target, stop }, (images) => {
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
      onProgress(images)
    })
  }
  const told: number[] = []
  expect(await compute((images) => told.push(images))).toEqual({ kind: 'written' })
  expect(told).toEqual([0])
  const failing = compute(() => {
    throw new Error('of the listener')
  })
  await expect(failing).rejects.toThrow('of the listener')
  await workers.close()
})

it('a batch that is stopped before it begins does not open the network', async () => {
  const data = { backend: 'thread', onnxPath: 'missing.onnx', input: imagenetInput, outputs: [], threads: 1 } as const
  const workers = openWorkers(data, 1)
  const target = { matrices: [], rows: Int32Array.of(0) }
  const task = { parts: [{ task: { id: 1, scene: sceneOf(stripes(2)) }, offsets: new Int32Array(2) }], target }
  expect(await workers.run({ ...task, stop: Int32Array.of(1) })).toEqual({ kind: 'stopped' })
  expect(await workers.run({ ...task, stop: Int32Array.of(0) })).toMatchObject({ kind: 'failed', during: 'open' })
  await workers.close()
})

it.skipIf(leftOut(process.platform === 'win32', 'Windows never removes a current folder'))(
  'are refused in a folder that was removed, where no thread can start',
  () => {
    const before = process.cwd()
    mkdirSync(inFolder('removed'))
    process.chdir(inFolder('removed'))
    rmdirSync(inFolder('removed'))
    try {
      const message = 'the current folder no longer exists; go to a folder that exists, and run the same command again'
      expect(() => openWorkers(DATA, 1, SCRIPT)).toThrow(new UsageError(message))
    } finally {
      process.chdir(before)
    }
  },
)
