import { describe, expect, it } from 'vitest'
import { ChildFailure } from '../../src/childProcess/child.js'
import { InputError } from '../../src/errors.js'
import { trialLimits, tryBatches } from '../../src/onnx/trial/trialRun.js'

const GIBIBYTE = 2 ** 30

it.each([
  [1000, 8, { seconds: 360, bytes: 4 * GIBIBYTE + 2000 }],
  [1.2e9, 8, { seconds: 480, bytes: 6 * GIBIBYTE }],
])('a trial of a file of %d bytes has its limits by that and the memory', (bytes, memory, limits) => {
  expect(trialLimits(bytes, memory * GIBIBYTE)).toEqual(limits)
})

describe('a graph is tried', () => {
  const refused = new InputError('does not run')
  const ended = new InputError('takes too long', { cause: new ChildFailure('it takes longer than 1 s', 'late') })

  it.each([
    ['with the number of images that it states', 4, {}, { batch: 4, fixedBatch: 4 }, [4]],
    ['with two images', null, {}, { batch: 2, fixedBatch: null }, [2]],
    ['with one where two do not run', null, { 2: refused }, { batch: 1, fixedBatch: 1 }, [2, 1]],
    ['with one where two give one', null, { 2: 'part' }, { batch: 1, fixedBatch: 1 }, [2, 1]],
    ['once where its trial was ended', null, { 2: ended }, ended, [2]],
    ['once where something else fails', null, { 2: new Error('bug') }, new Error('bug'), [2]],
    ['with no other number than it states', 2, { 2: refused }, refused, [2]],
  ] as const)('%s', async (_, stated, results, outcome, batches) => {
    const tried: number[] = []
    const attempt = async (batch: number) => {
      tried.push(batch)
      const result = (results as Record<number, Error | string>)[batch] ?? 'whole'
      if (result instanceof Error) throw result
      return result
    }
    const action = tryBatches(stated, attempt, (shown) => shown === 'whole')
    if (outcome instanceof Error) await expect(action).rejects.toThrow(outcome)
    else expect(await action).toEqual({ shown: 'whole', ...outcome })
    expect(tried).toEqual(batches)
  })
})
