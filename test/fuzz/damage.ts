import fc from 'fast-check'

/** Numbers at which lengths, counts and offsets go wrong. */
const powers = [7, 8, 15, 16, 31, 32, 53, 63, 64].flatMap((bits) => [(1n << BigInt(bits)) - 1n, 1n << BigInt(bits)])
const edges = [0n, 1n, 2n, 3n, ...powers]

const numbers = [...edges.map(String), '-1', '-0', '0.5', '255.5', '1e-320', '1e308', '-1e308']

/** Values of JSON, and what other readers of text may take for one. */
const values = [
  ...[...numbers, '1e999', '-1e999', '01', '1.', 'NaN', '0x10', 'null', 'true', 'false', '""', '', ' ', ',', '('],
  ...['[]', '{}', '[[]]', '[null]', '{"a":1}', '[1,2,3]', '@', '%', '9'.repeat(400)],
  ...['['.repeat(10_000) + ']'.repeat(10_000), `${'{"a":'.repeat(10_000)}0${'}'.repeat(10_000)}`],
]

/** Names at which languages, paths and terminals go wrong. */
const names = [
  ...['', ' ', '__proto__', 'constructor', 'toString', 'length', 'null', '0', '-1', '2', '1e999', 'NaN'],
  ...['../secret', '/etc/passwd', 'link', 'up/secret', './x', 'x/../../secret', 'C:\\x', '\\\\host\\x', '.', '..'],
  ...['a\nb', '\0', '\u001b[2J', '\r\n', '\u2028', '\u202e', '\ud800', '💥', 'é', '<script>', '{{', '%s', '`x`', '$&'],
  ...['file:///etc/passwd', 'http://localhost:1/x', 'data:,x', 'x'.repeat(5000), '💥\n'.repeat(1000)],
]

const KINDS = [
  ...(['flip', 'byte', 'number', 'varint', 'cut', 'remove', 'repeat', 'splice'] as const),
  ...(['token', 'token', 'token'] as const),
]

/** One change of a file. Its numbers are taken modulo whatever they choose from. */
interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly at: number
  readonly size: number
  readonly choice: number
  readonly replaces: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  // Headers are at the beginning.
  at: fc.oneof(fc.nat(64), fc.nat()),
  size: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4096 })),
  choice: fc.nat(),
  replaces: fc.boolean(),
})

/** What a file may be changed with. */
interface Material {
  /** Files whose parts are put into others. */
  readonly donors: readonly Uint8Array[]
  /** Words of the language of the file. */
  readonly words: readonly string[]
}

/** Changes of a file: mostly one, since several are mostly refused for the first. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(step) },
  { weight: 1, arbitrary: fc.array(step, { minLength: 2, maxLength: 4 }) },
)

export function damaged(bytes: Uint8Array, changes: readonly Step[], material: Material): Buffer {
  return changes.reduce<Buffer>((changed, one) => makeStep[one.kind](changed, one, material), Buffer.from(bytes))
}

const MOST_BYTES = 1 << 20

const makeStep: Readonly<Record<Step['kind'], (bytes: Buffer, step: Step, material: Material) => Buffer>> = {
  flip: (bytes, { at, choice }) => {
    if (bytes.length === 0) return bytes
    const place = at % bytes.length
    return put(bytes, place, Buffer.of(bytes.readUInt8(place) ^ (1 << (choice % 8))), true)
  },
  byte: (bytes, { at, choice, replaces }) => put(bytes, at, Buffer.of(choice), replaces),
  number: (bytes, { at, size, choice, replaces }) => {
    const number = Buffer.alloc(8)
    const near = [bytes.length - 1, bytes.length, bytes.length + 1].map((length) => BigInt(Math.max(0, length)))
    number.writeBigUInt64LE(BigInt.asUintN(64, picked([...edges, ...near], choice)))
    const part = number.subarray(0, [1, 2, 4, 8][size % 4])
    return put(bytes, at, replaces ? part : part.reverse(), true)
  },
  varint: (bytes, { at, choice }) => {
    const place = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, place), varint(picked(edges, choice)), bytes.subarray(place + 1)])
  },
  cut: (bytes, { at, size, replaces }) => bytes.subarray(0, replaces ? at % (bytes.length + 1) : -size),
  remove: (bytes, { at, size }) => {
    const place = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + size)])
  },
  repeat: (bytes, { at, size, choice }) => {
    const place = at % (bytes.length + 1)
    const part = bytes.subarray(place, place + (size % 64) + 1)
    const times = Math.min(2 ** (choice % 18), MOST_BYTES / Math.max(1, part.length))
    return put(bytes, place, Buffer.concat(Array<Buffer>(Math.floor(times)).fill(part)), false)
  },
  splice: (bytes, { at, size, choice, replaces }, { donors }) => {
    const donor = picked(donors, choice)
    const start = choice % (donor.length + 1)
    return put(bytes, at, donor.subarray(start, start + size), replaces)
  },
  token: (bytes, one, { words }) => Buffer.from(withToken(bytes.toString('latin1'), one, words), 'latin1'),
}

/** Puts a part at a position, in front of or over the bytes that are there. */
function put(bytes: Buffer, at: number, part: Uint8Array, replaces: boolean): Buffer {
  const place = at % (bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, place), part, bytes.subarray(replaces ? place + part.length : place)])
}

const TOKEN = /"(?:[^"\\]|\\.)*"|'[^']*'|[[\]{}]|-?\d+(?:\.\d+)?|[\w-]+/g

/** Replaces a word, number, string, list or object of a text, half of the time by one of its kind. */
function withToken(text: string, { at, choice, replaces }: Step, words: readonly string[]): string {
  const tokens = [...text.matchAll(TOKEN)].filter(([token]) => token !== ']' && token !== '}')
  const token = tokens[at % tokens.length]
  if (token === undefined) return text
  const [start, old] = [token.index, token[0]]
  const end = '[{'.includes(old) ? endOfBrackets(text, start) : start + old.length
  const replacement = replaces ? ofKind(old, choice, words) : picked(values, choice)
  return text.slice(0, start) + Buffer.from(replacement).toString('latin1') + text.slice(end)
}

function ofKind(old: string, choice: number, words: readonly string[]): string {
  const name = picked([...names, ...words, ...words], choice)
  if (old.startsWith('"')) return JSON.stringify(name)
  if (old.startsWith("'")) return `'${name}'`
  if (/^-?\d/.test(old)) return picked(numbers, choice)
  return '[{'.includes(old) ? picked(values, choice) : name
}

function endOfBrackets(text: string, start: number): number {
  let depth = 0
  for (const token of text.slice(start).matchAll(TOKEN)) {
    if ('[{'.includes(token[0])) depth++
    if (']}'.includes(token[0]) && --depth === 0) return start + token.index + 1
  }
  return text.length
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

function picked<T>(from: readonly T[], choice: number): T {
  return from[choice % from.length] as T
}
