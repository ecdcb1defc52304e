import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { WorkerData } from '../../../src/engine/backends/backend.js'
import { openThreadCrew } from '../../../src/engine/crew.js'
import { positionGrid } from '../../../src/engine/positions.js'
import { openReuse } from '../../../src/engine/reuse/reuse.js'
import { sceneOf } from '../../../src/engine/scene.js'
import type { Network } from '../../../src/networks/index.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { networkFolder } from '../../support/networkFolder.js'
import { convolutions } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

// Whole extractions, which need worker threads, are in reuse.program.test.ts.

const SIZE = 20
const scene = sceneOf(stripes(SIZE))
const inFolder = networkFolder()

/** Values computed once where the plain way fails, before workers start. */
function failing(network: Network) {
  const opened: string[] = []
  const settings = { workers: 1, threads: 1, batch: 32 }
  const crew = openThreadCrew(network, settings)
  const workers = { ...crew.workers, run: () => Promise.reject(new Error('the plain way fails')) }
  const open = (data: WorkerData) => {
    if (data.backend === 'cells') opened.push(data.cells.graphs.cells)
    return workers
  }
  return { reuse: openReuse({ ...crew, workers }, settings, open), opened }
}

describe('values computed once', () => {
  it('let go of their workers also after an error, so that those of other graphs may take their place', async () => {
    const onnxPath = fileURLToPath(new URL('../../golden/exports/resnet18.onnx', import.meta.url))
    const { reuse, opened } = failing({
      ...(await convolutions(inFolder('network.onnx'))),
      ...{ onnxPath, input: { ...imagenetInput, rows: 64, cols: 64 } },
    })
    // The grids are so different that their plans leave the cells after different steps.
    for (const stride of [1, 1, 3, 1])
      await expect(reuse.extract(scene, positionGrid(64, SIZE, stride).offsets)).rejects.toThrow('the plain way fails')
    const [fine, coarse] = opened
    expect(opened).toEqual([fine, coarse, fine])
    expect(coarse).not.toBe(fine)
    await reuse.close()
  })
})
