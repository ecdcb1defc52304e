import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DeviceError,
  InputError,
  InterruptedError,
  NetworkError,
  OutputError,
  ResourceError,
  ShiftscopeError,
  UsageError,
  WorkerError,
} from '../src/errors.js'
import { CudaFailure, DegenerateFeatureError, NonFiniteFeatureError } from '../src/native.js'
import { RefusedRequest } from '../src/networks/fileRequest.js'

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
  [new ResourceError('line'), 'ERR_SHIFTSCOPE_RESOURCE', 1],
  [new InterruptedError(), 'ERR_SHIFTSCOPE_INTERRUPTED', 130],
])('%s has a code that stays', (error, code, exitStatus) => {
  expect(error).toBeInstanceOf(ShiftscopeError)
  expect(error).toMatchObject({ code, exitStatus, name: error.constructor.name })
})

describe('a message', () => {
  it('is one line with its remedy at the end, whatever is named in it', () => {
    const { message } = new InputError(
      'cannot read a\nb\r\u001b]0;title\u0007\u2028\u202ec.npy: no such file; check the path',
    )
    expect(message).toBe('cannot read a?b??]0;title???c.npy: no such file; check the path')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(new UsageError(`${name} is not known`).message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]* is not known$/u)
      }),
    )
  })

  it.each(['x'.repeat(20_000), 'x '.repeat(10_000), '🐕'.repeat(5_000)])(
    'names the beginning and the end of what is very long',
    (name) => {
      const { message } = new UsageError(`unknown model "${name}${name}"; see "shiftscope models list"`)
      expect(message.length).toBeLessThan(2_100)
      expect(message).toMatch(/^unknown model "(x|🐕)[^\p{Cs}]*…[^\p{Cs}]*"; see "shiftscope models list"$/u)
    },
  )

  it('says what lies between two long names', () => {
    const name = 'x'.repeat(20_000)
    expect(new InputError(`cannot read ${name}: no such file '${name}'`).message).toMatch(/x{90}: no such file 'x{90}/)
  })

  it('names paths as they are', () => {
    const path = `/${'größe/犬 '.repeat(20)}a.npy`
    expect(new InputError(`${path} is not a file`).message).toBe(`${path} is not a file`)
  })
})
