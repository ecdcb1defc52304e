import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { withFile } from '../../src/files/openFile.js'
import type { Checkpoint } from '../../src/networks/checkpoint/checkpoint.js'
import { randomCases } from '../support/randomCases.js'
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
import { readWholeCheckpoint } from '../support/wholeCheckpoint.js'

const goldens = join(import.meta.dirname, '../golden/checkpoints')
type Expected = Record<string, Record<string, { dtype: string; shape: number[]; values: number[] }>>
const expected: Expected = JSON.parse(readFileSync(join(goldens, 'expected.json'), 'utf8'))

let folder: string
let path: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  path = join(folder, 'test.pth')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Reads every tensor of a file, as one does who builds a network from it. */
async function readAll(file: string): Promise<Checkpoint> {
  const checkpoint = await readWholeCheckpoint(file)
  for (const tensor of checkpoint.tensors.values()) await tensor.read()
  return checkpoint
}

async function refusal(file: string): Promise<string> {
  const error = await readAll(file).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(InputError)
  expect((error as Error).message).not.toContain('\n')
  return (error as Error).message
}

async function refusalOfPickle(pickle: Buffer, storages: Record<string, Float32Array> = {}): Promise<string> {
  writeTorchZipOf(path, Buffer.concat([Buffer.from([0x80, 2]), pickle, op('.')]), storages)
  return refusal(path)
}

it('a range of a file that ends before it is refused in one line', async () => {
  writeFileSync(path, 'short')
  const refused = withFile(path, (file) => file.read({ offset: 3, length: 10 }))
  await expect(refused).rejects.toThrow(`${path} is shorter than it should be`)
  await expect(refused).rejects.not.toThrow('cannot be read')
})

describe('a file that torch.save wrote', () => {
  it.each(Object.entries(expected))('%s gives its tensors', async (name, tensors) => {
    const checkpoint = await readWholeCheckpoint(join(goldens, name))
    expect(checkpoint.format).toBe(name.replace(/.*-(\w+)\.pth/, 'pytorch-$1'))
    expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(tensors))
    for (const [key, { dtype, shape, values }] of Object.entries(tensors)) {
      const tensor = checkpoint.tensors.get(key)
      expect(tensor).toMatchObject({ key, dtype, shape })
      expect([...((await tensor?.read()) ?? [])], key).toEqual(values.map(Math.fround))
    }
  })

  it('that holds a whole module is refused, by the name of its class', async () => {
    expect(await refusal(join(goldens, 'whole-module-zip.pth'))).toContain('asks for torch.nn.modules.linear.Linear')
  })
})

describe('a safetensors file', () => {
  const entry = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }
  const write = (header: unknown, data: Uint8Array = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)) => {
    const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    writeFileSync(path, Buffer.concat([length, json, data]))
  }

  it('gives its tensors', async () => {
    const half = { dtype: 'BF16', shape: [1], data_offsets: [16, 18] }
    const bytes = Buffer.concat([Buffer.from(Float32Array.of(1, 2, 3, 4).buffer), Buffer.from([0x80, 0x3f])])
    write({ __metadata__: { format: 'pt' }, 'fc.weight': entry, 'fc.bias': half }, bytes)
    const checkpoint = await readWholeCheckpoint(path)
    expect(checkpoint.format).toBe('safetensors')
    expect([...checkpoint.tensors.keys()]).toEqual(['fc.weight', 'fc.bias'])
    expect(checkpoint.tensors.get('fc.weight')).toMatchObject({ dtype: 'float32', shape: [2, 2] })
    expect(await checkpoint.tensors.get('fc.weight')?.read()).toEqual(Float32Array.of(1, 2, 3, 4))
    expect(await checkpoint.tensors.get('fc.bias')?.read()).toEqual(Float32Array.of(1))
  })

  it('is refused when its header is longer than any, before memory is taken', async () => {
    write(`{"a":${'['.repeat(5 * 2 ** 20)}`)
    expect(await refusal(path)).toContain('its header claims 5242885 bytes')
  })

  it('is refused when its header does not fit its bytes', async () => {
    for (const wrong of [
      '{"fc": ',
      { fc: null },
      { fc: { ...entry, dtype: 'F99' } },
      { fc: { ...entry, shape: [2, 3] } },
      { fc: { ...entry, shape: [-2, -2] } },
      { fc: { ...entry, data_offsets: [4, 20] } },
      { fc: { ...entry, shape: [2 ** 40, 2 ** 40], data_offsets: [0, 2 ** 53] } },
    ]) {
      write(wrong)
      expect(await refusal(path)).toContain('is a damaged safetensors file')
    }
  })
})

