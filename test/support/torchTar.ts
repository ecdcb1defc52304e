import { global, integer, op, text, tuple } from './torchFile.js'

/** A checkpoint with one storage of one float32, and one tensor of it. Keys are in their pickled form. */
const GOOD = {
  ...{ storageKey: integer(7), tensorKey: integer(5), count: integer(1), elements: 1, dimensions: 1, size: 1 },
  /** Key of the storage in the tensor, and key of the tensor in the state dict. */
  ...{ rootKey: integer(7), reference: text('5') },
  views: op(']'),
  members: ['storages', 'tensors', 'pickle'],
}

/**
 * A checkpoint in the format of torch.save up to 0.1.10.
 * @param changes `view` holds key, storage, start and length of one view
 */
export function torchTar(changes: Partial<typeof GOOD> & { readonly view?: readonly Buffer[] } = {}): Buffer {
  const good = { ...GOOD, ...changes }
  const { storageKey, tensorKey, rootKey, reference, count, elements, dimensions, size, members, view } = good
  const views = view === undefined ? good.views : Buffer.concat([op(']'), tuple(view), op('a')])
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

/** A member of a tar file: header, contents and padding. */
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
