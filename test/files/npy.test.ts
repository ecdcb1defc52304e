import { truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodeNpy, readNpy, writeNpy } from '../../src/files/npy.js'
import { messageOf } from '../support/messageOf.js'
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

const bytesOf = (...values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)

/** The array of a file of these bytes. */
function readBytes(bytes: Uint8Array) {
  writeFileSync(inFolder('array.npy'), bytes)
  return readNpy(inFolder('array.npy'))
}

/** Why a file of these bytes is refused, without its path. */
async function refusalOf(bytes: Uint8Array): Promise<string> {
  const message = await messageOf(readBytes(bytes))
  expect(message).toContain(inFolder('array.npy'))
  return message.replace(inFolder('array.npy'), 'it')
}

describe('npy', () => {
  it('reads back what it writes: every shape and every value, NaN and -0 included', async () => {
    const values = Float32Array.of(0, -0, Number.NaN, 1 / 3, Number.NEGATIVE_INFINITY, 1e-45)
    for (const shape of [[6], [2, 3], [1, 6, 1], [], [0], [3, 0, 2]]) {
      const count = shape.reduce((product, extent) => product * extent, 1)
      await writeNpy(inFolder('array.npy'), shape, values.subarray(0, count))
      expect(await readNpy(inFolder('array.npy'))).toEqual({ shape, data: values.subarray(0, count) })
    }
  })

  it.each([
    [[2], '(2,)'],
    [[], '()'],
    [[12, 224, 9216], '(12, 224, 9216)'],
  ])("writes NumPy's own header of shape %j: padded with spaces to 64, newline last", (shape, tuple) => {
    const data = new Float32Array([0, 1, 2, 3]).subarray(1, 3)
    const [head, body] = encodeNpy(shape, data)
    expect(Buffer.from(head)).toEqual(npyBytes(header(tuple), new Uint8Array(0)))
    expect(head.length % 64).toBe(0)
    // The data is not copied.
    expect([body.buffer, body.byteOffset, body.byteLength]).toEqual([data.buffer, 4, 8])
  })

  it('writes the length of a long header in two bytes', () => {
    const [head] = encodeNpy(Array<number>(300).fill(1), new Float32Array(1))
    expect((head[8] as number) + 256 * (head[9] as number)).toBe(head.length - 10)
  })

  const OTHER_HEADER = `{'shape':(2 , 1,),"fortran_order" : False,\n'descr':"<f4"}`
  const DOUBLES = new Uint8Array(Float64Array.of(0.1, -1e300, Number.NaN).buffer)
  it.each([
    ['a header of version 1.0', npyBytes(header('(2,)'), bytesOf(1, 2)), [2], [1, 2]],
    ['a header of version 2.0', npyBytes(header('(2,)'), bytesOf(1, 2), 2), [2], [1, 2]],
    ['a header of version 3.0', npyBytes(header('(2,)'), bytesOf(1, 2), 3), [2], [1, 2]],
    ['another order, spacing and quotes', npyBytes(OTHER_HEADER, bytesOf(1, 2)), [2, 1], [1, 2]],
    ['float64, rounded', npyBytes(header('(3,)', '<f8'), DOUBLES), [3], [0.1, Number.NEGATIVE_INFINITY, Number.NaN]],
  ])('reads %s', async (_, bytes, shape, values) => {
    expect(await readBytes(bytes)).toEqual({ shape, data: Float32Array.from(values) })
  })

  const NO_NPY = 'it is not a .npy file; give an array saved by extract or numpy.save'

  it.each([
    ...['>f4', '<f2', '<i4', '|O'].map((type) => [
      header('(2,)', type),
      `it holds values of type ${type}; save it as float32 (array.astype('float32'))`,
    ]),
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 'it holds values of a structured type'],
    [header('(2, 1)', '<f4', 'True'), 'it is in Fortran order; save it in C order (numpy.ascontiguousarray)'],
    ["'descr': '<f4', 'fortran_order': False, 'shape': (2,)", NO_NPY],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,)", NO_NPY],
    ["{'descr': '<f4' 'fortran_order': False 'shape': (2,)}", NO_NPY],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}", NO_NPY],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", NO_NPY],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}}", NO_NPY],
    ["{'descr\": '<f4', 'fortran_order': False, 'shape': (2,)}", NO_NPY],
    ["{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (2,)}", NO_NPY],
    ["call({'descr': '<f4', 'fortran_order': False, 'shape': (2,)})", NO_NPY],
    ...['(-2,)', '(2 1)', '(2.0,)', "('2',)", '[2]', '(2)', '(02,)', '(,2)', '(2,,)', '(99999999999999999999,)'].map(
      (shape) => [header(shape), NO_NPY],
    ),
    [header('(3,)'), 'it is damaged: shape (3) needs 12 bytes of data, but the file has 8; make it again'],
    [header('(1,)'), 'it is damaged: shape (1) needs 4 bytes of data, but the file has 8; make it again'],
    // What a header promises is compared with the file before memory is taken.
    [header('(9007199254740991,)'), 'it is damaged: shape (9007199254740991) needs 36028797018963964 bytes'],
    [header('(4294967296, 4294967296)'), 'it is damaged: shape (4294967296, 4294967296) needs 73786976294838210000'],
  ] as [string, string][])('refuses the header %s', async (text, refusal) => {
    expect(await refusalOf(npyBytes(text, bytesOf(1, 2)))).toContain(refusal)
  })

  it.each(['0.0', '1.7', '4.0'])('refuses version %s by name', async (text) => {
    const [version, minor] = text.split('.').map(Number)
    const refusal = await refusalOf(npyBytes(header('(2,)'), bytesOf(1, 2), version, minor))
    expect(refusal).toBe(`it is a .npy file of the unknown version ${text}; save it again with numpy.save`)
  })

  it('refuses a header longer than the file, or than NumPy writes', async () => {
    const whole = npyBytes(header('(2,)'), bytesOf(1, 2), 2)
    for (const length of [whole.length - 11, 0xffffffff]) {
      whole.writeUInt32LE(length, 8)
      expect(await refusalOf(whole)).toBe(NO_NPY)
    }
    const padded = (length: number) => npyBytes(header('(2,)') + ' '.repeat(length), bytesOf(1, 2), 2)
    expect((await readBytes(padded(65_300))).shape).toEqual([2])
    expect(await refusalOf(padded(65_600))).toBe(NO_NPY)
  })

  it('refuses a file cut anywhere, and any other', async () => {
    const whole = npyBytes(header('(2,)'), bytesOf(1, 2))
    for (let length = 0; length < whole.length; length++) await refusalOf(whole.subarray(0, length))
    expect(await refusalOf(Buffer.from('\x93NUMPX\x01\0\x02\0{}', 'latin1'))).toBe(NO_NPY)
    expect(await messageOf(readNpy(inFolder()))).toBe(`${inFolder()} is not a file; give a .npy file`)
    const missing = inFolder('nothing.npy')
    expect(await messageOf(readNpy(missing))).toBe(`cannot read ${missing}: no such file; check the path`)
  })

  it('refuses an array larger than memory in one line', async () => {
    const start = npyBytes(header('(1099511627776,)'), new Uint8Array(0))
    writeFileSync(inFolder('array.npy'), start)
    truncateSync(inFolder('array.npy'), start.length + 4 * 1099511627776)
    const refusal = await messageOf(readNpy(inFolder('array.npy')))
    expect(refusal).toMatch(/holds 4398046511104 bytes, more than fit into memory; split it into smaller arrays$/)
  })
})
