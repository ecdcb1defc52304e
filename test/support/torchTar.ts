import { global, integer, op, text, tuple } from './torchFile.js'

/** What of a tar checkpoint is another than in a good one: one storage of one float32, and one tensor of it. */
export interface TarChanges {
  /** Keys as they are pickled. */
  readonly storageKey?: Buffer
  readonly tensorKey?: Buffer
  /** The storage that the tensor names. */
  readonly rootKey?: Buffer
  /** Key, storage, start and length of a view of the storage. */
  readonly view?: readonly Buffer[]
  readonly views?: Buffer
  /** The tensor that the state dict names. */
  readonly reference?: Buffer
  /** Number of storages. */
  readonly count?: Buffer
  /** Elements of the storage. */
  readonly elements?: number
  readonly dimensions?: number
  /** Of the tensor's one dimension. */
  readonly size?: number
  readonly members?: readonly string[]
}

/** A checkpoint as torch.save wrote it up to 0.1.10. */
export function torchTar(changes: TarChanges = {}): Buffer {
  const { storageKey = integer(7), tensorKey = integer(5), rootKey = integer(7), view } = changes
  const { views = view === undefined ? op(']') : Buffer.concat([op(']'), tuple(view), op('a')]) } = changes
  const { reference = text('5'), count = integer(1), elements = 1, dimensions = 1, size = 1 } = changes
  const { members = ['storages', 'tensors', 'pickle'] } = changes
  const storage = tuple([storageKey, text('cpu'), global('torch', 'FloatStorage')])
  const tensor = tuple([tensorKey, rootKey, global('torch', 'FloatTensor')])
  const axes = Buffer.alloc(8)
  axes.writeInt32LE(dimensions)
  const contents: Readonly<Record<string, Buffer>> = {
    storages: Buffer.concat([pickle(count), pickle(storage), int64s(elements), Buffer.alloc(4), pickle(views)]),
    tensors: Buffer.concat([pickle(integer(1)), pickle(tensor), axes, int64s(size, 1, 0)]),
    pickle: pickle(op('}'), text('weight'), reference, op('Q'), op('s')),
  }
  const blocks = members.map((name) => member(name, contents[name] as Buffer))
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function pickle(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([op('\x80\x02'), ...parts, op('.')])
}

function int64s(...values: readonly number[]): Buffer {
  return Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer)
}

/** A member of a tar, after its header and before its padding. */
function member(name: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(bytes.length.toString(8).padStart(11, '0'), 124)
  header.write('        0', 148)
  header.write('ustar', 257)
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148)
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
}
