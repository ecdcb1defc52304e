import { expect, it } from 'vitest'
import { openFeatureMemory } from '../../../src/engine/features/features.js'
import type { Workers } from '../../../src/engine/queue/workers.js'
import { runPasses } from '../../../src/engine/reuse/passes.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import { describedNetwork } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

it('passes tell their shared layers once each, and the images that running ones have finished', async () => {
  let attempts = 0
  const run: Workers['run'] = async (_task, onProgress) => {
    onProgress?.(0)
    onProgress?.(2)
    // The images of a pass that fails do not count.
    if (attempts++ === 0) return { kind: 'failed', during: 'batch', reason: 'of the test' }
    return { kind: 'written' }
  }
  const workers: Workers = { count: 1, inFlight: 1, run, rest: async () => undefined, close: async () => undefined }
  const task = { id: 1, scene: sceneOf(stripes(2)) }
  const work = { workers, network: describedNetwork(), memory: openFeatureMemory(), task }
  const shared: number[][] = []
  const images: number[] = []
  const passes = [
    [0, 2, 4],
    [1, 3, 5],
  ]
  await runPasses(work, new Int32Array(12), passes, {
    onShared: (...told) => void shared.push(told),
    onImages: (done) => void images.push(done),
  })
  expect(shared.at(-1)).toEqual([2, 2])
  expect(shared.map(([done]) => done)).toEqual([1, 1, 2])
  expect(images).toEqual([2, 2, 3, 5, 6])
})
