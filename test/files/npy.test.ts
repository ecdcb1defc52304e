import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { encodeNpy, readNpy, writeNpy } from '../../src/files/npy.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** A .npy file by hand: what numpy writes, but for what a test changes. */
function npyBytes(header: string, data: Uint8Array, version = 1, minor = 0): Buffer {
  const prefix = version === 1 ? 10 : 12
  const text = `${header}${' '.repeat((64 - ((prefix + header.length + 1) % 64)) % 64)}\n`
  const start = Buffer.alloc(prefix)
  start.write('\x93NUMPY', 'latin1')
  start.set([version, minor], 6)
  if (version === 1) start.writeUInt16LE(text.length, 8)
  else start.writeUInt32LE(text.length, 8)
  return Buffer.concat([start, Buffer.from(text, 'latin1'), data])
}

function header(shape: string, descr = '<f4', order = 'False'): string {
  return `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`
}

function bytesOf(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

async function refusalOf(bytes: Uint8Array): Promise<string> {
  writeFileSync(inFolder('array.npy'), bytes)
  const error = await readNpy(inFolder('array.npy')).then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(InputError)
  const { message } = error as InputError
  expect(message).toContain(inFolder('array.npy'))
  expect(message).not.toContain('\n')
  return message
}

const arrays = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }).chain((shape) => {
  const count = shape.reduce((product, extent) => product * extent, 1)
  return fc.tuple(fc.constant(shape), fc.float32Array({ minLength: count, maxLength: count }))
})

