import { counted, printable } from '../support/text.js'
import { isKind, PickleError, type PickleGlobal, type PickleObject, type PickleValue } from './pickle.js'
import {
  bytesPerElement,
  type CheckpointTensor,
  type DataType,
  gatherFloat32,
  layoutFault,
  type TensorLayout,
} from './tensor.js'

/**
 * The objects in a pickled state dict, and the globals (classes and functions) that the pickle may name. They are the
 * same in PyTorch's zip, legacy and tar formats, which differ in their persistent ids and in where the bytes are.
 * Reference: PyTorch, torch/_utils.py (`_rebuild_tensor_v2`, `_rebuild_parameter`), torch/serialization.py.
 */

/** An array of elements that belongs to one or more tensors. `key` identifies its bytes in the file. */
export interface TorchStorage extends PickleObject {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: DataType
  readonly elements: number
  /** Index of the first element; above 0 only for a view of another storage. */
  readonly start: number
}

/** A storage that is not a view of another one. */
export type RootStorage = Pick<TorchStorage, 'dtype' | 'elements'>

export interface TorchTensor extends PickleObject {
  readonly kind: 'tensor'
  readonly storage: TorchStorage
  readonly layout: TensorLayout
}

/** A Parameter as PyTorch up to 0.3 pickled it. Some files set `tensor` only after the Parameter is made. */
interface OldParameter extends PickleObject {
  readonly kind: 'parameter'
  tensor: TorchTensor | null
}

export const storageTypes: ReadonlyMap<string, DataType> = new Map<string, DataType>([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
])

/** The only globals that a checkpoint of tensors may name. */
export const torchGlobals: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    global('collections.OrderedDict', orderedDict),
    global('torch._utils._rebuild_tensor', rebuildTensor),
    global('torch._utils._rebuild_tensor_v2', rebuildTensor),
    global('torch._utils._rebuild_parameter', rebuildParameter),
    global('torch.nn.parameter.Parameter', oldParameter),
    ...[...storageTypes.keys()].map((name) => global(name)),
  ].map((entry) => [entry.name, entry]),
)

function global(name: string, call?: PickleGlobal['call']): PickleGlobal {
  return call ? { kind: 'global', name, call } : { kind: 'global', name }
}

function orderedDict(args: readonly PickleValue[]): PickleValue {
  const items = args[0] ?? []
  if (!Array.isArray(items)) throw new PickleError('an OrderedDict is not made from a list of pairs')
  const result = new Map<PickleValue, PickleValue>()
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2)
      throw new PickleError('an OrderedDict has an item that is not a pair')
    result.set(item[0], item[1])
  }
  return result
}

/**
 * Makes a tensor from the arguments storage, offset, shape and strides. Further arguments (requires_grad, hooks)
 * matter only for training.
 */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, shape, strides] = args
  if (
    !isKind<TorchStorage>(storage, 'storage') ||
    typeof offset !== 'number' ||
    !isNumbers(shape) ||
    !isNumbers(strides)
  ) {
    throw new PickleError('a tensor has a malformed description')
  }
  const layout: TensorLayout = { offset, shape, strides }
  const fault = layoutFault(layout, storage.elements)
  if (fault) throw new PickleError(`a tensor ${fault}`)
  return { kind: 'tensor', storage, layout }
}

/** Returns the tensor of a Parameter. The arguments are the tensor, requires_grad and hooks. */
function rebuildParameter(args: readonly PickleValue[]): PickleValue {
  const [tensor] = args
  if (!isKind<TorchTensor>(tensor, 'tensor')) throw new PickleError('a Parameter holds something that is not a tensor')
  return tensor
}

/**
 * Makes a Parameter, whose attributes are set later. They are (requires_grad, volatile, hooks) or, in older files,
 * (tensor, gradient, hooks, requires_grad, volatile).
 */
