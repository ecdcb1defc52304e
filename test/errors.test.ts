import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  DeviceError,
  InputError,
  InterruptedError,
  NetworkError,
  OutputError,
  ShiftscopeError,
  UsageError,
  WorkerError,
} from '../src/errors.js'
import { CudaFailure, DegenerateFeatureError, NonFiniteFeatureError } from '../src/native.js'
import { RefusedRequest } from '../src/networks/fileRequest.js'

const documentation = readFileSync(new URL('../src/errors.ts', import.meta.url), 'utf8')

it.each([
  [new UsageError('line'), 'ERR_SHIFTSCOPE_USAGE', 2],
  [new InputError('line'), 'ERR_SHIFTSCOPE_INPUT', 3],
  [new DegenerateFeatureError({ source: 'features', row: 0, reason: 'zero' }), 'ERR_SHIFTSCOPE_DEGENERATE_FEATURE', 3],
  [new NonFiniteFeatureError(0), 'ERR_SHIFTSCOPE_NON_FINITE_FEATURE', 3],
  [new DeviceError('line'), 'ERR_SHIFTSCOPE_DEVICE', 4],
  [new CudaFailure(0, 'reason'), 'ERR_SHIFTSCOPE_CUDA', 4],
  [new OutputError('line'), 'ERR_SHIFTSCOPE_OUTPUT', 1],
  [new NetworkError('line'), 'ERR_SHIFTSCOPE_NETWORK', 1],
  [new RefusedRequest('line'), 'ERR_SHIFTSCOPE_REFUSED_REQUEST', 1],
  [new WorkerError('line'), 'ERR_SHIFTSCOPE_WORKER', 1],
  [new InterruptedError(), 'ERR_SHIFTSCOPE_INTERRUPTED', 130],
])('%s has a code that stays', (error, code, exitStatus) => {
  expect(error).toBeInstanceOf(ShiftscopeError)
  expect(error).toMatchObject({ code, exitStatus, name: error.constructor.name })
  expect(documentation).toContain(`| \`${code}\` | ${error.name}`)
})

it('a message is one line of text, of which the beginning and the remedy are kept, whatever name it holds', () => {
  expect(new InputError('cannot read a\nb\u001b[2J\u202e\ud800: no such file').message).toBe(
    'cannot read a?b?[2J??: no such file',
  )
  const { message } = new UsageError(`no class "${'💥'.repeat(5000)}"; use another`)
  expect(message).toMatch(/^no class "💥.*"; use another$/u)
  expect(message.length).toBeLessThanOrEqual(2000)
})
