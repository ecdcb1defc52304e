import { describe, expect, it } from 'vitest'
import { BatchFailure } from '../../../src/engine/features/batchFailure.js'
import { type BatchQueue, type Runner, schedule } from '../../../src/engine/queue/batchQueue.js'
import type { BatchResult } from '../../../src/engine/scene/task.js'

const WRITTEN: BatchResult = { kind: 'written' }
const failed = (reason: string, during: 'open' | 'batch' = 'batch'): BatchResult => ({ kind: 'failed', during, reason })

/** Runs some positions, and tells which batches were tried, as `first+count`, and how many positions stood meanwhile. */
async function scheduled(
  positions: number,
  answer: (first: number, attempt: number) => BatchResult | Promise<BatchResult>,
  { signal, ...changes }: Partial<Runner> & { signal?: AbortSignal } = {},
) {
  const tried: string[] = []
  const attempts = new Map<number, number>()
  const done: number[] = []
  const run = async (first: number, count: number, batch: number) => {
    tried.push(`${first}+${count}/${batch}`)
    attempts.set(first, (attempts.get(first) ?? 0) + 1)
    return answer(first, attempts.get(first) as number)
  }
  const runner: Runner = { batch: 2, inFlight: 1, shrink: () => false, ...changes }
  const batches = { positions, run, signal, onDone: (count: number) => done.push(count) }
  const finished = await schedule(batches, runner).catch((error: BatchFailure) => error)
  return { finished, tried, done }
}

describe('a queue of batches', () => {
  it('has as many batches on their way as the workers take, and no more', async () => {
    let [running, most] = [0, 0]
    const slow = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 1))
      running--
      return WRITTEN
    }
    expect((await scheduled(20, slow, { inFlight: 3 })).finished).toBe(20)
    expect(most).toBe(3)
  })

  it('runs what failed again, one by one, and gives up a batch that has failed three times', async () => {
    const broken = await scheduled(6, (first) => (first === 2 ? failed('broken') : WRITTEN))
    expect(broken.finished).toBeInstanceOf(BatchFailure)
    expect(broken).toMatchObject({ finished: { message: 'broken', first: 2, count: 2 }, done: [2, 2, 2, 2] })
    expect(broken.tried).toEqual(['0+2/2', '2+2/2', '2+2/2', '2+2/2'])
    // Two batches go down together; each has its own attempts, and the rest follows.
    const lost = await scheduled(
      8,
      (first, attempt) => {
        if (first < 4 && attempt === 1) throw new Error('the worker was lost')
        return WRITTEN
      },
      { inFlight: 2 },
    )
    expect(lost).toMatchObject({ finished: 8, tried: ['0+2/2', '2+2/2', '0+2/2', '2+2/2', '4+2/2', '6+2/2'] })
  })

  it('computes again what a failed batch may have damaged', async () => {
    const tried: string[] = []
    const runner = { batch: 4, inFlight: 2, shrink: () => --runner.batch > 0 }
    // The second attempt contains two positions of the batch that was written beside the first one.
    const failing = ['0+4', '3+3']
    const run: BatchQueue['run'] = async (first, count) => {
      tried.push(`${first}+${count}`)
      return failing.includes(`${first}+${count}`) ? failed('broken') : WRITTEN
    }
    expect(await schedule({ positions: 8, run }, runner)).toBe(8)
    expect(tried).toEqual(['0+4', '4+4', '0+3', '3+3', '3+2', '5+2'])
  })

  it('keeps the error of a worker that was lost as the cause', async () => {
    const error = new Error('gone')
    const { finished } = await scheduled(2, () => Promise.reject(error))
    expect(finished).toMatchObject({ message: 'gone', cause: error })
    expect((await scheduled(2, () => Promise.reject('gone'))).finished).toMatchObject({ message: 'gone' })
  })

  it('gives up at once where no session could be opened', async () => {
    const { finished, tried } = await scheduled(4, () => failed('no such file', 'open'))
    expect(finished).toMatchObject({ message: 'no such file', first: undefined })
    expect(tried).toHaveLength(1)
  })

  it('hands out no more once it is stopped, and says how many positions from the first stand', async () => {
    const stop = new AbortController()
    const answer = (first: number) => {
      if (first === 4) stop.abort()
      return WRITTEN
    }
    expect(await scheduled(20, answer, { signal: stop.signal })).toMatchObject({ finished: 6, done: [2, 4, 6] })
    // The first batch fails while the others stand.
    const gap = new AbortController()
    const late = (first: number) => {
      if (first === 2) gap.abort()
      return first === 0 ? failed('broken') : WRITTEN
    }
    expect(await scheduled(20, late, { signal: gap.signal, inFlight: 2 })).toMatchObject({ finished: 0 })
    expect(await scheduled(20, () => WRITTEN, { signal: AbortSignal.abort() })).toMatchObject({
      finished: 0,
      tried: [],
    })
  })

  it('tells running batches that it is stopped, and does not count those that end without their features', async () => {
    const stop = new AbortController()
    const flags: number[] = []
    const run: BatchQueue['run'] = async (first, _count, _batch, flag) => {
      if (first === 2) stop.abort()
      flags.push(...flag)
      return first === 2 ? { kind: 'stopped' } : WRITTEN
    }
    const runner = { batch: 2, inFlight: 1, shrink: () => false }
    expect(await schedule({ positions: 6, run, signal: stop.signal }, runner)).toBe(2)
    expect(flags).toEqual([0, 1])
  })
})
