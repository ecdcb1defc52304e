import { expect, it } from 'vitest'
import { schedule } from '../../src/engine/scheduler.js'

it('gives up a batch that has failed three times', async () => {
  const tried: number[] = []
  const run = async (first: number) => {
    tried.push(first)
    return first === 2
      ? ({ kind: 'failed', during: 'batch', reason: 'broken' } as const)
      : ({ kind: 'written' } as const)
  }
  const failing = schedule({ positions: 6, run }, { batch: 2, inFlight: 1, shrink: () => false })
  await expect(failing).rejects.toMatchObject({ message: 'broken', first: 2, count: 2 })
  expect(tried).toEqual([0, 2, 2, 2])
})
