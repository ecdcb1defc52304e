import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { global, integer, op, text, tuple, writeTar } from '../support/torchFile.js'
import { readWholeCheckpoint } from '../support/wholeCheckpoint.js'

const folder = temporaryFolder()
const path = () => folder('test.pth')

async function refusal(): Promise<string> {
  const error: unknown = await readWholeCheckpoint(path()).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InputError)
  return (error as Error).message
}

describe('a tar checkpoint', () => {
  const pickle = (...parts: Buffer[]) => Buffer.concat([op('\x80\x02'), ...parts, op('.')])
  const int64s = (...values: number[]) => Buffer.from(BigInt64Array.from(values.map(BigInt)).buffer)
  /** One storage of one float32, and one tensor of it, with these keys as pickled. */
  const write = (storageKey: Buffer, tensorKey: Buffer, rootKey: Buffer = storageKey, views: Buffer = op(']')) => {
    const float = global('torch', 'FloatStorage')
    const storages = [pickle(tuple([storageKey, text('cpu'), float])), int64s(1), Buffer.alloc(4), pickle(views)]
    const dimensions = Buffer.alloc(8)
    dimensions.writeInt32LE(1)
    const tensors = [pickle(tuple([tensorKey, rootKey, global('torch', 'FloatTensor')])), dimensions, int64s(1, 1, 0)]
    const state = pickle(op('}'), text('weight'), text('5'), op('Q'), op('s'))
    writeTar(path(), {
      storages: Buffer.concat([pickle(integer(1)), ...storages]),
      tensors: Buffer.concat([pickle(integer(1)), ...tensors]),
      pickle: state,
    })
  }
  const doubled = (times: number) =>
    Buffer.concat([op(']q\0'), ...Array.from({ length: times }, () => op('h\0\x86q\0'))])
  const deep = Buffer.concat([op(']'), Buffer.alloc(20_000, 0x85)])

  it('has numbers and texts as keys', async () => {
    write(integer(7), integer(5))
    expect([...(await readWholeCheckpoint(path())).tensors.keys()]).toEqual(['weight'])
    write(text('7'), text('5'))
    expect([...(await readWholeCheckpoint(path())).tensors.keys()]).toEqual(['weight'])
  })

  it('whose keys are nested, in themselves or without end, is refused at once', async () => {
    for (const nested of [doubled(24), doubled(60), deep, op('}'), op('N'), tuple([integer(1)])]) {
      write(nested, integer(5))
      expect(await refusal()).toContain('a key that is neither a text nor a number')
      write(integer(7), nested)
      expect(await refusal()).toContain('a key that is neither a text nor a number')
      write(integer(7), integer(5), nested)
      expect(await refusal()).toContain('a key that is neither a text nor a number')
      for (const view of [
        [nested, integer(7)],
        [integer(8), nested],
      ]) {
        write(
          integer(7),
          integer(5),
          undefined,
          Buffer.concat([op(']'), tuple([...view, integer(0), integer(1)]), op('a')]),
        )
        expect(await refusal()).toContain('a key that is neither a text nor a number')
      }
    }
  })
})
