import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import {
  type Chunk,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/protobuf/wire.js'
import { blobMessage, type CaffeBlob, type CaffeForm, joined, writeCaffeModel } from '../support/caffeFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { readWholeCheckpoint } from '../support/wholeCheckpoint.js'

const goldens = join(import.meta.dirname, '../golden/caffe')
const inFolder = temporaryFolder()

async function readAll(path: string): Promise<Record<string, CaffeBlob>> {
  const { format, tensors } = await readWholeCheckpoint(path)
  expect(format).toBe('caffemodel')
  const read = [...tensors].map(
    async ([key, tensor]) => [key, { shape: tensor.shape, values: [...(await tensor.read())] }] as const,
  )
  return Object.fromEntries(await Promise.all(read))
}

async function refusal(bytes: Uint8Array | readonly Chunk[], name = 'test.caffemodel'): Promise<string> {
  writeFileSync(inFolder(name), bytes instanceof Uint8Array ? bytes : joined(bytes))
  const error = await readAll(inFolder(name)).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(InputError)
  expect((error as Error).message).not.toContain('\n')
  return (error as Error).message
}

const forms = fc.record<CaffeForm>({
  layers: fc.constantFrom(1, 2),
  shape: fc.constantFrom('dims', 'unpacked dims', 'legacy'),
  elements: fc.constantFrom('packed', 'unpacked', 'pieces', 'double', 'unpacked double'),
})

function layersOf(axes: { minLength: number; maxLength: number }) {
  const blob = fc.array(fc.integer({ min: 0, max: 4 }), axes).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1)
    const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: length,
      maxLength: length,
    })
    return fc.record<CaffeBlob>({ shape: fc.constant(shape), values })
  })
  const layer = fc.record({
    name: fc.string({ minLength: 1, unit: 'grapheme' }),
    blobs: fc.array(blob, { maxLength: 3 }),
  })
  return fc
    .uniqueArray(layer, { minLength: 1, maxLength: 4, selector: ({ name }) => name })
    .filter((layers) => layers.some(({ blobs }) => blobs.length > 0))
}

