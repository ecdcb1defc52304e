import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { withFile } from '../../src/files/openFile.js'
import { integerField, messageField, packedIntegersField, stringField } from '../../src/files/protobuf/wire.js'
import { recogniseCheckpoint } from '../../src/networks/file/recognition.js'
import { parseReference } from '../../src/networks/reference/reference.js'
import { shellWord } from '../../src/support/text.js'
import { blobMessage, type CaffeBlob, type CaffeForm, joined, writeCaffeModel } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { call, global, integer, op, text, tuple, writeTorchZip, writeTorchZipOf } from '../support/torchFile.js'
import { torchTar } from '../support/torchTar.js'
import { readWholeCheckpoint } from '../support/wholeCheckpoint.js'

const goldens = join(import.meta.dirname, '../golden')
const goldenJson = (path: string) => JSON.parse(readFileSync(join(goldens, path), 'utf8'))
const folder = temporaryFolder()

/** The values and shapes of the tensors of a file, by key. */
async function tensorsOf(path: string): Promise<Record<string, CaffeBlob>> {
  const { tensors } = await readWholeCheckpoint(path)
  const read = [...tensors].map(
    async ([key, { shape, read }]) => [key, { shape, values: [...(await read())] }] as const,
  )
  return Object.fromEntries(await Promise.all(read))
}

/** A negative zero, and the smallest and the largest number of float32. */
const EXTREMES = [1.5, -0, 2 ** -149, (2 - 2 ** -23) * 2 ** 127]

it('a range of a file that ends before it is refused in one line', async () => {
  writeFileSync(folder('short'), 'short')
  const refused = withFile(folder('short'), (file) => file.read({ offset: 3, length: 10 }))
  await expect(refused).rejects.toThrow(`${folder('short')} is cut off`)
})

describe('a file that torch.save wrote', () => {
  type Expected = Record<string, Record<string, { shape: number[]; values: number[] }>>
  const expected: Expected = goldenJson('checkpoints/expected.json')

  it.each(Object.entries(expected))('%s gives its tensors', async (name, described) => {
    const { format, tensors } = await readWholeCheckpoint(join(goldens, 'checkpoints', name))
    expect(format).toBe(name.replace(/.*-(\w+)\.pth/, 'PyTorch $1'))
    expect([...tensors.keys()]).toEqual(Object.keys(described))
    for (const [key, { shape, values }] of Object.entries(described)) {
      expect(tensors.get(key)).toMatchObject({ shape })
      expect([...((await tensors.get(key)?.read()) ?? [])], key).toEqual(values.map(Math.fround))
    }
  })

  it.each([
    ['numbers', {}],
    ['texts', { storageKey: text('7'), tensorKey: text('5'), rootKey: text('7') }],
  ])('in a tar has %s as keys', async (_, keys) => {
    writeFileSync(folder('tar'), torchTar(keys))
    expect(await tensorsOf(folder('tar'))).toEqual({ weight: { shape: [1], values: [0] } })
  })
})

describe('a zip of PyTorch', () => {
  /** The pickle of one tensor, `only`: a row of elements of a storage that has four. */
  const oneTensor = (type: string, offset: number, count: number) => {
    const storage = tuple([text('storage'), global('torch', type), text('0'), text('cpu'), integer(4)])
    const args = [storage, op('Q'), integer(offset), tuple([integer(count)]), tuple([integer(1)])]
    return Buffer.concat([op('}'), text('only'), call('torch._utils', '_rebuild_tensor', args), op('s.')])
  }

  it.each(['zip32', 'zip64'] as const)('gives back its float32 values, bit by bit: %s', async (form) => {
    const tensors = { 'layer.weight': { shape: [2, 1, 2], values: EXTREMES }, scale: { shape: [], values: [2] } }
    const written = Object.entries(tensors).map(([key, { shape, values }]) => {
      return { key, shape, data: () => Float32Array.from(values) }
    })
    writeTorchZip(folder('zip'), written, form)
    expect(await tensorsOf(folder('zip'))).toEqual(tensors)
  })

  it('may hold an empty tensor, wherever that lies', async () => {
    writeTorchZipOf(folder('zip'), oneTensor('FloatStorage', 9, 0), { 0: Float32Array.of(1, 2, 3, 4) })
    expect(await tensorsOf(folder('zip'))).toEqual({ only: { shape: [0], values: [] } })
  })

  it.each([
    ['BoolStorage', [1, 0, 1, 1]],
    ['CharStorage', [118, 0, 1, -1]],
    ['ByteStorage', [118, 0, 1, 255]],
  ])('has the values of bytes that PyTorch reads: %s', async (type, values) => {
    const bytes = new Float32Array(Uint8Array.of(118, 0, 1, 255).buffer)
    writeTorchZipOf(folder('zip'), oneTensor(type, 0, 4), { 0: bytes })
    expect(await tensorsOf(folder('zip'))).toEqual({ only: { shape: [4], values } })
  })
})

