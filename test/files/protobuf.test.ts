import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { netTable } from '../../src/checkpoint/caffeModel.js'
import { type OpenFile, withFile } from '../../src/files/openFile.js'
import { chunksOf, type FieldTable, type MessageOf, readMessage } from '../../src/files/protobuf/messages.js'
import { integerField, messageBytes, messageField, stringField } from '../../src/files/protobuf/wire.js'
import { modelTable } from '../../src/onnx/format/messages.js'
import { joined } from '../support/caffeFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const goldens = (folder: string, extension: string, table: FieldTable) => {
  const path = join(import.meta.dirname, '../golden', folder)
  const names = readdirSync(path).filter((name) => name.endsWith(extension))
  return names.map((name) => [name, join(path, name), table] as const)
}

/** The same message with nothing to copy it from, so that every field is written by its table. */
function unsourced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unsourced)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const entries = Object.entries(value).filter(([name]) => name !== 'source')
  return Object.fromEntries(entries.map(([name, inner]) => [name, unsourced(inner)]))
}

/** A message with the bytes in the place of their ranges. */
async function withBytes(file: OpenFile, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((inner) => withBytes(file, inner)))
  if (typeof value !== 'object' || value === null) return value
  if ('start' in value && 'end' in value) {
    const [start, end] = [value.start as number, value.end as number]
    return (await file.read({ offset: start, length: end - start })).toString('hex')
  }
  if ('distance' in value) {
    const { offset, elements, distance } = value as { offset: number; elements: number; distance: number }
    const length = Math.max(0, elements - 1) * distance + Math.min(elements, 1)
    return [elements, distance, (await file.read({ offset, length })).toString('hex')]
  }
  const entries = Object.entries(value).filter(([name]) => name !== 'source')
  const read = entries.map(async ([name, inner]) => {
    const bytes = await withBytes(file, inner)
    // How many ranges they are depends on what stands between them.
    return [name, name === 'others' ? (bytes as string[]).join('') : bytes] as const
  })
  return Object.fromEntries(await Promise.all(read))
}

async function roundTrip<T extends FieldTable>(path: string, table: T) {
  const copy = inFolder('copy')
  const before = await withFile(path, async (file) => {
    const message = readMessage(file, table)
    const pieces: Uint8Array[] = []
    for await (const piece of messageBytes(chunksOf(table, unsourced(message) as MessageOf<T>), file))
      pieces.push(piece)
    writeFileSync(copy, Buffer.concat(pieces))
    return withBytes(file, message)
  })
  return { before, after: await withFile(copy, async (file) => withBytes(file, readMessage(file, table))) }
}

describe('a message', () => {
  it.each([
    ...[...goldens('onnx', '.onnx', modelTable), ...goldens('exports', '.onnx', modelTable)],
    ...goldens('caffe', '.caffemodel', netTable),
  ])('of %s is the same when each of its fields was read and written', async (_, path, table) => {
    const { before, after } = await roundTrip(path, table)
    expect(Object.keys(before as object).length).toBeGreaterThan(1)
    expect(after).toEqual(before)
  })

  it('keeps fields that its table does not know, and joins what comes in pieces', async () => {
    const unknown = [...stringField(10, 'a word'), ...integerField(99, 7)]
    const output = messageField(12, stringField(1, 'out'))
    const graphs = [
      [...unknown, ...output],
      [...stringField(2, 'main'), ...output],
    ]
    writeFileSync(inFolder('pieces'), joined(graphs.flatMap((fields) => messageField(7, fields))))
    const { after } = await roundTrip(inFolder('pieces'), modelTable)
    const out = { name: 'out' }
    expect(after).toEqual({ graph: { name: 'main', output: [out, out], others: joined(unknown).toString('hex') } })
  })
})
