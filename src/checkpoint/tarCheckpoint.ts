import { InputError } from '../errors.js'
import type { ByteRange, OpenFile } from '../files/openFile.js'
import { printable } from '../support/text.js'
import { isKind, maximumPickleBytes, PickleError, type PickleGlobal, type PickleValue, readPickle } from './pickle.js'
import { readTarDirectory } from './tarDirectory.js'
import { bytesPerElement, type CheckpointTensor, layoutFault } from './tensor.js'
import { stateDictTensors, storageTypes, type TorchStorage, type TorchTensor, torchGlobals } from './torchObjects.js'

/** Maximum number of bytes to read for one of the short pickles between the storages. */
const pickleWindow = 64 * 1024
const maximumStorages = 20_000
const maximumDimensions = 16

/**
 * Reads PyTorch's tar format (torch.save up to 0.1.10). Such a tar file has three members. `storages` has a pickle that
 * describes each storage (an array of elements), followed by its elements. `tensors` describes the tensors in a binary
 * format. `pickle` holds the state dict, which refers to tensors by number.
 * Reference: PyTorch, torch/serialization.py, `legacy_load`.
 */
export async function readTarCheckpoint(file: OpenFile): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const members = await readTarDirectory(file)
  const member = (name: string) => {
    const range = members.get(name)
    if (range) return range
    throw new InputError(
      `${file.path} is a tar file, but not a PyTorch checkpoint: it has no member "${name}"; give the file that torch.save wrote`,
    )
  }
  const storages = await readStorages(file, member('storages'))
  const tensors = await readTensors(file, member('tensors'), storages)
  const pickle = await readMember(file, member('pickle'))
  const persistentLoad = (id: PickleValue) => referent(id, tensors)
  const { value } = readPickle(pickle, { globals: torchGlobals, persistentLoad })
  return stateDictTensors(value, (key) => () => file.read(storages.get(key)!.range))
}

/**
 * A storage and the range of its bytes in the file. A view (a part of another storage) has the range of the whole
 * storage.
 */
interface LocatedStorage {
  readonly storage: TorchStorage
  readonly range: ByteRange
}

/**
 * Tar checkpoints also name types of tensors. These names are allowed, but unused: a tensor has the type of its
 * storage.
 */
const tarGlobals: ReadonlyMap<string, PickleGlobal> = new Map([
  ...torchGlobals,
  ...[...storageTypes.keys()].map((storage): [string, PickleGlobal] => {
    const name = storage.replace(/Storage$/, 'Tensor')
    return [name, { kind: 'global', name }]
  }),
])

const noReferences = {
  globals: tarGlobals,
  persistentLoad: () => {
    throw new PickleError('the description of a tensor refers to an object that is not a storage')
  },
}

async function readStorages(file: OpenFile, member: ByteRange): Promise<ReadonlyMap<string, LocatedStorage>> {
  const end = member.offset + member.length
  const storages = new Map<string, LocatedStorage>()
  let position = member.offset
  const next = async () => {
    const window = await file.read({ offset: position, length: Math.min(pickleWindow, end - position) })
    const pickle = readPickle(window, noReferences)
    position += pickle.end
    return pickle.value
  }
  const count = countOf(await next(), maximumStorages)
  for (let i = 0; i < count; i++) {
    const description = await next()
    if (position + 8 > end) throw new PickleError('its storages are cut off')
    const elements = Number((await file.read({ offset: position, length: 8 })).readBigInt64LE(0))
    const located = locate(description, elements, position + 8, end)
    storages.set(located.storage.key, located)
    position = located.range.offset + located.range.length
  }
  return withViews(storages, await next())
}

/**
 * Converts a key to text. Keys are memory addresses of the process that saved the file. A list as a key is refused,
 * because its text could fill the memory.
 */
function keyText(key: PickleValue | undefined): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return String(key)
  throw new PickleError('a storage or tensor in it has a key that is neither a string nor a number')
}

