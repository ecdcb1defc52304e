import { type Random, someLength } from './random.js'

type Mutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer

/** Numbers at which lengths, counts and offsets go wrong. */
export function oddNumber(random: Random, fileLength: number): bigint {
  const near = BigInt(Math.max(0, fileLength + random.below(17) - 8))
  const powers = [7, 8, 15, 16, 31, 32, 53, 62, 63].map((bits) => (1n << BigInt(bits)) - BigInt(random.below(2)))
  return random.pick([0n, 1n, 2n, near, BigInt(random.below(fileLength + 1)), (1n << 64n) - 1n, ...powers])
}

export function varint(value: bigint): Buffer {
  if (value < 0x80n) return Buffer.of(Number(value))
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

/** Changes a file in one to four ways. */
export function mutate(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let result = bytes
  for (let count = 1 + random.below(4); count > 0; count--) result = random.pick(mutations)(result, random, others)
  return random.chance(0.02) ? amplify(result, random) : result
}

const mutations: readonly Mutation[] = [
  flipBits,
  flipBits,
  setBytes,
  truncate,
  splice,
  remove,
  repeat,
  writeNumber,
  writeNumber,
  writeVarint,
]

function flipBits(bytes: Buffer, random: Random): Buffer {
  const result = Buffer.from(bytes)
  for (let count = 1 + random.below(8); count > 0 && result.length > 0; count--) {
    const at = random.below(result.length)
    result.writeUInt8(result.readUInt8(at) ^ (1 << random.below(8)), at)
  }
  return result
}

function setBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  return overwritten(bytes, at, random.bytes(someLength(random, 16)))
}

function truncate(bytes: Buffer, random: Random): Buffer {
  const end = random.chance(0.5) ? random.below(bytes.length + 1) : bytes.length - someLength(random, bytes.length)
  return bytes.subarray(0, Math.max(0, end))
}

/** Puts a part of this or another file in, or over what stands there. */
function splice(bytes: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  const source = random.chance(0.5) ? bytes : random.pick(others)
  const start = random.below(source.length + 1)
  const part = source.subarray(start, start + someLength(random, 4096))
  const at = random.below(bytes.length + 1)
  if (random.chance(0.5)) return overwritten(bytes, at, part)
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)])
}

function remove(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + someLength(random, bytes.length))])
}

function repeat(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const part = bytes.subarray(at, at + someLength(random, 256))
  const times = someLength(random, 100)
  return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(times).fill(part), bytes.subarray(at)])
}

/** A number of 2, 4 or 8 bytes, where lengths and offsets might stand. */
function writeNumber(bytes: Buffer, random: Random): Buffer {
  const number = Buffer.alloc(8)
  number.writeBigUInt64LE(oddNumber(random, bytes.length))
  const part = number.subarray(0, random.pick([1, 2, 4, 8]))
  const at = random.chance(0.3) ? random.below(Math.min(64, bytes.length + 1)) : random.below(bytes.length + 1)
  return overwritten(bytes, at, random.chance(0.2) ? Buffer.from(part).reverse() : part)
}

/** Protobuf's lengths have no fixed size; what follows moves. */
function writeVarint(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const number = varint(oddNumber(random, bytes.length))
  return Buffer.concat([bytes.subarray(0, at), number, bytes.subarray(at + 1 + random.below(2))])
}

/** Makes a file of up to 1 MiB by repeating a few of its bytes: for what grows faster than the file. */
export function amplify(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const part = bytes.subarray(at, at + 1 + random.below(48))
  const times = Math.min(2 ** random.below(18), 2 ** 20 / Math.max(1, part.length))
  const end = at + part.length
  return Buffer.concat([bytes.subarray(0, end), ...Array<Buffer>(Math.floor(times)).fill(part), bytes.subarray(end)])
}

function overwritten(bytes: Buffer, at: number, part: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at + part.length)])
}
