import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import {
  type Chunk,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/files/protobuf/wire.js'
import { halfPrecisionChanges } from '../../src/onnx/edit/halfPrecision.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { blobMessage, joined } from '../support/caffeFile.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import {
  call,
  global,
  integer,
  op,
  stateDictPickle,
  text,
  tuple,
  writeTorchZip,
  writeTorchZipOf,
} from '../support/torchFile.js'
import { torchTar } from '../support/torchTar.js'
import { readWholeCheckpoint } from '../support/wholeCheckpoint.js'

const folder = temporaryFolder()
const golden = (...way: string[]) => join(import.meta.dirname, '../golden', ...way)

/** How a file is damaged, by what the row says, and the message that it is refused with. */
type Row = readonly [damage: string, bytes: () => Uint8Array, message: string]

function fileOf(bytes: Uint8Array, name = 'file'): string {
  writeFileSync(folder(name), bytes)
  return folder(name)
}

function zipOf(pickle: Buffer, storages: Record<string, Float32Array> = { 0: Float32Array.of(1, 2, 3, 4) }): Buffer {
  writeTorchZipOf(folder('made'), pickle, storages)
  return readFileSync(folder('made'))
}

const HUGE = 2 ** 32 - 2

/** The bytes of a good zip of two tensors, changed. */
function changedZip(change: (bytes: Buffer) => unknown, form: 'zip32' | 'zip64' = 'zip32'): Buffer {
  const data = () => Float32Array.of(1, 2, 3, 4)
  const tensors = ['weight', 'bias'].map((key) => ({ key, shape: [4], data }))
  writeTorchZip(folder('made'), tensors, form)
  const bytes = readFileSync(folder('made'))
  change(bytes)
  return bytes
}

const protocol2 = (...parts: Buffer[]) => Buffer.concat([op('\x80\x02'), ...parts, op('.')])

const PICKLES: readonly (readonly [string, Buffer, string])[] = (() => {
  const storage = (elements: number, type: string, ...view: Buffer[]) => {
    const id = [text('storage'), global('torch', type), text('0'), text('cpu'), integer(elements), ...view]
    return Buffer.concat([tuple(id), op('Q')])
  }
  const tensor = (elements: number, offset: number, shape: number[], strides: number[], type = 'FloatStorage') =>
    call('torch._utils', '_rebuild_tensor_v2', [
      ...[storage(elements, type), integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer))],
    ])
  const view = tuple([text('0v'), integer(2), integer(3)])
  const doubling = Buffer.concat([op(']q\0'), ...Array.from({ length: 60 }, () => op('h\0\x86q\0'))])
  const pairs = Buffer.concat([op(']('), Buffer.alloc(51_000, 'K\x01K\x01\x86', 'latin1'), op('eq\0')])
  const dictionaries = Array.from({ length: 50 }, () => op('ccollections\nOrderedDict\n(h\0tR'))
  const longText = Buffer.concat([op('X'), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('short')])
  return [
    ['a number', integer(5), 'it does not hold a state dict'],
    ['an empty dictionary', op('}'), 'it holds no named tensors, neither at its top level nor under "state_dict"'],
    ['a storage beyond its bytes', tensor(5, 0, [5], [1]), 'storage 0 should have 20 bytes, but has only 16'],
    ['a tensor beyond its storage', tensor(4, 1, [4], [1]), 'a tensor uses element 4 of a storage that has only 4'],
    [
      'strides beyond the storage',
      tensor(4, 0, [2, 2], [3, 1]),
      'a tensor uses element 4 of a storage that has only 4',
    ],
    [
      'one element many times',
      tensor(4, 0, [1000, 1000, 1000], [0, 0, 0]),
      'has 1000000000 elements, but its storage has 4',
    ],
    ['a negative offset', tensor(4, -1, [1], [1]), 'a tensor has a malformed shape, stride or offset'],
    ['a negative shape', tensor(4, 0, [-1], [1]), 'a tensor has a malformed shape, stride or offset'],
    ['a negative stride', tensor(4, 1, [2], [-1]), 'a tensor has a malformed shape, stride or offset'],
    ['shapes of other lengths', tensor(4, 0, [1], [1, 1]), 'a tensor has a malformed shape, stride or offset'],
    ['a tensor of nothing', call('torch._utils', '_rebuild_tensor_v2', []), 'a tensor has a malformed description'],
    ['a parameter of nothing', call('torch._utils', '_rebuild_parameter', []), 'a Parameter holds something that is'],
    ['a dictionary of a number', call('collections', 'OrderedDict', [integer(1)]), 'is not made from a list of pairs'],
    ['a dictionary of singles', op('ccollections\nOrderedDict\n(](]etR'), 'an OrderedDict has an item that is not a'],
    [
      'a storage of two types',
      Buffer.concat([tensor(4, 0, [4], [1]), tensor(4, 0, [4], [1], 'IntStorage')]),
      'has two different types or lengths',
    ],
    ['a storage of an unknown type', storage(4, '_utils'), 'refers to the Python object torch._utils'],
    ['a view beyond its storage', storage(4, 'FloatStorage', view), 'a view of a storage has a malformed description'],
    ['a whole module', Buffer.concat([tuple([text('module'), text('a')]), op('Q')]), 'such as a whole module'],
    ['an unknown opcode', op('\x93'), 'opcode 0x93'],
    ['protocol 4', op('\x80\x04'), 'pickle protocol 4 is not supported (PyTorch uses protocol 2)'],
    ['a call without arguments', op('R'), 'it uses a value that it has not stored'],
    ['a call of a list', op('])R'), 'the pickle calls a Python object that is not allowed'],
    ['attributes of a list', op(']}b'), 'the pickle sets attributes of a value that cannot have any'],
    ['a group that is not open', op('t'), 'it ends a group of values that it has not begun'],
    ['an unknown memory', op('h\x07'), 'it uses memo value 7, which it has not stored'],
    ['attributes of nothing', op(')b'), 'it changes a value that it has not stored'],
    ['a key of nothing', op(']s'), 'it uses a value that it has not stored'],
    ['keys of a list', Buffer.concat([op(']('), integer(1), integer(1), op('u')]), 'sets a key of something that is'],
    ['a key without a value', Buffer.concat([op('}('), integer(1), op('u')]), 'the pickle has a key without a value'],
    ['items of a dictionary', op('}Na'), 'the pickle appends to something that is not a list'],
    ['a name without an end', op('ctorch'), 'the pickle is cut off'],
    ['a text of 4 GB', longText, 'the pickle is cut off'],
    ['a deep stack', Buffer.alloc(100_001, '('), "the pickle's stack is deeper than 100000"],
    ['17 MiB of nothing', Buffer.alloc(17 * 2 ** 20, 'N'), 'is too large (17825795 bytes, at most 16777216)'],
    ['a list that doubles', doubling, 'does not hold a state dict'],
    ['dictionaries of a long list', Buffer.concat([pairs, ...dictionaries]), 'lists and dictionaries'],
  ]
})()