describe('a checkpoint that was written here', () => {
  /** The pickle of one tensor, `only`: a row of elements of a storage that has four. */
  const oneTensor = (type: string, offset: number, count: number) => {
    const storage = tuple([text('storage'), global('torch', type), text('0'), text('cpu'), integer(4)])
    const args = [storage, op('Q'), integer(offset), tuple([integer(count)]), tuple([integer(1)])]
    return Buffer.concat([op('}'), text('only'), call('torch._utils', '_rebuild_tensor', args), op('s.')])
  }

  it('gives back any float32 values, bit by bit', async () => {
    const tensor = fc.record({
      shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
      seed: fc.float({ noNaN: true, noDefaultInfinity: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(tensor, { minLength: 1, maxLength: 5 }), async (drawn) => {
        const tensors = drawn.map(({ shape, seed }, index) => {
          const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).map(
            (_, i) => seed / (i + 1),
          )
          return { key: `layer.${index}`, shape, data: () => data }
        })
        writeTorchZip(path, tensors)
        const checkpoint = await readWholeCheckpoint(path)
        for (const { key, shape, data } of tensors) {
          expect(checkpoint.tensors.get(key)?.shape).toEqual(shape)
          expect(await checkpoint.tensors.get(key)?.read()).toEqual(data())
        }
      }),
      { numRuns: randomCases(20) },
    )
  })

  it('may hold an empty tensor, wherever that lies', async () => {
    writeTorchZipOf(path, oneTensor('FloatStorage', 9, 0), { 0: Float32Array.of(1, 2, 3, 4) })
    expect(await (await readWholeCheckpoint(path)).tensors.get('only')?.read()).toEqual(new Float32Array(0))
  })

  it('may be of the form for large files', async () => {
    const values = Float32Array.of(1, 2, 3)
    writeTorchZip(path, [{ key: 'weight', shape: [3], data: () => values }], 'zip64')
    expect(await (await readWholeCheckpoint(path)).tensors.get('weight')?.read()).toEqual(values)
    const bytes = readFileSync(path)
    for (const at of [bytes.length - 22 - 20 + 8, bytes.length - 22 - 20 - 56 + 48]) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(0x80, at + 7)
      writeFileSync(path, damaged)
      expect(await refusal(path)).toContain('is a damaged zip file: its directory')
    }
  })

  it('has 1 for every truth value that is not 0, as PyTorch reads it', async () => {
    writeTorchZipOf(path, oneTensor('BoolStorage', 0, 4), { 0: new Float32Array(Uint8Array.of(118, 0, 1, 255).buffer) })
    expect(await (await readWholeCheckpoint(path)).tensors.get('only')?.read()).toEqual(Float32Array.of(1, 0, 1, 1))
  })

  it('with NaN or infinite weights is refused by the key', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      writeTorchZip(path, [{ key: 'fc.bias', shape: [3], data: () => Float32Array.of(1, value, 2) }])
      expect(await refusal(path)).toContain(`fc.bias holds ${value} at element 1`)
    }
  })
})

