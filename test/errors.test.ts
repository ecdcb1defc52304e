import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RefusedRequest } from '../src/download/request.js'
import {
  ClusterError,
  DeviceError,
  endIfStopped,
  InputError,
  InterruptedError,
  LimitError,
  NetworkError,
  OutputError,
  ResourceError,
  reworded,
  ShiftscopeError,
  throwIfStopped,
  UsageError,
  WorkerError,
} from '../src/errors.js'
import { CudaFailure, DegenerateFeatureError, NonFiniteFeatureError } from '../src/native.js'

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
  [new ClusterError('line'), 'ERR_SHIFTSCOPE_CLUSTER', 1],
  [new LimitError('line'), 'ERR_SHIFTSCOPE_LIMIT', 5],
  [new InterruptedError(), 'ERR_SHIFTSCOPE_INTERRUPTED', 130],
])('%s has a code that stays', (error, code, exitStatus) => {
  expect(error).toBeInstanceOf(ShiftscopeError)
  expect(error).toMatchObject({ code, exitStatus, name: error.constructor.name })
})

it('an error with another message keeps everything else', () => {
  const error = new DegenerateFeatureError({ source: 'anchors', row: 3, reason: 'nan' })
  const copy = reworded(error, 'fc7.npy:\nno cosine')
  expect(copy).toBeInstanceOf(DegenerateFeatureError)
  expect({ ...copy }).toEqual({ ...error })
  expect([copy.message, copy.cause, String(copy)]).toEqual([
    'fc7.npy:?no cosine',
    error,
    'DegenerateFeatureError: fc7.npy:?no cosine',
  ])
  expect(copy.stack).toContain('errors.test.ts')
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
      { numRuns: 30 },
    )
  })

  it.each([
    ['x'.repeat(300), 'x'.repeat(300)],
    ['x'.repeat(301), `${'x'.repeat(100)}…${'x'.repeat(100)}`],
    ['🐕'.repeat(5000), `${'🐕'.repeat(50)}…${'🐕'.repeat(50)}`],
    ['x '.repeat(1000), 'x '.repeat(1000)],
    ['x '.repeat(1001), `${'x '.repeat(495)}…${'x '.repeat(495)}`],
  ])('has the beginning and the end of what is very long', (text, shown) => {
    expect(new UsageError(text).message).toBe(shown)
  })

  it('says what lies between two long names, and names paths as they are', () => {
    const name = 'x'.repeat(20_000)
    expect(new InputError(`cannot read ${name}: no such file '${name}'`).message).toMatch(/x{90}: no such file 'x{90}/)
    const path = `/${'größe/犬 '.repeat(20)}a.npy`
    expect(new InputError(`${path} is not a file`).message).toBe(`${path} is not a file`)
  })
})

describe('work that is stopped', () => {
  it('goes on while it is not, and rejects with the reason of its signal', () => {
    expect(() => throwIfStopped(undefined)).not.toThrow()
    expect(() => throwIfStopped(new AbortController().signal, 'x')).not.toThrow()
    const reason = new Error('enough')
    expect(() => throwIfStopped(AbortSignal.abort(reason), 'stopped')).toThrow(reason)
    const byUser = new InterruptedError(undefined, { exitStatus: 143 })
    expect(() => throwIfStopped(AbortSignal.abort(byUser))).toThrow(byUser)
  })

  it('tells the user of the command line what is left of it', () => {
    const byUser = AbortSignal.abort(new InterruptedError(undefined, { exitStatus: 143 }))
    expect(() => throwIfStopped(byUser, 'the page is kept')).toThrow(
      expect.objectContaining({ message: 'the page is kept', exitStatus: 143 }),
    )
    expect(() => endIfStopped(byUser)).toThrow('stopped without a result')
  })
})