const COMPRESSED = 'is compressed or encrypted'
const OUTSIDE = 'entry test/byteorder reaches beyond the end of the file'
/** Changes of a good zip. */
const ZIP_CHANGES: readonly (readonly [string, (bytes: Buffer) => unknown, string])[] = [
  [
    'without a pickle',
    (bytes) => bytes.write('text', bytes.lastIndexOf('data.pkl')),
    'it has 0 data.pkl files instead of one',
  ],
  [
    'with a flipped bit in a tensor',
    (bytes) => bytes.writeUInt8(1, bytes.indexOf(Buffer.from(Float32Array.of(1, 2).buffer))),
    'the checksum of test/data/0 in this zip file is wrong',
  ],
  [
    'of a large machine’s byte order',
    (bytes) => {
      bytes.write('bigend', bytes.indexOf('little'))
      // A checksum of 0 is none.
      bytes.fill(0, bytes.lastIndexOf('test/byteorder') - 30, bytes.lastIndexOf('test/byteorder') - 26)
    },
    'was not saved on a little-endian machine; save it again on one',
  ],
  ['compressed', (bytes) => bytes.writeUInt16LE(8, entryAt(bytes) + 10), COMPRESSED],
  ['encrypted', (bytes) => bytes.writeUInt16LE(1, entryAt(bytes) + 8), COMPRESSED],
  ['with an entry that pretends to be large', (bytes) => bytes.writeUInt32LE(HUGE, entryAt(bytes) + 24), COMPRESSED],
  [
    'with an entry that is too large',
    (bytes) => [20, 24].map((at) => bytes.writeUInt32LE(HUGE, entryAt(bytes) + at)),
    OUTSIDE,
  ],
  ['with an entry beyond its end', (bytes) => bytes.writeUInt32LE(HUGE, entryAt(bytes) + 42), OUTSIDE],
  ['with an entry elsewhere', (bytes) => bytes.writeUInt32LE(1, entryAt(bytes) + 42), 'is missing'],
  ['with an entry twice', (bytes) => bytes.write('test/data/0', bytes.lastIndexOf('test/data/1')), 'occurs twice'],
  ['with an entry less', (bytes) => bytes.writeUInt16LE(6, bytes.length - 12), 'has 5 entries instead of 6'],
  [
    'with a directory beyond its end',
    (bytes) => bytes.writeUInt32LE(2 ** 31, bytes.length - 6),
    'its central directory is too long or cut off',
  ],
]