describe('a Caffe model', () => {
  it.each(['v1', 'v2'])('of %s layers that Google’s protobuf wrote gives its blobs', async (version) => {
    const expected = JSON.parse(readFileSync(join(goldens, 'expected.json'), 'utf8'))
    expect(await readAll(join(goldens, `${version}.caffemodel`))).toEqual(expected[version])
  })

  it('gives back any float32 values in any form', async () => {
    const model = forms.chain((form) =>
      fc.tuple(
        fc.constant(form),
        layersOf(form.shape === 'legacy' ? { minLength: 4, maxLength: 4 } : { minLength: 0, maxLength: 5 }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(model, async ([form, layers]) => {
        writeCaffeModel(inFolder('drawn.caffemodel'), layers, form)
        const expected = layers.flatMap(({ name, blobs }) => blobs.map((blob, i) => [`${name}.${i}`, blob] as const))
        expect(await readAll(inFolder('drawn.caffemodel'))).toEqual(Object.fromEntries(expected))
      }),
      { numRuns: 200 },
    )
  })

  it('is known without its extension, by how it starts', async () => {
    for (const layers of [1, 2] as const) {
      const blob = { shape: [1, 1, 1, 2], values: [1, 2] }
      writeCaffeModel(inFolder('weights'), [{ name: 'fc', blobs: [blob] }], {
        layers,
        shape: 'legacy',
        elements: 'packed',
      })
      expect(await readAll(inFolder('weights'))).toEqual({ 'fc.0': blob })
    }
  })

  it('may leave out other fields, known or not', async () => {
    const other = [...integerField(4, 7), ...stringField(200, 'new'), ...messageField(8, packedIntegersField(1, [3]))]
    const diff = messageField(6, [Buffer.alloc(8)])
    const blob = [...blobMessage({ shape: [2], values: [1, 2] }, { shape: 'dims', elements: 'packed' }), ...diff]
    const layer = [...stringField(1, 'fc'), ...stringField(2, 'InnerProduct'), ...messageField(7, blob)]
    writeFileSync(inFolder('test.caffemodel'), joined([...other, ...messageField(100, layer), ...other]))
    expect(await readAll(inFolder('test.caffemodel'))).toEqual({ 'fc.0': { shape: [2], values: [1, 2] } })
  })
})

describe('a damaged Caffe model', () => {
  const layer = (...blobs: Chunk[][]) =>
    messageField(100, [...stringField(1, 'fc'), ...blobs.flatMap((blob) => messageField(7, blob))])
  const shape = (...dims: number[]) => messageField(7, packedIntegersField(1, dims))
  const elements = (count: number) => messageField(5, [Buffer.alloc(4 * count)])

  it('is refused when shape and elements do not fit', async () => {
    for (const blob of [
      [...elements(4), ...shape(2, 3)],
      [...elements(4), ...shape(-2, -2)],
      [...elements(1), ...shape(2 ** 40, 2 ** 40)],
      [...elements(0), ...shape()],
      [...elements(4), ...integerField(1, 4)],
      [...elements(1), ...shape(...Array<number>(33).fill(1))],
      [...elements(1), ...Array.from({ length: 40 }, () => shape(1)).flat()],
    ]) {
      expect(await refusal(layer(blob))).toMatch(
        /is a damaged Caffe model: .*(do not fit its shape|than 32 (numbers|axes))/,
      )
    }
    expect(await refusal(layer([...messageField(5, [Buffer.alloc(7)]), ...shape(1)]))).toContain('are cut off')
    expect(await refusal(layer([...integerField(5, 1), ...shape(1)]))).toContain('of the wrong kind')
  })

  it('is refused when a length inside is longer than what it lies in', async () => {
    const tooLong = (field: number, length: number) => Buffer.from([field * 8 + 2, 0x80 | (length & 0x7f), length >> 7])
    const lies = tooLong(5, 4000)
    expect(await refusal(layer([lies, ...shape(1000)]))).toContain('it is not protobuf')
    expect(await refusal([...layer([...elements(1), ...shape(1)]), tooLong(2, 1000)])).toContain('it is not protobuf')
  })

  it('is refused when its layers cannot be told apart', async () => {
    const blob = [...elements(1), ...shape(1)]
    expect(await refusal([...layer(blob), ...layer(blob)])).toContain('two layers with weights are called fc')
    expect(await refusal(messageField(100, messageField(7, blob)))).toContain('a layer with weights has no name')
  })

  it('is refused when it has no weights, or those of 2013', async () => {
    expect(await refusal([...stringField(1, 'net'), ...layer()])).toContain('is a Caffe model without weights')
    const old = messageField(2, messageField(1, stringField(1, 'fc')))
    expect(await refusal(old)).toContain('upgrade_net_proto_binary')
  })

  it('is refused when elements lie scattered', async () => {
    const scattered = Array.from({ length: 1500 }, () => elements(1)).flat()
    expect(await refusal(layer([...scattered, ...shape(1500)]))).toContain('lie scattered')
  })

  it('with a NaN is refused by the blob', async () => {
    writeCaffeModel(inFolder('nan.caffemodel'), [{ name: 'fc6', blobs: [{ shape: [2], values: [0, Number.NaN] }] }], {
      layers: 2,
      shape: 'dims',
      elements: 'packed',
    })
    expect(await refusal(readFileSync(inFolder('nan.caffemodel')))).toContain('fc6.0 holds NaN at element 1')
  })

  it('is refused or read, and nothing else, when cut off or with other bytes', async () => {
    const intact = readFileSync(join(goldens, 'v1.caffemodel'))
    const attempt = async (bytes: Uint8Array) => {
      writeFileSync(inFolder('test.caffemodel'), bytes)
      await readAll(inFolder('test.caffemodel')).catch((error: unknown) => expect(error).toBeInstanceOf(InputError))
    }
    for (let length = 0; length < intact.length; length++) await attempt(intact.subarray(0, length))
    const changes = fc.array(fc.record({ at: fc.nat(intact.length - 1), value: fc.nat(255) }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(changes, async (drawn) => {
        const damaged = Buffer.from(intact)
        for (const { at, value } of drawn) damaged.writeUInt8(value, at)
        await attempt(damaged)
      }),
      { numRuns: 500 },
    )
  })
})
