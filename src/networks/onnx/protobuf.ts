/**
 * Writes the part of protobuf's wire format that ONNX files need. A message is a row of chunks; a large payload stays
 * behind a function until its turn to be written, so that a model of any size needs memory for one tensor only.
 *
 * Reference: https://protobuf.dev/programming-guides/encoding/
 */

/** Bytes whose number is known before they are made. */
export interface DeferredBytes {
  readonly byteLength: number
  readonly read: () => Promise<Uint8Array>
}

export type Chunk = Uint8Array | DeferredBytes

/** A field of type int64, uint64, int32, bool or enum. */
export function integerField(field: number, value: number): Chunk[] {
  return [Buffer.concat([tag(field, wireVarint), varint(value)])]
}

/** A field of type float. */
export function floatField(field: number, value: number): Chunk[] {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return [Buffer.concat([tag(field, wireFixed32), bytes])]
}

/** A repeated integer field, packed. */
export function packedIntegersField(field: number, values: readonly number[]): Chunk[] {
  return bytesField(field, Buffer.concat(values.map(varint)))
}

export function stringField(field: number, value: string): Chunk[] {
  return bytesField(field, Buffer.from(value, 'utf8'))
}

export function bytesField(field: number, value: Chunk): Chunk[] {
  return messageField(field, [value])
}

/** An embedded message, or bytes that consist of several chunks. */
export function messageField(field: number, chunks: readonly Chunk[]): Chunk[] {
  const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  return [Buffer.concat([tag(field, wireLengthDelimited), varint(length)]), ...chunks]
}

/** The bytes of a message in order; neighbouring small chunks come together as one piece. */
export async function* messageBytes(chunks: readonly Chunk[]): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = []
  for (const chunk of chunks) {
    if (chunk instanceof Uint8Array) {
      pending.push(chunk)
      continue
    }
    yield Buffer.concat(pending)
    pending = []
    const bytes = await chunk.read()
    if (bytes.byteLength !== chunk.byteLength) {
      throw new Error(`a payload has ${bytes.byteLength} bytes where ${chunk.byteLength} were announced`)
    }
    yield bytes
  }
  yield Buffer.concat(pending)
}

const wireVarint = 0
const wireLengthDelimited = 2
const wireFixed32 = 5

function tag(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType)
}

/** Negative integers take ten bytes: two's complement of 64 bits. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