function oldParameter(args: readonly PickleValue[]): OldParameter {
  const [tensor] = args
  const parameter: OldParameter = {
    kind: 'parameter',
    tensor: isKind<TorchTensor>(tensor, 'tensor') ? tensor : null,
    setState: (state) => {
      const first = Array.isArray(state) ? (state as PickleValue[])[0] : undefined
      if (isKind<TorchTensor>(first, 'tensor')) parameter.tensor = first
    },
  }
  return parameter
}

/**
 * Reads a storage's persistent id, `('storage', type, key, location, number of elements)`. In the legacy format, a
 * sixth item follows: null, or `(view key, start, number of elements)` for a view.
 * @param roots the storages that were read before, by key; the new one is added
 * @param byteLength returns the number of bytes that the file holds under a key; undefined if it has no such key
 */
export function storageOf(
  id: PickleValue,
  roots: Map<string, RootStorage>,
  byteLength: (key: string) => number | undefined,
): TorchStorage {
  if (!Array.isArray(id) || id[0] !== 'storage') {
    throw new PickleError('it holds something that is not a tensor, such as a whole module')
  }
  const [, type, key, , elements, view] = id as PickleValue[]
  const dtype = isKind<PickleGlobal>(type, 'global') ? storageTypes.get(type.name) : undefined
  if (!dtype || typeof key !== 'string' || !isCount(elements)) {
    throw new PickleError('a storage has a malformed description')
  }
  const available = byteLength(key)
  if (available === undefined) throw new PickleError(`storage ${printable(key)} is missing`)
  const needed = elements * bytesPerElement[dtype]
  if (available < needed) {
    throw new PickleError(`storage ${printable(key)} should have ${counted(needed, 'byte')}, but has only ${available}`)
  }
  // PyTorch never saves a storage with two types. When it reads such a file, it ignores the second type.
  const root = roots.get(key) ?? { dtype, elements }
  if (root.dtype !== dtype || root.elements !== elements) {
    throw new PickleError(`storage ${printable(key)} has two different types or lengths`)
  }
  roots.set(key, root)
  return { kind: 'storage', key, dtype, ...viewOf(view, elements) }
}

function viewOf(view: PickleValue | undefined, elements: number): Pick<TorchStorage, 'start' | 'elements'> {
  if (view === undefined || view === null) return { start: 0, elements }
  const [, start, count] = Array.isArray(view) ? (view as PickleValue[]) : []
  if (!isCount(start) || !isCount(count) || start + count > elements) {
    throw new PickleError('a view of a storage has a malformed description')
  }
  return { start, elements: count }
}

function isNumbers(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number')
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/**
 * Returns the tensors of a state dict. The prefix `module.`, which DataParallel gives to every key, is removed.
 * @param top a state dict, or a training checkpoint that has one under `state_dict`
 * @param readerOf makes the function that reads the bytes of a storage, which is given by its key
 */
export function stateDictTensors(
  top: PickleValue | undefined,
  readerOf: (storage: string) => () => Promise<Uint8Array>,
): ReadonlyMap<string, CheckpointTensor> {
  if (!(top instanceof Map)) throw new PickleError('it does not hold a state dict')
  const wrapped = top.get('state_dict')
  const tensors: [string, TorchTensor][] = []
  for (const [key, value] of wrapped instanceof Map ? wrapped : top) {
    const tensor = isKind<OldParameter>(value, 'parameter') ? value.tensor : value
    if (typeof key === 'string' && isKind<TorchTensor>(tensor, 'tensor')) tensors.push([key, tensor])
  }
  if (tensors.length === 0)
    throw new PickleError('it holds no named tensors, neither at its top level nor under "state_dict"')
  const prefix = 'module.'
  const start = tensors.every(([key]) => key.startsWith(prefix)) ? prefix.length : 0
  return new Map(
    tensors.map(([fullKey, { storage, layout }]) => {
      const readStorage = readerOf(storage.key)
      const inStorage = { ...layout, offset: storage.start + layout.offset }
      const read = async () => gatherFloat32(await readStorage(), storage.dtype, inStorage)
      return [fullKey.slice(start), { shape: layout.shape, read }]
    }),
  )
}
