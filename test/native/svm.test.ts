import { describe, expect, it } from 'vitest'
import { type SvmOptions, trainSvm } from '../../src/native.js'

const options = {
  features: Float32Array.of(-2, -1, 1, 3),
  rows: 4,
  dims: 1,
  labels: Int8Array.of(-1, -1, 1, 1),
  problems: 1,
  C: 1,
} satisfies SvmOptions

describe('trainings', () => {
  it('do not read labels after the call', async () => {
    const labels = options.labels.slice()
    const trained = trainSvm({ ...options, labels })
    labels.fill(0)
    expect(await trained).toEqual(await trainSvm(options))
  })

  it('take any number of threads', async () => {
    const one = await trainSvm(options)
    for (const threads of [3, 2 ** 50]) expect(await trainSvm({ ...options, threads })).toEqual(one)
  })

  it('refuse more rows than samples have numbers', async () => {
    const none = { ...options, features: new Float32Array(), labels: new Int8Array(), problems: 0 }
    await expect(trainSvm({ ...none, rows: 2 ** 32 })).rejects.toThrow(
      'rows must be a whole number, at least 0 and at most 4294967295',
    )
  })

  it('refuse views on resizable buffers, and take growing ones', async () => {
    const bytes = options.features.byteLength
    const resizable = new Float32Array(Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: 2 * bytes }]), 0, 4)
    await expect(trainSvm({ ...options, features: resizable })).rejects.toThrow(
      new TypeError('features must not be a view on a resizable ArrayBuffer'),
    )
    const growable = new Float32Array(Reflect.construct(SharedArrayBuffer, [bytes, { maxByteLength: 2 * bytes }]), 0, 4)
    growable.set(options.features)
    expect(await trainSvm({ ...options, features: growable })).toEqual(await trainSvm(options))
  })
})
