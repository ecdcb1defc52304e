import { crc32 } from 'node:zlib'
import { InputError } from '../errors.js'
import type { OpenFile } from '../files/openFile.js'
import { counted, printable } from '../support/text.js'
import { maximumPickleBytes, type PickleValue, readPickle } from './pickle.js'
import type { CheckpointTensor } from './tensor.js'
import { type RootStorage, stateDictTensors, storageOf, torchGlobals } from './torchObjects.js'
import { readZipDirectory, type ZipEntry } from './zipDirectory.js'

/**
 * Reads PyTorch's zip format (torch.save since 1.6): `<root>/data.pkl` describes the tensors, and `<root>/data/<key>`
 * holds the bytes of a storage.
 * Reference: PyTorch, torch/serialization.py, `_save` and `_load`.
 */
export async function readZipCheckpoint(file: OpenFile): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const directory = await readZipDirectory(file)
  const root = rootOf(file, directory)
  await checkByteOrder(file, directory.get(`${root}byteorder`))
  const pickle = await readEntry(file, directory.get(`${root}data.pkl`)!, maximumPickleBytes)
  const entryOf = (key: string) => directory.get(`${root}data/${key}`)
  const storages = new Map<string, RootStorage>()
  const persistentLoad = (id: PickleValue) => storageOf(id, storages, (key) => entryOf(key)?.length)
  const { value } = readPickle(pickle, { globals: torchGlobals, persistentLoad })
  return stateDictTensors(value, (key) => () => readEntry(file, entryOf(key)!, Number.POSITIVE_INFINITY))
}

/** Finds the root folder. torch.save names it after the file, which may have been renamed since. */
function rootOf(file: OpenFile, directory: ReadonlyMap<string, ZipEntry>): string {
  const pickles = [...directory.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickles.length !== 1) {
    throw new InputError(
      `${file.path} is a zip file, but not a PyTorch checkpoint: it has ${counted(pickles.length, 'data.pkl', 'data.pkl files')} instead of one; give the file that torch.save wrote`,
    )
  }
  return pickles[0]!.slice(0, -'data.pkl'.length)
}

async function checkByteOrder(file: OpenFile, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return
  const order = (await readEntry(file, entry, 64)).toString('latin1').trim()
  if (order !== 'little') {
    throw new InputError(`${file.path} was not saved on a little-endian machine; save it again on one`)
  }
}

async function readEntry(file: OpenFile, entry: ZipEntry, maximumLength: number): Promise<Buffer> {
  if (entry.length > maximumLength) {
    throw new InputError(
      `${file.path}: ${printable(entry.name)} in this zip file is too large (${entry.length} bytes, at most ${maximumLength}); use a checkpoint made by torch.save(model.state_dict(), …)`,
    )
  }
  const bytes = await file.read(entry)
  // If torch.save omits the checksums, they are 0.
  if (entry.crc32 !== 0 && crc32(bytes) !== entry.crc32) {
    throw new InputError(
      `${file.path} is damaged: the checksum of ${printable(entry.name)} in this zip file is wrong; download or copy it again`,
    )
  }
  return bytes
}
