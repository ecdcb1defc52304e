import type { ByteRange, OpenFile } from '../files/openFile.js'
import { printable } from '../support/text.js'
import { maximumPickleBytes, PickleError, type PickleValue, readPickle } from './pickle.js'
import { bytesPerElement, type CheckpointTensor } from './tensor.js'
import { type RootStorage, stateDictTensors, storageOf, torchGlobals } from './torchObjects.js'

/** The first bytes of every legacy checkpoint: the number 0x1950a86a20f9469cfc6c, pickled with protocol 2. */
export const legacyMagic = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')

const protocolVersion = 1001
/**
 * Largest number of storages (arrays of elements) that are accepted. It limits the time, because the file is read once
 * per storage. A network has some hundreds.
 */
const maximumStorages = 20_000

/**
 * Reads PyTorch's legacy format (torch.save from 0.1.11 to 1.5). The file begins with five pickles:
 *
 * 1. magic number
 * 2. protocol version
 * 3. facts about the machine
 * 4. the saved object
 * 5. the keys of its storages
 *
 * The storages (arrays of elements) follow, in the order of the keys. Each one is written as its number of elements
 * (int64) and then its bytes.
 * Reference: PyTorch, torch/serialization.py, `_legacy_save` and `_legacy_load`.
 */
export async function readLegacyCheckpoint(file: OpenFile): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const head = await file.read({ offset: 0, length: Math.min(file.size, maximumPickleBytes) })
  const { object, keys, storages, end } = readPickles(head)
  const ranges = await locateStorages(file, keys, storages, end)
  return stateDictTensors(object, (key) => {
    const range = ranges.get(key)
    if (!range) throw new PickleError(`storage ${printable(key)} is missing`)
    return () => file.read(range)
  })
}

interface LegacyPickles {
  readonly object: PickleValue
  readonly keys: readonly PickleValue[]
  readonly storages: ReadonlyMap<string, RootStorage>
  readonly end: number
}

function readPickles(head: Buffer): LegacyPickles {
  const storages = new Map<string, RootStorage>()
  // Here, any size is accepted. The storages come after the pickles, so `locateStorages` checks their sizes later.
  const persistentLoad = (id: PickleValue) => storageOf(id, storages, () => Number.POSITIVE_INFINITY)
  const world = { globals: torchGlobals, persistentLoad }
  let end = legacyMagic.length
  const next = () => {
    const pickle = readPickle(head.subarray(end), world)
    end += pickle.end
    return pickle.value
  }
  if (next() !== protocolVersion) throw new PickleError('its protocol version is unknown')
  const machine = next()
  if (!(machine instanceof Map) || machine.get('little_endian') !== true)
    throw new PickleError('it was not saved on a little-endian machine')
  const object = next()
  const keys = next()
  if (!Array.isArray(keys)) throw new PickleError('it does not list its storages')
  return { object, keys, storages, end }
}

async function locateStorages(
  file: OpenFile,
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, RootStorage>,
  start: number,
): Promise<ReadonlyMap<string, ByteRange>> {
  const countBytes = 8
  if (keys.length > maximumStorages)
    throw new PickleError(`it lists ${keys.length} storages; the limit is ${maximumStorages}`)
  const ranges = new Map<string, ByteRange>()
  let position = start
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (!storage) throw new PickleError('it lists a storage that no tensor uses')
    const count = (await file.read({ offset: position, length: countBytes })).readBigInt64LE(0)
    const range = { offset: position + countBytes, length: storage.elements * bytesPerElement[storage.dtype] }
    position = range.offset + range.length
    if (count !== BigInt(storage.elements) || position > file.size) {
      throw new PickleError(
        `storage ${printable(String(key))} is cut off, or does not have ${storage.elements} elements`,
      )
    }
    ranges.set(key as string, range)
  }
  return ranges
}