const ZIP: readonly Row[] = [
  ...PICKLES.map(([name, pickle, message]): Row => [`a pickle with ${name}`, () => zipOf(protocol2(pickle)), message]),
  ...ZIP_CHANGES.map(([name, change, message]): Row => [name, () => changedZip(change), message]),
  ['without its end', () => zipOf(protocol2(op('}'))).subarray(0, -1), 'it has no central directory at its end'],
  ['without tensors', () => zipOf(stateDictPickle([])), 'it holds no named tensors'],
  ['without a storage', () => zipOf(stateDictPickle([{ key: 'a', shape: [4] }]), {}), 'storage 0 is missing'],
  ...[22 + 20 - 8, 22 + 20 + 56 - 48].map((distance): Row => {
    const damage = (bytes: Buffer) => bytes.writeUInt8(0x80, bytes.length - distance + 7)
    return ['of the large form, with a directory elsewhere', () => changedZip(damage, 'zip64'), 'its central directory']
  }),
  [
    'with more entries than any network has',
    () => {
      const header = Buffer.alloc(47)
      header.write('PK\x01\x02', 'latin1')
      header.writeUInt16LE(1, 28)
      const end = Buffer.alloc(22)
      end.write('PK\x05\x06', 'latin1')
      end.writeUInt32LE(20_001 * header.length, 12)
      end.writeUInt32LE(4, 16)
      return Buffer.concat([op('PK\x03\x04'), Buffer.alloc(20_001 * header.length, header), end])
    },
    'its central directory has 20001 entries; the limit is 20000',
  ],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value): Row => {
    const pickle = stateDictPickle([{ key: 'fc.bias', shape: [3] }])
    const bytes = () => zipOf(pickle, { 0: Float32Array.of(value, 1, value) })
    return [`with ${value}`, bytes, `fc.bias is ${value} at element 0, but weights must be finite`]
  }),
]

/** Where the directory describes the second entry. */
function entryAt(bytes: Buffer): number {
  return bytes.indexOf('PK\x01\x02', bytes.indexOf('PK\x01\x02', 'latin1') + 1, 'latin1')
}

