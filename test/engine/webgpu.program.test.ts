import { describe, expect, it } from 'vitest'
import { type ExecutionPlan, gpuFasterThan, openExecution } from '../../src/engine/choice.js'
import { sceneOf } from '../../src/engine/scene.js'
import { chooseNetwork } from '../../src/networks/index.js'
import { leftOut } from '../support/leftOut.js'
import { stripes } from '../support/stripes.js'
import { tryWebgpu } from '../support/webgpu.js'

const trial = await tryWebgpu()
const scene = sceneOf(stripes(75))

/** What is to be computed on WebGPU, and the lines that the user is told. */
async function planOf(changes: Partial<ExecutionPlan> = {}) {
  const notes: string[] = []
  const network = await chooseNetwork({ model: 'tiny-alexnet-aa' })
  const request = { name: 'webgpu', index: null } as const
  const wished = { batch: 2 }
  const plan = { network, scene, images: 8, request, wished, onNote: (line: string) => notes.push(line), ...changes }
  return { plan, notes }
}

describe.skipIf(!trial.runs)('WebGPU', () => {
  it('gives the features of the processor within its rounding, and says so', async () => {
    const { plan, notes } = await planOf()
    const { handle, rate, ran } = await openExecution(plan)
    await handle.close()
    const record = ran()
    expect(record).toMatchObject({ device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', precision: 'fp32' })
    expect(record.adapter).toBe(trial.runs && trial.adapter)
    const { positions, relative = {} } = record.noiseFloor ?? {}
    expect([positions, Object.keys(relative)]).toEqual([8, ['fc6', 'fc7', 'fc8']])
    expect(Math.max(...Object.values(relative))).toBeLessThan(1e-5)
    expect([handle.settings.batch, (rate as number) > 0]).toEqual([2, true])
    const slower = expect.stringMatching(/^webgpu runs on .*, which computes on the processor; `device cpu` is faster$/)
    if (trial.runs && trial.software) expect(notes[0]).toEqual(slower)
    expect(notes.at(-1)).toMatch(/^tiny-alexnet-aa on webgpu .*fp32 features within \d\.\de-\d+ of/)
  })

  it.skipIf(leftOut(!trial.runs || trial.software !== true, 'there is no adapter of software'))(
    'of software is never chosen by `auto`',
    async () => {
      const { plan } = await planOf({ images: 1_000_000 })
      expect(await gpuFasterThan(plan, 0)).toBeUndefined()
    },
  )
})