describe('a pickle that is no state dict', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z_0-9]{0,12}$/)
  const allowed = new Set(['collections', 'torch', 'torch._utils'])

  it('is refused by the name of whatever else it asks for, and nothing is executed', async () => {
    const calls = fc.record({ module: name.filter((module) => !allowed.has(module)), attribute: name })
    const real = [
      { module: 'os', attribute: 'system' },
      { module: 'builtins', attribute: 'eval' },
      { module: '__builtin__', attribute: 'exec' },
      { module: 'torch', attribute: 'load' },
      { module: 'collections', attribute: 'namedtuple' },
      { module: 'torch._utils', attribute: '_rebuild_device_tensor_from_numpy' },
    ]
    const property = async ({ module, attribute }: { module: string; attribute: string }) => {
      const message = await refusalOfPickle(call(module, attribute, [text('echo 1')]))
      expect(message).toContain(
        `asks for ${module}.${attribute}, which a checkpoint of tensors never needs; refused, nothing was executed`,
      )
    }
    for (const each of real) await property(each)
    await fc.assert(fc.asyncProperty(calls, property), { numRuns: randomCases(20) })
  })

  it('is refused for what it holds or does instead', async () => {
    const storage = (elements: number, type: string) =>
      Buffer.concat([
        tuple([text('storage'), global('torch', type), text('0'), text('cpu'), integer(elements)]),
        op('Q'),
      ])
    const tensor = (elements: number, offset: number, shape: number[], strides: number[], type = 'FloatStorage') =>
      call('torch._utils', '_rebuild_tensor_v2', [
        storage(elements, type),
        integer(offset),
        tuple(shape.map(integer)),
        tuple(strides.map(integer)),
      ])
    const storages = { 0: Float32Array.of(1, 2, 3, 4) }
    expect(await refusalOfPickle(integer(5))).toContain('does not hold a state dict')
    expect(await refusalOfPickle(op('}'))).toContain('no named tensors')
    expect(await refusalOfPickle(tensor(5, 0, [5], [1]), storages)).toContain(
      'storage 0 should have 20 bytes and has 16',
    )
    expect(await refusalOfPickle(tensor(4, 1, [4], [1]), storages)).toContain('reaches element 4 of a storage of 4')
    expect(await refusalOfPickle(tensor(4, 0, [2, 2], [3, 1]), storages)).toContain(
      'reaches element 4 of a storage of 4',
    )
    expect(await refusalOfPickle(tensor(4, 0, [1000, 1000, 1000], [0, 0, 0]), storages)).toContain(
      'has 1000000000 elements, its storage 4',
    )
    expect(await refusalOfPickle(tensor(4, -1, [1], [1]), storages)).toContain('malformed')
    expect(await refusalOfPickle(tensor(4, 0, [-1], [1]), storages)).toContain('malformed')
    expect(await refusalOfPickle(tensor(4, 0, [1], [1]), {})).toContain('storage 0 is missing')
    const asInts = Buffer.concat([tensor(4, 0, [4], [1]), tensor(4, 0, [4], [1], 'IntStorage')])
    expect(await refusalOfPickle(asInts, storages)).toContain('storage 0 is described in two ways')
    expect(
      await refusalOfPickle(Buffer.concat([tuple([text('module'), text('a'), text('b'), text('c')]), op('Q')])),
    ).toContain('whole module')
    expect(await refusalOfPickle(op('\x93'))).toContain('opcode 0x93')
    expect(await refusalOfPickle(op('R'))).toContain('has not put on the stack')
    expect(await refusalOfPickle(op('t'))).toContain('closes a group')
    expect(await refusalOfPickle(op('h\x07'))).toContain('recalls value 7')
    expect(await refusalOfPickle(op(')b'))).toContain('has not put on the stack')
    expect(await refusalOfPickle(op(']s'))).toContain('has not put on the stack')
    expect(await refusalOfPickle(Buffer.concat([op(']'), op('('), integer(1), op('u')]))).toContain('not a dictionary')
  })

  it('cannot take more memory or time than its length allows', async () => {
    expect(await refusalOfPickle(Buffer.alloc(200_001, '('))).toContain('deeper than')
    expect(await refusalOfPickle(Buffer.concat([op(']'), Buffer.alloc(1_000_000, '}a')]))).toContain('containers')
    expect(await refusalOfPickle(Buffer.alloc(17 * 2 ** 20, 'N'))).toContain('more than any checkpoint')
    const doubling = Buffer.concat([op(']q\0'), ...Array.from({ length: 60 }, () => op('h\0\x86q\0'))])
    expect(await refusalOfPickle(doubling)).toContain('does not hold a state dict')
    const items = Array.from({ length: 50_000 }, () => op('K\x01'))
    const pairs = Buffer.concat([op(']('), ...items.map(() => op('K\x01K\x01\x86')), op('eq\0')])
    const dictionaries = Array.from({ length: 50 }, () => op('ccollections\nOrderedDict\n(h\0tR'))
    expect(await refusalOfPickle(Buffer.concat([pairs, ...dictionaries]))).toContain('containers')
    const claim = Buffer.concat([op('X'), Buffer.from([0xff, 0xff, 0xff, 0xff]), Buffer.from('short')])
    expect(await refusalOfPickle(claim)).toContain('ends in the middle')
  })
})