describe('a safetensors file', () => {
  const file = (header: object, data: Buffer) => {
    const json = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    writeFileSync(folder('weights'), Buffer.concat([length, json, data]))
    return folder('weights')
  }

  it('gives its tensors', async () => {
    const description = { dtype: 'F32', shape: [2, 2], data_offsets: [4, 20] }
    const data = Buffer.from(Float32Array.of(0, 1, 2, 3, 4).buffer)
    const path = file({ __metadata__: { format: 'pt' }, 'fc.weight': description }, data)
    expect((await readWholeCheckpoint(path)).format).toBe('safetensors')
    expect(await tensorsOf(path)).toEqual({ 'fc.weight': { shape: [2, 2], values: [1, 2, 3, 4] } })
  })

  it.each([
    ['F64', 2, Float64Array.of(2)],
    ['F16', 2.5, Uint16Array.of(0x4100)],
    ['BF16', 8, Uint16Array.of(0x4100)],
    ['I64', 2, BigInt64Array.of(2n)],
    ['I32', -2, Int32Array.of(-2)],
    ['I16', -2, Int16Array.of(-2)],
    ['I8', -2, Int8Array.of(-2)],
    ['U8', 254, Uint8Array.of(254)],
  ])('may have %s, here %d', async (dtype, value, values) => {
    const path = file({ a: { dtype, shape: [1], data_offsets: [0, values.byteLength] } }, Buffer.from(values.buffer))
    expect(await tensorsOf(path)).toEqual({ a: { shape: [1], values: [value] } })
  })
})

describe('a Caffe model', () => {
  it.each(['v1', 'v2'])('of %s layers that Google’s protobuf wrote gives its blobs', async (version) => {
    const expected = goldenJson('caffe/expected.json')[version]
    expect(await tensorsOf(join(goldens, 'caffe', `${version}.caffemodel`))).toEqual(expected)
  })

  const elementForms = ['packed', 'unpacked', 'pieces', 'double', 'unpacked double'] as const
  const shapeForms = ['dims', 'unpacked dims', 'legacy'] as const
  const forms = elementForms.flatMap((elements) =>
    shapeForms.flatMap((shape) => ([1, 2] as const).map((layers): CaffeForm => ({ elements, shape, layers }))),
  )

  it.each(forms)('gives back its float32 values, without its extension too: %j', async (form) => {
    const [blob, empty] = [
      { shape: [1, 1, 2, 2], values: EXTREMES },
      { shape: [0, 1, 2, 2], values: [] },
    ]
    const layers = [
      { name: 'né', blobs: [blob, empty] },
      { name: 'fc', blobs: [blob] },
    ]
    writeCaffeModel(folder('weights'), layers, form)
    expect(await tensorsOf(folder('weights'))).toEqual({ 'né.0': blob, 'né.1': empty, 'fc.0': blob })
  })

  it.each(['dims', 'unpacked dims'] as const)('may have a number without axes: %s', async (shape) => {
    const scale = { shape: [], values: [2] }
    writeCaffeModel(folder('weights'), [{ name: 'scale', blobs: [scale] }], { layers: 2, shape, elements: 'packed' })
    expect(await tensorsOf(folder('weights'))).toEqual({ 'scale.0': scale })
  })

  it('may have other fields, known or not', async () => {
    const other = [...integerField(4, 7), ...stringField(200, 'new'), ...messageField(8, packedIntegersField(1, [3]))]
    const diff = messageField(6, [Buffer.alloc(8)])
    const blob = [...blobMessage({ shape: [2], values: [1, 2] }, { shape: 'dims', elements: 'packed' }), ...diff]
    const layer = [...stringField(1, 'fc'), ...stringField(2, 'InnerProduct'), ...messageField(7, blob)]
    const path = folder('test.caffemodel')
    writeFileSync(path, joined([...other, ...messageField(100, layer), ...other]))
    expect(await tensorsOf(path)).toEqual({ 'fc.0': { shape: [2], values: [1, 2] } })
  })
})

describe('a file of another framework', () => {
  it.each([
    ['net.tflite', 'a TensorFlow Lite model', 'python -m tf2onnx.convert --tflite FROM --output TO'],
    ['net.TFLITE', 'a TensorFlow Lite model', 'python -m tf2onnx.convert --tflite FROM --output TO'],
    [
      'frozen.pb',
      'a TensorFlow graph',
      'tf2onnx.convert --graphdef FROM --inputs INPUT:0 --outputs OUTPUT:0 --output TO',
    ],
    ['saved_model.pb', 'a TensorFlow model', 'tf2onnx.convert --saved-model FOLDER --output TO'],
    ['of two words.h5', 'a Keras model', "format='onnx')\" FROM TO"],
    ['net.h5', 'a Keras model', "export(sys.argv[2], format='onnx')\" FROM TO"],
    ['net.keras', 'a Keras model', "export(sys.argv[2], format='onnx')\" FROM TO"],
    ['net.mlmodel', 'a Core ML model', 'sys.argv[2])" FROM TO'],
    ['net.engine', 'a TensorRT engine', 'use the ONNX file that the engine was built from'],
    ['net.plan', 'a TensorRT engine', 'use the ONNX file that the engine was built from'],
    ['net.gguf', 'a file of weights for llama.cpp', '"optimum-cli export onnx --model OWNER/NAME FOLDER"'],
    ['net.ort', 'a model in ONNX Runtime’s own format', 'use the .onnx file that it was made from'],
  ])('is refused with what makes an ONNX file of it: %s', async (name, kind, remedy) => {
    const path = folder(name)
    // Its contents do not matter: a .keras file is a zip file, as a checkpoint of PyTorch is.
    writeFileSync(path, 'PK\x03\x04')
    expect(parseReference({ model: path }).kind).toBe('checkpoint')
    const message = await messageOf(recogniseCheckpoint(path))
    expect(message).toContain(`${path} is ${kind}, which Shiftscope cannot read; `)
    const to = path.replace(/\.\w+$/, '.onnx')
    // All at once, because the path of a temporary folder may contain such a word.
    const words: Readonly<Record<string, string>> = {
      FROM: shellWord(path),
      TO: shellWord(to),
      '--saved-model FOLDER': `--saved-model ${shellWord(folder())}`,
    }
    const inFull = remedy.replace(/FROM|TO|--saved-model FOLDER/g, (word) => words[word] as string)
    expect(message).toContain(inFull)
    expect(message).not.toContain('torch')
  })
})
