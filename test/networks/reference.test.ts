import { mkdirSync, writeFileSync } from 'node:fs'
import { parse } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { type GivenReference, isOwnNetwork, parseReference } from '../../src/networks/reference/reference.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

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

  it.each([
    ['new=tiny-alexnet', 'new', 'tiny-alexnet', 'catalog'],
    ['new=absent/net.v2.onnx', 'new', 'absent/net.v2.onnx', 'onnx'],
    ['my net =../absent.pth', 'my net ', '../absent.pth', 'checkpoint'],
    ['new=hf:owner/name', 'new', 'hf:owner/name', 'hub'],
    ['new=./lr=0.1/net.onnx', 'new', './lr=0.1/net.onnx', 'onnx'],
  ])('%s has the name %s', (given, name, model, kind) => {
    expect(parseReference({ model: given })).toEqual({ name, id: name, model, kind })
    expect(isOwnNetwork(given)).toBe(kind === 'onnx' || kind === 'hub')
  })

  it('has no name if it is the path of a file with “=” in it', () => {
    for (const path of ['./lr=0.1.onnx', '../a/lr=0.1/net.onnx', '/absent/lr=0.1.onnx'])
      expect(parseReference({ model: path })).toEqual({ model: path, kind: 'onnx', id: parse(path).name })
    mkdirSync(inFolder('lr=0.1'))
    for (const name of ['b=1.onnx', 'lr=0.1/net.onnx']) writeFileSync(inFolder(name), '')
    const before = process.cwd()
    process.chdir(inFolder('.'))
    try {
      for (const path of ['b=1.onnx', 'lr=0.1/net.onnx'])
        expect(parseReference({ model: path })).toEqual({ model: path, kind: 'onnx', id: parse(path).name })
      expect(parseReference({ model: 'a=b=1.onnx' })).toMatchObject({ model: 'b=1.onnx', id: 'a' })
      expect(parseReference({ model: 'c=1.onnx' })).toMatchObject({ model: '1.onnx', id: 'c' })
    } finally {
      process.chdir(before)
    }
  })

  it.each([
    ['=net.onnx', 'gives a network an empty name'],
    [' =net.onnx', 'gives a network an empty name'],
    ['a/b=net.onnx', 'is not an existing file, and the name of a network cannot contain a slash'],
    ['a\\b=net.onnx', 'is not an existing file, and the name of a network cannot contain a slash'],
    ['a=b=net.onnx', 'contains two names, and the name of a network cannot contain "="'],
    ['new=', 'names no network'],
  ])('is refused as %j', async (model, cause) => {
    const parse = async () => parseReference({ model })
    expect(await messageOf(parse(), UsageError)).toBe(`"${model}" ${cause}; write NAME=FILE or NAME=ID`)
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