describe('a damaged file', () => {
  // Tar files end with any number of zeros.
  const lastByteThatCounts = (bytes: Buffer) => bytes.findLastIndex((byte) => byte !== 0)
  const files = readdirSync(goldens).filter((name) => name.endsWith('.pth') && !name.startsWith('whole'))
  const intact = files.map((name) => readFileSync(join(goldens, name)))

  it('that was cut off is refused', async () => {
    const cut = fc
      .constantFrom(...intact)
      .chain((bytes) => fc.tuple(fc.constant(bytes), fc.nat(lastByteThatCounts(bytes))))
    await fc.assert(
      fc.asyncProperty(cut, async ([bytes, length]) => {
        writeFileSync(path, bytes.subarray(0, length))
        await refusal(path)
      }),
      { numRuns: randomCases(100) },
    )
  })

  it('with flipped bits is refused, or still a checkpoint of finite tensors', async () => {
    const flips = fc.array(fc.record({ place: fc.nat(), bit: fc.nat(7) }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...intact), flips, async (bytes, drawn) => {
        const damaged = Buffer.from(bytes)
        for (const { place, bit } of drawn) {
          const at = place % damaged.length
          damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << bit), at)
        }
        writeFileSync(path, damaged)
        await readAll(path).catch((error: unknown) => expect(error).toBeInstanceOf(InputError))
      }),
      { numRuns: randomCases(250) },
    )
  })

  it('of a zip checkpoint with a flipped bit in a tensor is refused by its checksum', async () => {
    writeTorchZip(path, [{ key: 'weight', shape: [1000], data: () => new Float32Array(1000).fill(1) }])
    const bytes = readFileSync(path)
    const at = bytes.indexOf(Buffer.from(Float32Array.of(1, 1).buffer)) + 2000
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(path, bytes)
    expect(await refusal(path)).toContain('the checksum of entry test/data/0 does not fit')
  })

  it('with compressed entries is refused before they are read, however small they pretend to be', async () => {
    writeTorchZip(path, [{ key: 'weight', shape: [4], data: () => Float32Array.of(1, 2, 3, 4) }])
    const bytes = readFileSync(path)
    const at = bytes.indexOf('PK\x01\x02', bytes.indexOf('PK\x01\x02') + 1, 'latin1')
    const method = Buffer.from(bytes)
    method.writeUInt16LE(8, at + 10)
    writeFileSync(path, method)
    expect(await refusal(path)).toContain('is compressed or encrypted, which a PyTorch checkpoint never is')
    const size = Buffer.from(bytes)
    size.writeUInt32LE(2 ** 32 - 2, at + 24)
    writeFileSync(path, size)
    expect(await refusal(path)).toContain('is compressed or encrypted')
    size.writeUInt32LE(2 ** 32 - 2, at + 20)
    writeFileSync(path, size)
    expect(await refusal(path)).toContain('lies outside of it')
  })

  it('with more entries or storages than any network is refused before each is looked up', async () => {
    const scalar = () => Float32Array.of(1)
    const tensors = Array.from({ length: 20_001 }, (_, i) => ({ key: `weight${i}`, shape: [1], data: scalar }))
    writeTorchZip(path, tensors)
    expect(await refusal(path)).toContain('its directory has 20004 entries')
    const legacy = readFileSync(join(goldens, 'module-legacy.pth'))
    const keys = Buffer.concat([op('\x80\x02]q\0X\x01\0\0\x000q\x01a('), Buffer.alloc(50_000, 'h\x01'), op('e.')])
    const start = legacy.lastIndexOf(op('\x80\x02]'))
    writeFileSync(path, Buffer.concat([legacy.subarray(0, start), keys, Buffer.alloc(300_000)]))
    expect(await refusal(path)).toContain('lists 25001 storages')
  })

  it('that is no checkpoint at all is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        writeFileSync(path, bytes)
        await refusal(path)
      }),
      { numRuns: randomCases(40) },
    )
    expect(await refusal(join(folder, 'absent.pth'))).toContain('does not exist')
    expect(await refusal(folder)).toContain('is not a file')
    writeTorchZipOf(path, stateDictPickle([]))
    expect(await refusal(path)).toContain('no named tensors')
  })
})
