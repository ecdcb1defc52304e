import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { type GivenReference, isOwnNetwork, parseReference } from '../../src/networks/reference.js'
import { messageOf } from '../support/messageOf.js'

describe('a reference', () => {
  it.each([
    ['tiny-alexnet', 'catalog', 'tiny-alexnet'],
    ['not-in-the-catalog', 'catalog', 'not-in-the-catalog'],
    ['absent/net.v2.onnx', 'onnx', 'net.v2'],
    ['absent/NET.ONNX', 'onnx', 'NET'],
    ['hf:owner/name@v1.pt', 'hub', 'hf:owner/name@v1.pt'],
    ['hf:owner/name:a/b.onnx', 'hub', 'hf:owner/name:a/b.onnx'],
    ['absent/weights.PTH', 'checkpoint', 'absent/weights.PTH'],
    ['weights.safetensors', 'checkpoint', 'weights.safetensors'],
  ])('%s has the kind %s and the id %s, although no such file exists', (model, kind, id) => {
    expect(parseReference({ model })).toEqual({ model, kind, id })
    expect(isOwnNetwork(model)).toBe(kind === 'onnx' || kind === 'hub')
  })

  it('keeps the options that go with it', () => {
    const given = { model: 'a.onnx', layers: ['fc'], pool: 'mean', scores: 'sigmoid', weights: undefined } as const
    expect(parseReference(given)).toEqual({ ...given, kind: 'onnx', id: 'a' })
  })

  it.each<[Omit<GivenReference, 'model'>, string]>([
    [{ pool: 'median' as 'mean' }, 'pool median is not known; use none, mean, max, center'],
    [{ scores: 'odds' as 'logits' }, 'meaning of scores odds is not known; use probabilities, logits, sigmoid'],
    [{ inputSize: 0 }, '`inputSize` 0 is not a positive whole number'],
  ])('is refused with a wrong option: %j', async (options, message) => {
    const parse = async () => parseReference({ model: 'absent.onnx', ...options })
    expect(await messageOf(parse(), UsageError)).toBe(message)
  })
})
