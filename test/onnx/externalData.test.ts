import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Chunk,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/files/protobuf/wire.js'
import { sha256 } from '../../src/files/sha256.js'
import { externalFiles } from '../../src/onnx/format/externalData.js'
import { readHashedOnnx, readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { onnxGolden } from '../support/onnxGoldens.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const data = readFileSync(join(dirname(onnxGolden('external')), 'external.data'))
const filesOf = async (path: string) => externalFiles(readOnnxFile(path))

/** A copy of a model whose data has a name of the same length; the file need not be there. */
function modelWith(location: string): string {
  const name = 'external.data'
  expect(location).toHaveLength(name.length)
  mkdirSync(folder('model'), { recursive: true })
  const bytes = readFileSync(onnxGolden('external')).toString('latin1').replaceAll(name, location)
  writeFileSync(folder('model/own.onnx'), bytes, 'latin1')
  return folder('model/own.onnx')
}

function copyData(path: string, bytes?: number): void {
  mkdirSync(dirname(folder(path)), { recursive: true })
  writeFileSync(folder(path), data.subarray(0, bytes))
}

/** Data outside of the model's folder, and a link to it, or to the folder in which it lies. */
function linked(path: string, name = 'external.data'): void {
  copyData(path)
  mkdirSync(folder('model'))
  symlinkSync(folder(name === 'external.data' ? path : dirname(path)), folder('model', name))
}

describe('data beside an ONNX file', () => {
  it.each(['external.data', 'sub/data.bin1'])('is found at %s', async (location) => {
    copyData(`model/${location}`)
    expect(await filesOf(modelWith(location))).toEqual([{ location, bytes: data.length, sha256: sha256(data) }])
  })

  it('belongs to the identity of the weights', async () => {
    const path = modelWith('external.data')
    copyData('model/external.data')
    const before = await readHashedOnnx(path)
    expect(before.bytes).toBe(statSync(path).size + data.length)
    const bytes = Buffer.from(data)
    bytes.writeFloatLE(3, 0)
    writeFileSync(folder('model/external.data'), bytes)
    expect((await readHashedOnnx(path)).sha256).not.toBe(before.sha256)
  })

  const OUTSIDE = 'outside of its own folder'
  const ABSENT = 'but there is no such file'
  const CUT = 'needs a data file of at least 528 bytes, but external.data has only 527'
  const LINK = 'a link to a file in another folder'
  it.each<[string, string, () => void, string]>([
    ['in the folder above', '../secret-1.b', () => copyData('secret-1.b'), OUTSIDE],
    ['anywhere', '/etc/hostname', () => {}, OUTSIDE],
    ['in the folder above, on the way', 'a/../../x.bin', () => {}, OUTSIDE],
    ['on another disk', 'C:/secret.bin', () => {}, OUTSIDE],
    ['in the folder above, as Windows has it', '..\\secret-1.b', () => {}, OUTSIDE],
    ['at a name that ends early', 'ext\0rnal.data', () => {}, OUTSIDE],
    ['nowhere', 'external.data', () => {}, ABSENT],
    ['in a folder', 'a-folder-here', () => mkdirSync(folder('model/a-folder-here'), { recursive: true }), ABSENT],
    ['behind a link', 'external.data', () => linked('secret.bin'), LINK],
    ['in a folder whose name begins as its own', 'evil/data.bin', () => linked('model-evil/data.bin', 'evil'), LINK],
    ['in a folder that is not there, behind a link', 'up/secret.bin', () => linked('other/data.bin', 'up'), ABSENT],
    ['at its place, but cut off', 'external.data', () => copyData('model/external.data', 527), CUT],
  ])('is refused %s', async (_, location, arrange, message) => {
    arrange()
    expect(await messageOf(filesOf(modelWith(location)))).toContain(message)
  })
})

type Entry = readonly [key: string, value: string]

/** A tensor of four float32 with these words of its place. */
function tensorAt(...entries: Entry[]): Chunk[] {
  const words = entries.flatMap(([key, value]) => messageField(13, [...stringField(1, key), ...stringField(2, value)]))
  return [...packedIntegersField(1, [4]), ...integerField(2, 1), ...words]
}

function modelOf(...chunks: Chunk[]): string {
  writeFileSync(folder('own.onnx'), joined(chunks))
  return folder('own.onnx')
}

describe('the place of a tensor', () => {
  const tensor = tensorAt(['location', '../evil'])
  const graph = messageField(5, tensor)
  const attribute = (number: number, inner: Chunk[]) => messageField(1, messageField(5, messageField(number, inner)))

  it.each([
    ['an initializer', messageField(7, graph)],
    ['an attribute', messageField(7, attribute(5, tensor))],
    ['an attribute of several', messageField(7, attribute(10, tensor))],
    ['a graph in an attribute', messageField(7, attribute(6, graph))],
    ['one of several graphs in an attribute', messageField(7, attribute(11, graph))],
    ['the values of a sparse tensor', messageField(7, messageField(15, messageField(1, tensor)))],
    ['the indices of a sparse tensor', messageField(7, messageField(15, messageField(2, tensor)))],
    ['a function', messageField(25, messageField(7, messageField(5, messageField(5, tensor))))],
    ['a graph of training', messageField(20, messageField(1, graph))],
    ['a graph of the steps of training', messageField(20, messageField(2, graph))],
  ])('is found in %s', async (_, place) => {
    expect(await messageOf(filesOf(modelOf(...place)))).toContain('outside of its own folder')
  })

  const location = ['location', 'data'] as const
  it.each<[Entry[], string]>([
    ...['-1', '1e3', '0x10', '99999999999999999999', '', '1.5'].map((offset): [Entry[], string] => [
      [location, ['offset', offset]],
      'instead of a number',
    ]),
    [[location, ['offset', '4']], 'needs a data file of at least 20 bytes, but data has only 16'],
    [[location, ['length', '17']], 'needs a data file of at least 17 bytes, but data has only 16'],
    [[['offset', '4']], 'a file without a name'],
  ])('is refused as %j', async (entries, message) => {
    writeFileSync(folder('data'), Buffer.alloc(16))
    const output = messageField(12, stringField(1, 'output'))
    const path = modelOf(...messageField(7, [...messageField(5, tensorAt(...entries)), ...output]))
    expect(await messageOf(filesOf(path))).toContain(message)
  })

  it('is not looked for in graphs without end', () => {
    let nested: Uint8Array = Buffer.alloc(0)
    for (let depth = 0; depth < 100; depth++) nested = joined(attribute(6, [nested]))
    expect(() => readOnnxFile(modelOf(...messageField(7, [nested])))).toThrow('nested too deeply')
  })
})