const LEGACY: readonly Row[] = (() => {
  const bytes = readFileSync(golden('checkpoints/module-legacy.pth'))
  const magic = bytes.subarray(0, 15)
  const start = bytes.lastIndexOf(op('\x80\x02]'))
  const storages = (...parts: Buffer[]) => Buffer.concat([bytes.subarray(0, start), ...parts, Buffer.alloc(300_000)])
  const many = Buffer.concat([op('\x80\x02]q\0X\x01\0\0\x000q\x01a('), Buffer.alloc(50_000, 'h\x01'), op('e.')])
  const header = (version: number, machine: Buffer) => Buffer.concat([protocol2(integer(version)), protocol2(machine)])
  const large = op('}X\x0d\0\0\0little_endian\x89s')
  return [
    ['of another protocol', () => Buffer.concat([magic, header(1002, op('}'))]), 'its protocol version is unknown'],
    [
      'of a large machine’s byte order',
      () => Buffer.concat([magic, header(1001, large)]),
      'it was not saved on a little-endian machine',
    ],
    [
      'without a machine',
      () => Buffer.concat([magic, header(1001, op('N'))]),
      'it was not saved on a little-endian machine',
    ],
    ['without a list of storages', () => storages(protocol2(op('}'))), 'it does not list its storages'],
    ['with an empty list of storages', () => storages(protocol2(op(']'))), 'is missing'],
    ['with unknown storages', () => storages(protocol2(op(']Na'))), 'it lists a storage that no tensor uses'],
    ['with more storages than any network', () => storages(many), 'it lists 25001 storages; the limit is 20000'],
    ['cut off', () => bytes.subarray(0, -1), 'is cut off, or does not have'],
  ]
})()

const NO_KEY = 'a storage or tensor in it has a key that is neither a string nor a number'
const TAR: readonly Row[] = [
  ...(
    [
      ['a list that doubles', Buffer.concat([op(']q\0'), ...Array.from({ length: 60 }, () => op('h\0\x86q\0'))])],
      ['a list that is deep', Buffer.concat([op(']'), Buffer.alloc(20_000, 0x85)])],
      ['a dictionary', op('}')],
      ['nothing', op('N')],
      ['a tuple', tuple([integer(1)])],
    ] as const
  ).flatMap(([name, key]): Row[] => [
    [`with ${name} as a key of a storage`, () => torchTar({ storageKey: key }), NO_KEY],
    [`with ${name} as a key of a tensor`, () => torchTar({ tensorKey: key }), NO_KEY],
    [`with ${name} as a tensor's storage`, () => torchTar({ rootKey: key }), NO_KEY],
    [`with ${name} as a key of a view`, () => torchTar({ view: [key, integer(7), integer(0), integer(1)] }), NO_KEY],
    [`with ${name} as a view's storage`, () => torchTar({ view: [integer(8), key, integer(0), integer(1)] }), NO_KEY],
  ]),
  ['with a view beyond its storage', () => torchTar({ view: [8, 7, 1, 1].map(integer) }), 'a view of a storage has a'],
  ['without a list of views', () => torchTar({ views: op('}') }), 'it does not list the views of its storages'],
  ['with a tensor of no storage', () => torchTar({ rootKey: integer(6) }), 'storage 6 is missing'],
  ['with a tensor of another', () => torchTar({ reference: text('6') }), 'such as a whole module'],
  ['with a count that is negative', () => torchTar({ count: integer(-1) }), 'is not valid'],
  ['with 20,001 storages', () => torchTar({ count: integer(20_001) }), 'is not valid'],
  ['with 17 dimensions', () => torchTar({ dimensions: 17 }), 'is not valid'],
  ['with a storage that is cut off', () => torchTar({ elements: 1000 }), 'a storage has a malformed description, or'],
  ['with fewer than no elements', () => torchTar({ elements: -1 }), 'a storage has a malformed description, or is cut'],
  ['with a tensor beyond its storage', () => torchTar({ size: 2 }), 'a tensor has 2 elements, but its storage has 1'],
  ['without a member', () => torchTar({ members: ['storages', 'tensors'] }), 'it has no member "pickle"'],
  ['with another checksum', () => torchTar().fill('9', 148, 149), 'is a damaged tar file'],
  ['with a size that is none', () => torchTar().fill('x', 124, 125), 'is a damaged tar file'],
  ['without its end', () => torchTar().subarray(0, -1024), 'is a damaged tar file'],
]