describe('npy', () => {
  it('reads back what it writes: every shape and every value, NaN and -0 included', async () => {
    await fc.assert(
      fc.asyncProperty(arrays, async ([shape, data]) => {
        await writeNpy(inFolder('array.npy'), shape, data)
        const read = await readNpy(inFolder('array.npy'))
        expect(read.shape).toEqual(shape)
        expect(Buffer.from(read.data.buffer)).toEqual(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
      }),
      { numRuns: 50 },
    )
  })

  it("keeps NumPy's rules for the header: version 1.0, padded with spaces to 64, newline last, keys sorted", () => {
    fc.assert(
      fc.property(arrays, ([shape, data]) => {
        const [head, body] = encodeNpy(shape, data)
        const text = Buffer.from(head).toString('latin1')
        expect([...head.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
        expect(head.length % 64).toBe(0)
        expect((head[8] as number) + 256 * (head[9] as number)).toBe(head.length - 10)
        const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
        expect(text.slice(10)).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \([\d, ]*\), \} *\n$/)
        expect(text).toContain(`'shape': ${tuple}, }`)
        expect(body.byteLength).toBe(data.byteLength)
      }),
    )
  })

  it('does not copy the data', () => {
    const data = new Float32Array([0, 1, 2, 3]).subarray(1, 3)
    const [, body] = encodeNpy([2], data)
    expect(body.buffer).toBe(data.buffer)
    expect([body.byteOffset, body.byteLength]).toEqual([4, 8])
  })

  it.each([1, 2, 3] as const)('reads headers of version %i.0', async (version) => {
    writeFileSync(inFolder('array.npy'), npyBytes(header('(2,)'), bytesOf([1, 2]), version))
    expect(await readNpy(inFolder('array.npy'))).toEqual({ shape: [2], data: Float32Array.from([1, 2]) })
  })

  it('rounds float64 to the nearest float32', async () => {
    const values = [0.1, -1e300, 1 / 3, Number.NaN]
    writeFileSync(
      inFolder('array.npy'),
      npyBytes(header('(4,)', '<f8'), new Uint8Array(Float64Array.from(values).buffer)),
    )
    expect((await readNpy(inFolder('array.npy'))).data).toEqual(Float32Array.from(values))
  })

  it('reads headers whose keys come in another order, spacing and quotes', async () => {
    const unusual = `{'shape':(2 , 1,),"fortran_order" : False,\n'descr':"<f4"}`
    writeFileSync(inFolder('array.npy'), npyBytes(unusual, bytesOf([1, 2])))
    expect((await readNpy(inFolder('array.npy'))).shape).toEqual([2, 1])
  })

  it.each(['>f4', '<f2', '<i4', '|u1', '<c8', '|O'])('refuses values of type %s by name', async (type) => {
    expect(await refusalOf(npyBytes(header('(2,)', type), bytesOf([1, 2])))).toMatch(
      new RegExp(`holds values of type ${type.replace('|', '\\|')}; save it as float32`),
    )
  })

  it.each([
    [0, 0],
    [1, 7],
    [4, 0],
  ])('refuses version %i.%i by name', async (version, minor) => {
    expect(await refusalOf(npyBytes(header('(2,)'), bytesOf([1, 2]), version, minor))).toContain(
      `is a .npy file of version ${version}.${minor}; save it again with numpy.save`,
    )
  })

  it.each([
    "'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
    "{'descr': '<f4' 'fortran_order': False 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}}",
    "{'descr\": '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (2,)}",
    "call({'descr': '<f4', 'fortran_order': False, 'shape': (2,)})",
  ])('refuses a header that is not the dict of NumPy: %s', async (text) => {
    expect(await refusalOf(npyBytes(text, bytesOf([1, 2])))).toMatch(/is not a \.npy file/)
  })

  it('refuses structured types', async () => {
    const structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"
    expect(await refusalOf(npyBytes(structured, bytesOf([1, 2])))).toMatch(/structured/)
  })

  it('refuses Fortran order by name', async () => {
    expect(await refusalOf(npyBytes(header('(2, 1)', '<f4', 'True'), bytesOf([1, 2])))).toMatch(
      /Fortran order; save it in C order/,
    )
  })

  it('refuses a file cut anywhere, or with bytes too many', async () => {
    const whole = npyBytes(header('(2, 3)'), bytesOf([1, 2, 3, 4, 5, 6]))
    for (let length = 0; length < whole.length; length++) await refusalOf(whole.subarray(0, length))
    expect(await refusalOf(Buffer.concat([whole, new Uint8Array(1)]))).toMatch(
      /needs 24 bytes of data, the file has 25/,
    )
  })

  it.each([
    '(9007199254740991,)',
    '(1099511627776, 1099511627776, 4096)',
    '(99999999999999999999,)',
    '(4294967296, 4294967296)',
  ])('refuses a header that promises %s before it takes memory', async (shape) => {
    await refusalOf(npyBytes(header(shape), bytesOf([1, 2])))
  })

  it('refuses a header longer than the file, and shapes that are none', async () => {
    const long = npyBytes(header('(2,)'), bytesOf([1, 2]), 2)
    long.writeUInt32LE(0xffffffff, 8)
    expect(await refusalOf(long)).toMatch(/is not a \.npy file/)
    for (const shape of ['(-2,)', '(2 1)', '(2.0,)', "('2',)", '[2]', '(2)', '(02,)', '(,2)', '(2,,)']) {
      await refusalOf(npyBytes(header(shape), bytesOf([1, 2])))
    }
  })

  it('refuses an array larger than memory in one line', async () => {
    const start = npyBytes(header('(1099511627776,)'), new Uint8Array(0))
    const file = openSync(inFolder('array.npy'), 'w')
    writeSync(file, start)
    ftruncateSync(file, start.length + 4 * 1099511627776)
    closeSync(file)
    await expect(readNpy(inFolder('array.npy'))).rejects.toThrow(InputError)
  })

  it('refuses any other file, a folder and a missing one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await refusalOf(bytes)
      }),
      { numRuns: 50 },
    )
    mkdirSync(inFolder('folder.npy'))
    await expect(readNpy(inFolder('folder.npy'))).rejects.toThrow(/is not a file; give a \.npy file/)
    await expect(readNpy(inFolder('nothing.npy'))).rejects.toThrow(/cannot read .*nothing\.npy: no such file/)
  })

  it('survives any flipped byte: an array of the promised length or an InputError', async () => {
    const whole = npyBytes(header('(2, 3)'), bytesOf([1, 2, 3, 4, 5, 6]))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (place, mask) => {
        const damaged = Buffer.from(whole)
        damaged[place] = (damaged[place] as number) ^ mask
        writeFileSync(inFolder('array.npy'), damaged)
        const read = await readNpy(inFolder('array.npy')).catch((error: unknown) => {
          expect(error).toBeInstanceOf(InputError)
        })
        if (read) expect(read.shape.reduce((product, extent) => product * extent, 1)).toBe(read.data.length)
      }),
      { numRuns: 200 },
    )
  })
})
