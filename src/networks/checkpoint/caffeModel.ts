import { extname } from 'node:path'
import { InputError } from '../../errors.js'
import { printable } from '../../support/printable.js'
import {
  type Field,
  fields,
  integers,
  type MessageRange,
  messages,
  ProtobufError,
  type ProtobufFile,
  readingProtobuf,
  text,
  wireTypes,
} from '../protobufFile.js'
import { BlobProto, BlobShape, LayerParameter, NetParameter, V1LayerParameter } from './caffeFields.js'
import { readRange } from './fileBytes.js'
import { bytesPerElement, type CheckpointTensor, contiguousStrides, elementCount, gatherFloat32 } from './tensor.js'

/** Field numbers of a layer's messages: NetParameter's own, then those of the name and the blobs in the layer. */
interface LayerForm {
  readonly layers: number
  readonly name: number
  readonly blobs: number
}

const currentForm: LayerForm = { layers: NetParameter.layer, ...LayerParameter }
const firstForm: LayerForm = {
  layers: NetParameter.layers,
  name: V1LayerParameter.name,
  blobs: V1LayerParameter.blobs,
}

const { input_dim, force_backward, debug_info } = NetParameter
const netVarints: readonly number[] = [input_dim, force_backward, debug_info]
/** NetParameter's fields, with their wire type. */
const netFields: ReadonlyMap<number, number> = new Map(
  Object.values(NetParameter).map((number) => [
    number,
    netVarints.includes(number) ? wireTypes.varint : wireTypes.lengthDelimited,
  ]),
)

/** As in Caffe, include/caffe/blob.hpp. */
const maximumAxes = 32
const maximumBlobs = 100_000
const maximumPieces = 1000

/** Whether a file is a Caffe model: by its extension, or because it starts like one, with the name of a network. */
export function isCaffeModel(head: Buffer, _fileLength: number, path: string): boolean {
  return extname(path).toLowerCase() === '.caffemodel' || startsWithName(head)
}

/** A short name as field 1, and behind it the tag, of one byte or two, of another field of a NetParameter. */
function startsWithName(head: Buffer): boolean {
  const [tag, length = 0x80] = head
  const end = 2 + length
  if (tag !== 0x0a || length >= 0x80 || end + 2 > head.length) return false
  const low = head.readUInt8(end)
  const next = low < 0x80 ? low : (low & 0x7f) + 0x80 * head.readUInt8(end + 1)
  return /^[\x20-\x7e]*$/.test(head.toString('latin1', 2, end)) && netFields.get(next >> 3) === next % 8
}

/**
 * Reads what a Caffe model holds: per layer, the blobs `<layer name>.<index>`, by Caffe's habit 0 the weights and 1 the
 * bias. Layers may be in the current form or in that of 2014 (V1); elements packed or not, float or double. Blobs of
 * before Caffe's `shape` have four axes, [num, channels, height, width].
 *
 * Reference: BVLC/caffe, src/caffe/proto/caffe.proto (NetParameter, LayerParameter, V1LayerParameter, BlobProto) and
 * src/caffe/blob.cpp (`FromProto`).
 *
 * @throws InputError when the file is damaged, or holds no blobs
 */
export async function readCaffeModel(path: string): Promise<ReadonlyMap<string, CheckpointTensor>> {
  try {
    const tensors = readingProtobuf(path, (file) => readNet(path, file))
    if (tensors.size > 0) return tensors
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw new InputError(`${path} is a damaged Caffe model: ${error.message}; download or copy it again`, {
      cause: error,
    })
  }
  throw new InputError(`${path} is a Caffe model without weights; give the .caffemodel that training wrote`)
}

function readNet(path: string, file: ProtobufFile): Map<string, CheckpointTensor> {
  const tensors = new Map<string, CheckpointTensor>()
  for (const { number, wireType, ...range } of fields(file, file.whole)) {
    if (netFields.has(number) && netFields.get(number) !== wireType && number !== input_dim)
      throw new ProtobufError(`its field ${number} is of the wrong kind`)
    const form = [currentForm, firstForm].find(({ layers }) => layers === number)
    if (form) readLayer(path, file, range, form, tensors)
  }
  return tensors
}

function readLayer(
  path: string,
  file: ProtobufFile,
  layer: MessageRange,
  form: LayerForm,
  tensors: Map<string, CheckpointTensor>,
): void {
  const name = text(file, layer, form.name)
  const blobs = messages(file, layer, form.blobs)
  if (form === firstForm && blobs.length === 0 && messages(file, layer, V1LayerParameter.layer).length > 0)
    throw new ProtobufError("it is of before 2014; convert it with Caffe's upgrade_net_proto_binary")
  blobs.forEach((blob, index) => {
    const key = `${name}.${index}`
    if (name === '') throw new ProtobufError('a layer with weights has no name')
    if (tensors.has(key)) throw new ProtobufError(`two layers with weights are called ${printable(name)}`)
    if (tensors.size === maximumBlobs) throw new ProtobufError(`it has more than ${maximumBlobs} blobs`)
    tensors.set(key, blobTensor(path, key, readBlob(file, blob)))
  })
}