/** @param description the tuple (key, location, type) */
function locate(description: PickleValue, elements: number, offset: number, end: number): LocatedStorage {
  const [key, , type] = Array.isArray(description) ? (description as PickleValue[]) : []
  const dtype = isKind<PickleGlobal>(type, 'global') ? storageTypes.get(type.name) : undefined
  const length = dtype === undefined ? Number.NaN : elements * bytesPerElement[dtype]
  if (dtype === undefined || !(elements >= 0) || !(offset + length <= end)) {
    throw new PickleError('a storage has a malformed description, or is cut off')
  }
  return { storage: { kind: 'storage', key: keyText(key), dtype, elements, start: 0 }, range: { offset, length } }
}

/**
 * Adds the views, which are parts of other storages. Each is a tuple (key, key of the viewed storage, start, number of
 * elements).
 */
function withViews(
  storages: ReadonlyMap<string, LocatedStorage>,
  views: PickleValue,
): ReadonlyMap<string, LocatedStorage> {
  if (!Array.isArray(views)) throw new PickleError('it does not list the views of its storages')
  const all = new Map(storages)
  for (const view of views as PickleValue[]) {
    const [key, rootKey, start, elements] = Array.isArray(view) ? (view as PickleValue[]) : []
    const root = storages.get(keyText(rootKey))
    if (
      !root ||
      typeof start !== 'number' ||
      typeof elements !== 'number' ||
      layoutFault({ offset: start, shape: [elements], strides: [1] }, root.storage.elements)
    ) {
      throw new PickleError('a view of a storage has a malformed description')
    }
    const text = keyText(key)
    all.set(text, { range: root.range, storage: { ...root.storage, key: text, start, elements } })
  }
  return all
}

/**
 * Reads the descriptions of the tensors. Each starts with a pickle of (key, key of its storage, type), the number of
 * dimensions as int32, and four unused bytes. Shape, strides and offset follow as int64.
 */
async function readTensors(
  file: OpenFile,
  member: ByteRange,
  storages: ReadonlyMap<string, LocatedStorage>,
): Promise<ReadonlyMap<string, TorchTensor>> {
  const bytes = await readMember(file, member)
  let position = 0
  const next = () => {
    const pickle = readPickle(bytes.subarray(position), noReferences)
    position += pickle.end
    return pickle.value
  }
  const take = (length: number) => {
    if (position + length > bytes.length) throw new PickleError('its list of tensors is cut off')
    position += length
    return bytes.subarray(position - length, position)
  }
  const int64s = (count: number) => Array.from({ length: count }, () => Number(take(8).readBigInt64LE(0)))
  const tensors = new Map<string, TorchTensor>()
  const count = countOf(next(), maximumStorages)
  for (let i = 0; i < count; i++) {
    const description = next()
    const [key, storageKey] = Array.isArray(description) ? (description as PickleValue[]) : []
    const storageText = keyText(storageKey)
    const storage = storages.get(storageText)?.storage
    if (!storage) throw new PickleError(`storage ${printable(storageText)} is missing`)
    const dimensions = countOf(take(8).readInt32LE(0), maximumDimensions)
    const layout = { shape: int64s(dimensions), strides: int64s(dimensions), offset: int64s(1)[0]! }
    const fault = layoutFault(layout, storage.elements)
    if (fault) throw new PickleError(`a tensor ${fault}`)
    tensors.set(keyText(key), { kind: 'tensor', storage, layout })
  }
  return tensors
}

/**
 * Finds the tensor that the state dict refers to by its number. A tuple instead of a number would mean a whole module.
 */
function referent(id: PickleValue, tensors: ReadonlyMap<string, TorchTensor>): PickleValue {
  const tensor = typeof id === 'string' || typeof id === 'number' ? tensors.get(String(id)) : undefined
  if (!tensor) throw new PickleError('it holds something that is not a tensor, such as a whole module')
  return tensor
}

function countOf(value: PickleValue, maximum: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > maximum) {
    throw new PickleError('its number of storages, tensors or dimensions is not valid')
  }
  return value
}

async function readMember(file: OpenFile, member: ByteRange): Promise<Buffer> {
  if (member.length > maximumPickleBytes)
    throw new PickleError(`its list of tensors is too long (${member.length} bytes, at most ${maximumPickleBytes})`)
  return file.read(member)
}
