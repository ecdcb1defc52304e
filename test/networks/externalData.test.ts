import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256OfFile } from '../../src/files/sha256.js'
import { externalFiles } from '../../src/networks/onnx/externalData.js'
import { readHashedOnnx, readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import {
  type Chunk,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/protobuf/wire.js'
import { joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { onnxGolden } from '../support/onnxGoldens.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const data = join(dirname(onnxGolden('external')), 'external.data')
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

function copyData(...way: string[]): void {
  mkdirSync(dirname(folder(...way)), { recursive: true })
  copyFileSync(data, folder(...way))
}

describe('data beside an ONNX file', () => {
  it.each(['external.data', 'sub/data.bin1'])('is found at %s', async (location) => {
    copyData('model', location)
    const path = modelWith(location)
    expect(await filesOf(path)).toEqual([{ location, bytes: statSync(data).size, sha256: await sha256OfFile(data) }])
  })

  it('belongs to the identity of the weights', async () => {
    const path = modelWith('external.data')
    copyData('model/external.data')
    const before = await readHashedOnnx(path)
    expect(before.bytes).toBe(statSync(path).size + statSync(data).size)
    const bytes = readFileSync(data)
    bytes.writeFloatLE(3, 0)
    writeFileSync(folder('model/external.data'), bytes)
    expect((await readHashedOnnx(path)).sha256).not.toBe(before.sha256)
  })

  const OUTSIDE = 'outside of its own folder'
  const ABSENT = 'which is not beside it'
  const LINK = "a link that leads out of the model's folder"
  it.each<[string, string, () => void, string]>([
    ['in the folder above', '../secret-1.b', () => copyData('secret-1.b'), OUTSIDE],
    ['anywhere', '/etc/hostname', () => {}, OUTSIDE],
    ['in the folder above, on the way', 'a/../../x.bin', () => {}, OUTSIDE],
    ['on another disk', 'C:/secret.bin', () => {}, OUTSIDE],
    ['in the folder above, as Windows has it', '..\\secret-1.b', () => {}, OUTSIDE],
    ['at a name that ends early', 'ext\0rnal.data', () => {}, OUTSIDE],
    ['nowhere', 'external.data', () => {}, ABSENT],
    ['in a folder', 'a-folder-here', () => mkdirSync(folder('model/a-folder-here'), { recursive: true }), ABSENT],
    [
      'behind a link',
      'external.data',
      () => {
        copyData('secret.bin')
        mkdirSync(folder('model'))
        symlinkSync(folder('secret.bin'), folder('model/external.data'))
      },
      LINK,
    ],
    [
      'in a folder whose name begins as its own',
      'evil/data.bin',
      () => {
        copyData('model-evil/data.bin')
        mkdirSync(folder('model'))
        symlinkSync(folder('model-evil'), folder('model/evil'))
      },
      LINK,
    ],
    [
      'in a folder that is not there, behind a link',
      'up/secret.bin',
      () => {
        mkdirSync(folder('model'))
        symlinkSync(folder(), folder('model/up'))
      },
      ABSENT,
    ],
    [
      'at its place, but cut off',
      'external.data',
      () => {
        copyData('model/external.data')
        truncateSync(folder('model/external.data'), 527)
      },
      'keeps data up to byte 528 of external.data, which has 527 bytes',
    ],
  ])('is refused %s', async (_, location, arrange, message) => {
    arrange()
    expect(await messageOf(filesOf(modelWith(location)))).toContain(message)
  })
})

/** A tensor of four float32 with these words of its place. */
function tensorAt(...entries: (readonly [string, string])[]): Chunk[] {
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
  it.each<[(readonly [string, string])[], string]>([
    ...['-1', '1e3', '0x10', '99999999999999999999', '', '1.5'].map(
      (wrong): [(readonly [string, string])[], string] => [[location, ['offset', wrong]], 'as its place in a file'],
    ),
    [[location, ['offset', '4']], 'up to byte 20 of data, which has 16'],
    [[location, ['length', '17']], 'up to byte 17 of data, which has 16'],
    [[['offset', '4']], 'a file without a name'],
  ])('is refused as %j', async (entries, message) => {
    writeFileSync(folder('data'), Buffer.alloc(16))
    const output = messageField(12, stringField(1, 'output'))
    const path = modelOf(...messageField(7, [...messageField(5, tensorAt(...entries)), ...output]))
    expect(await messageOf(filesOf(path))).toContain(message)
  })

  it('is not looked for in graphs without end', () => {
    const nested = Array.from({ length: 100 }).reduce(
      (inner: Uint8Array) => joined(attribute(6, [inner])),
      new Uint8Array(),
    )
    expect(() => readOnnxFile(modelOf(...messageField(7, [nested])))).toThrow('nested too deeply')
  })
})