/** Consecutive elements in the file; `distance` bytes from one to the next, more than an element where each has a tag. */
interface Piece {
  readonly offset: number
  readonly elements: number
  readonly distance: number
}

interface Blob {
  readonly shape: readonly number[] | null
  /** num, channels, height, width, where the file says any of them. */
  readonly legacyShape: readonly number[] | null
  readonly float32: Piece[]
  readonly float64: Piece[]
}

const legacyAxes: readonly number[] = [BlobProto.num, BlobProto.channels, BlobProto.height, BlobProto.width]

function readBlob(file: ProtobufFile, range: MessageRange): Blob {
  const legacy = [0, 0, 0, 0]
  let isLegacy = false
  let shape: number[] | null = null
  const blob = { float32: [] as Piece[], float64: [] as Piece[] }
  for (const field of fields(file, range)) {
    const { number } = field
    const axis = legacyAxes.indexOf(number)
    if (axis >= 0) {
      legacy[axis] = field.value
      isLegacy = true
    } else if (number === BlobProto.data) addElements(blob.float32, field, bytesPerElement.float32)
    else if (number === BlobProto.shape)
      shape = moreAxes(shape ?? [], integers(file, field, BlobShape.dim, maximumAxes))
    else if (number === BlobProto.double_data) addElements(blob.float64, field, bytesPerElement.float64)
  }
  return { ...blob, shape, legacyShape: isLegacy ? legacy : null }
}

/** Protobuf joins the lists of a message that occurs twice. */
function moreAxes(shape: readonly number[], more: readonly number[]): number[] {
  if (shape.length + more.length > maximumAxes) throw new ProtobufError(`a blob has more than ${maximumAxes} axes`)
  return [...shape, ...more]
}

/** Unpacked elements that follow one another make one piece: each stands behind its tag, a byte. */
function addElements(pieces: Piece[], field: Field, elementBytes: number): void {
  const length = field.end - field.start
  if (field.wireType === wireTypes.lengthDelimited) {
    if (length % elementBytes !== 0) throw new ProtobufError('the elements of a blob are cut off')
    pieces.push({ offset: field.start, elements: length / elementBytes, distance: elementBytes })
  } else {
    if (length !== elementBytes) throw new ProtobufError('the elements of a blob are of the wrong kind')
    const distance = elementBytes + 1
    const last = pieces.at(-1)
    if (last && last.distance === distance && last.offset + last.elements * distance === field.start)
      pieces[pieces.length - 1] = { ...last, elements: last.elements + 1 }
    else pieces.push({ offset: field.start, elements: 1, distance })
  }
  if (pieces.length > maximumPieces) throw new ProtobufError('the elements of a blob lie scattered')
}

function blobTensor(path: string, key: string, blob: Blob): CheckpointTensor {
  const dtype = blob.float64.length > 0 ? 'float64' : 'float32'
  const pieces = blob[dtype]
  const shape = blob.legacyShape ?? blob.shape ?? []
  const elements = pieces.reduce((sum, piece) => sum + piece.elements, 0)
  const isValid = shape.length <= maximumAxes && shape.every((size) => Number.isSafeInteger(size))
  if (!isValid || elementCount(shape) !== elements) {
    throw new ProtobufError(`${printable(key)} has ${elements} elements, which do not fit its shape`)
  }
  const layout = { offset: 0, shape, strides: contiguousStrides(shape) }
  const read = async () => gatherFloat32(await readPieces(path, pieces, bytesPerElement[dtype]), dtype, layout)
  return { key, dtype, shape, read }
}

/** The elements one after the other. */
async function readPieces(path: string, pieces: readonly Piece[], elementBytes: number): Promise<Uint8Array> {
  const [first] = pieces
  if (first && pieces.length === 1 && first.distance === elementBytes)
    return readRange(path, { offset: first.offset, length: first.elements * elementBytes })
  const result = new Uint8Array(elementBytes * pieces.reduce((sum, { elements }) => sum + elements, 0))
  let done = 0
  for (const { offset, elements, distance } of pieces) {
    if (elements === 0) continue
    const bytes = await readRange(path, { offset, length: (elements - 1) * distance + elementBytes })
    for (let i = 0; i < elements; i++, done += elementBytes)
      result.set(bytes.subarray(i * distance, i * distance + elementBytes), done)
  }
  return result
}