const SAFETENSORS: readonly Row[] = (() => {
  const entry = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }
  const file = (header: unknown) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    return Buffer.concat([length, json, Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)])
  }
  const rows: readonly (readonly [string, unknown, string])[] = [
    ['a header longer than any', `{"a":${'['.repeat(5 * 2 ** 20)}`, 'its header is too long (5242885 bytes)'],
    ['a header that is no JSON', '{"fc": ', ''],
    ['no description', { fc: null }, 'the entry of fc is malformed, or of a type that is not supported'],
    ['an unknown type', { fc: { ...entry, dtype: 'F99' } }, 'the entry of fc is malformed, or of a type'],
    [
      'more elements than bytes',
      { fc: { ...entry, shape: [2, 3] } },
      'the data of fc are cut off, or do not have 24 bytes',
    ],
    ['a negative shape', { fc: { ...entry, shape: [-2, -2] } }, 'the entry of fc is malformed'],
    [
      'bytes beyond its end',
      { fc: { ...entry, data_offsets: [4, 20] } },
      'the data of fc are cut off, or do not have 16 bytes',
    ],
    ['a shape beyond all numbers', { fc: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 'the data of fc are cut off'],
    ['an offset beyond all numbers', { fc: { ...entry, data_offsets: [0, 2 ** 53] } }, 'the entry of fc is malformed'],
  ]
  return rows.map(([name, header, message]) => [`with ${name}`, () => file(header), message])
})()

const CAFFE: readonly Row[] = (() => {
  const layer = (...blobs: Chunk[][]) =>
    messageField(100, [...stringField(1, 'fc'), ...blobs.flatMap((blob) => messageField(7, blob))])
  const shape = (...dims: number[]) => messageField(7, packedIntegersField(1, dims))
  const elements = (count: number) => messageField(5, [Buffer.alloc(4 * count)])
  const tooLong = (field: number, length: number) => Buffer.from([field * 8 + 2, 0x80 | (length & 0x7f), length >> 7])
  const blob = [...elements(1), ...shape(1)]
  const scattered = Array.from({ length: 1500 }, () => elements(1)).flat()
  const old = messageField(2, messageField(1, stringField(1, 'fc')))
  const nan = blobMessage({ shape: [2], values: [0, Number.NaN] }, { shape: 'dims', elements: 'packed' })
  const NO_FIT = 'elements, which do not fit its shape'
  const rows: readonly (readonly [string, readonly Chunk[], string])[] = [
    ['more elements than there are', layer([...elements(4), ...shape(2, 3)]), NO_FIT],
    ['negative dimensions', layer([...elements(4), ...shape(-2, -2)]), NO_FIT],
    ['dimensions beyond all numbers', layer([...elements(1), ...shape(2 ** 40, 2 ** 40)]), NO_FIT],
    ['a number of no elements', layer([...elements(0), ...shape()]), NO_FIT],
    ['one old dimension', layer([...elements(4), ...integerField(1, 4), ...integerField(2, 2)]), NO_FIT],
    ['33 dimensions', layer([...elements(1), ...shape(...Array<number>(33).fill(1))]), 'more than 32'],
    ['40 dimensions one by one', layer([...elements(1), ...Array.from({ length: 40 }, () => shape(1)).flat()]), '32'],
    ['elements that are cut off', layer([...messageField(5, [Buffer.alloc(7)]), ...shape(1)]), 'are cut off'],
    ['elements of another kind', layer([...integerField(5, 1), ...shape(1)]), 'has the wrong type'],
    ['a blob longer than its layer', layer([tooLong(5, 4000), ...shape(1000)]), 'it is not protobuf'],
    ['a layer longer than the file', [...layer(blob), tooLong(2, 1000)], 'it is not protobuf'],
    ['two layers of one name', [...layer(blob), ...layer(blob)], 'two layers with weights are called fc'],
    ['a layer without a name', messageField(100, messageField(7, blob)), 'a layer with weights has no name'],
    ['no weights', [...stringField(1, 'net'), ...layer()], 'is a Caffe model without weights'],
    [
      'layers of 2013',
      old,
      "is a Caffe model in a format older than 2014; convert it with Caffe's upgrade_net_proto_binary",
    ],
    ['scattered elements', layer([...scattered, ...shape(1500)]), 'a list is split into too many parts'],
    ['a NaN', layer(nan), 'fc.0 is NaN at element 1'],
  ]
  return rows.map(([name, chunks, message]) => [`with ${name}`, () => joined(chunks), message])
})()

