import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Checkpoint, readCheckpoint } from '../../../src/checkpoint/checkpoint.js'
import { encodeNpy, readNpy } from '../../../src/files/npy.js'
import { withFile } from '../../../src/files/openFile.js'
import { recogniseCheckpoint } from '../../../src/networks/file/recognition.js'
import { externalFiles } from '../../../src/onnx/format/externalData.js'
import { writeGraphCopy } from '../../../src/onnx/format/graphCopy.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import type { Files, Reader } from '../reader.js'
import { goldens } from './goldens.js'

const MOST_TENSORS = 12

function checkpoint(name: string, file: string, files: readonly Files[], mend?: Reader['mend']): Reader {
  const words = ['state_dict', 'F32', 'BF16', 'I64', 'cos', 'torch._utils', '_rebuild_tensor_v2', '__metadata__']
  const read = async (folder: string) => {
    const path = join(folder, file)
    await withFile(path, async (opened) => checkTensors((await readCheckpoint(opened)).tensors))
    await recogniseCheckpoint(path).catch((error: Error) => {
      // A small file can be a valid checkpoint, but not of a known network.
      if (!/ is not a checkpoint of a known network/.test(error.message)) throw error
    })
  }
  return { name, goldens: files, words, read, ...(mend && { mend }) }
}

async function checkTensors(tensors: Checkpoint['tensors']): Promise<void> {
  for (const [key, tensor] of [...tensors].slice(0, MOST_TENSORS)) {
    const elements = await tensor.read()
    assert.equal(elements.length, productOf(tensor.shape), `the elements of ${key}`)
    assert(elements.every(Number.isFinite), `${key} is not finite`)
  }
}

function productOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** A zero stands for a checksum that was not computed. */
function withoutZipChecksums(bytes: Buffer): Buffer {
  const signature = Buffer.from('PK\x01\x02', 'latin1')
  for (let at = bytes.indexOf(signature); at >= 0 && at + 20 <= bytes.length; at = bytes.indexOf(signature, at + 4))
    bytes.writeUInt32LE(0, at + 16)
  return bytes
}

function withTarChecksums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue
    bytes.fill(0x20, at + 148, at + 156)
    const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1')
  }
  return bytes
}

const tensor = { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] }
const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, weight: tensor, bias: tensor }))
const safetensors = withHeaderLength(Buffer.concat([Buffer.alloc(8), header, Buffer.alloc(24)]))

/** All after the text is zeros. */
function withHeaderLength(bytes: Buffer): Buffer {
  if (bytes.length >= 8) bytes.writeBigUInt64LE(BigInt(Math.max(0, bytes.lastIndexOf('}') - 7)))
  return bytes
}

/** As long as its text is. */
function withNpyLength(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\n', 10)
  if (end > 10) bytes.writeUInt16LE((end - 9) % 65_536, 8)
  return bytes
}

async function readOnnx(folder: string): Promise<void> {
  const [path, copy] = [join(folder, 'case.onnx'), join(folder, 'copy.onnx')]
  const model = readOnnxFile(path)
  await externalFiles(model)
  const outputs = [...model.tensors].slice(0, 2)
  await writeGraphCopy(copy, path, { outputs })
  const expected = [...model.outputs.map(({ name }) => name), ...outputs]
  const found = readOnnxFile(copy).outputs.map(({ name }) => name)
  assert.deepEqual(found.sort(), expected.sort())
}

const array = Buffer.concat(encodeNpy([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)))
const double = Buffer.from(String(array.toString('latin1')).replace('<f4', '<f8'), 'latin1')

const zips = /^(?!whole).*-zip\.pth$/

/** Files of weights, graphs and arrays. */
export const weights: readonly Reader[] = [
  checkpoint('torch-zip', 'case.pth', goldens('checkpoints', zips, 'case.pth'), withoutZipChecksums),
  checkpoint('torch-legacy', 'case.pth', goldens('checkpoints', /-legacy\.pth$/, 'case.pth')),
  checkpoint('torch-tar', 'case.pth.tar', goldens('checkpoints', /-tar\.pth$/, 'case.pth.tar'), withTarChecksums),
  checkpoint('safetensors', 'case.safetensors', [{ 'case.safetensors': safetensors }], withHeaderLength),
  checkpoint('caffemodel', 'case.caffemodel', goldens('caffe', /\.caffemodel$/, 'case.caffemodel')),
  {
    name: 'onnx',
    goldens: goldens('onnx', /\.onnx$/, 'case.onnx').map((files) => ({ ...files, 'external.data': Buffer.alloc(528) })),
    words: ['external.data', 'sub/../external.data', 'location', 'offset', 'length', 'image', 'Conv'],
    read: readOnnx,
  },
  {
    name: 'npy',
    goldens: [{ 'case.npy': array }, { 'case.npy': Buffer.concat([double, array.subarray(-24)]) }],
    words: ['>f4', '|O', '<i8', '<f2', '|b1', 'True', 'fortran_order', 'shape', 'descr', '3L'],
    mend: withNpyLength,
    read: async (folder) => {
      const { shape, data } = await readNpy(join(folder, 'case.npy'))
      assert.equal(data.length, productOf(shape))
    },
  },
]