describe.each([
  ['zip of PyTorch', ZIP],
  ['legacy file of PyTorch', LEGACY],
  ['tar of PyTorch', TAR],
  ['safetensors file', SAFETENSORS],
  ['caffemodel', CAFFE],
])('a damaged %s is refused in one line', (format, rows) => {
  it.each(rows)('%s', async (_, bytes, message) => {
    const path = fileOf(bytes(), `file.${format}`)
    const error = await messageOf(readWholeCheckpoint(path))
    expect(error).toContain(message)
    expect(error).toContain(path)
  })
})

describe('a pickle', () => {
  it.each([
    ['os', 'system'],
    ['builtins', 'eval'],
    ['torch', 'load'],
    ['collections', 'namedtuple'],
    ['torch._utils', '_rebuild_qtensor'],
  ])('that asks for %s.%s is refused by its name, and nothing is executed', async (module, attribute) => {
    const path = fileOf(zipOf(protocol2(call(module, attribute, [text('echo 1')]))))
    expect(await messageOf(readWholeCheckpoint(path))).toContain(
      `its pickle refers to the Python object ${module}.${attribute}, which is not allowed (nothing was executed)`,
    )
  })

  it('of a whole module is refused by the name of its class', async () => {
    const path = golden('checkpoints/whole-module-zip.pth')
    expect(await messageOf(readWholeCheckpoint(path))).toContain(
      'refers to the Python object torch.nn.modules.linear.Linear',
    )
  })
})

describe('a damaged ONNX file', () => {
  it.each<Row>([
    ['no protobuf', () => Buffer.from('this is no model'), 'is not an ONNX model (it is not protobuf'],
    ['nothing', () => Buffer.alloc(0), 'is not an ONNX model'],
    // Field 13 + 2^29, which other readers would cut off, and take for the file of a tensor.
    ['an unknown tag', () => Buffer.from([0xea, 0x80, 0x80, 0x80, 0x10, 0x00]), 'it is not protobuf'],
    ['a field of another kind', () => joined(integerField(7, 1)), 'its field 7 has the wrong type'],
  ])('is refused in one line: %s', (_, bytes, message) => {
    const path = fileOf(bytes())
    const read = () => readOnnxFile(path)
    expect(read).toThrow(InputError)
    expect(read).toThrow(message)
    expect(read).toThrow(path)
  })
})

it('an ONNX file that is cut off is read or refused where its float16 is planned', () => {
  const intact = readFileSync(golden('onnx/plain.onnx'))
  for (let length = 0; length < intact.length; length += 5) {
    const path = fileOf(intact.subarray(0, length))
    try {
      halfPrecisionChanges(path)
    } catch (error) {
      expect(error).toBeInstanceOf(InputError)
    }
  }
})

it('a file that is no checkpoint is refused', async () => {
  expect(await messageOf(readWholeCheckpoint(fileOf(Buffer.alloc(600, 7))))).toContain(folder('file'))
  expect(await messageOf(readWholeCheckpoint(fileOf(Buffer.alloc(0))))).toContain(folder('file'))
  expect(await messageOf(readWholeCheckpoint(folder('absent.pth')))).toContain('does not exist')
  expect(await messageOf(readWholeCheckpoint(folder()))).toContain('is not a file')
})
