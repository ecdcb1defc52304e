import { mutate, oddNumber } from './mutation.js'
import type { Random } from './random.js'

const names = ['', ' ', '__proto__', 'constructor', 'toString', 'length', 'a\nb', 'NaN', 'null', '0', '-1', '1e999']
const ways = [
  '../secret',
  '/etc/passwd',
  'link',
  'up/secret',
  './x',
  'x/../../secret',
  'C:\\x',
  '\\\\host\\x',
  '.',
  '..',
  'a//b',
]
const texts = [
  '\u0000',
  '\u001b[2J',
  '\r\n',
  '\u2028',
  '\u202e',
  '\ud800',
  '\u{1f4a5}',
  'é',
  'ﷺ',
  '<script>',
  '{{',
  '%s',
  '`x`',
  '$&',
]

/** Names and texts at which something may go wrong: of the language, of paths, of terminals; some of them long. */
export function oddText(random: Random): string {
  const text = random.pick(random.pick([names, ways, texts]))
  if (random.chance(0.9)) return text
  return random.chance(0.5) ? text.repeat(1 + random.below(3000)) : `${text}${'x'.repeat(1 + random.below(5000))}`
}

const numbers = [0, -0, 1, -1, 0.5, 2, 255, 256, 4096, 65_535, 65_536, 1e-320, 1e308, -1e308, Number.MAX_SAFE_INTEGER]

/** A number at which sizes, counts and indices go wrong. */
export function oddInteger(random: Random): number {
  if (random.chance(0.5)) return random.pick(numbers)
  return Number(oddNumber(random, 100)) * (random.chance(0.2) ? -1 : 1)
}

/** Stands in a document for what no value of JavaScript is written as. */
const placeholder = '\u00a7deep\u00a7'

export function oddValue(random: Random, depth = 2): unknown {
  const inner = () => oddValue(random, depth - 1)
  switch (random.below(depth > 0 ? 10 : 6)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
    case 3:
      return oddInteger(random)
    case 4:
    case 5:
      return oddText(random)
    case 6:
      return random.several(4, inner)
    case 7:
      return withKeys(random.several(3, () => [oddText(random), inner()] as const))
    case 8:
      return random.chance(0.05) ? placeholder : []
    default:
      return {}
  }
}

type List = unknown[]
type Dictionary = Record<string, unknown>

/** Own keys of any name, `__proto__` too. */
function withKeys(entries: readonly (readonly [string, unknown])[]): Dictionary {
  const made: Dictionary = {}
  for (const [key, value] of entries) setKey(made, key, value)
  return made
}

function setKey(target: Dictionary, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  else target[key] = value
}

/** Changes a document in place in none to three of its parts, mostly in one. */
export function disturb<T>(document: T, random: Random): T {
  let changed: unknown = document
  for (let count = random.pick([0, 0, 1, 1, 1, 1, 2, 3]); count > 0; count--) changed = changedPart(changed, random)
  return changed as T
}

function changedPart(value: unknown, random: Random): unknown {
  const isList = Array.isArray(value)
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (keys.length > 0 && random.chance(0.85)) {
    const container = value as Dictionary
    const key = random.pick(keys)
    const part = container[key]
    if (typeof part === 'object' && part !== null && random.chance(0.75)) {
      setKey(container, key, changedPart(part, random))
      return value
    }
    if (isList) changeList(value as List, Number(key), random)
    else changeKey(container, key, random)
    return value
  }
  return nearValue(value, random)
}

function changeList(list: List, at: number, random: Random): void {
  switch (random.below(6)) {
    case 0:
      list.splice(at, 1)
      return
    case 1:
      list.splice(at, 0, structuredClone(list[at]))
      return
    case 2:
      list.push(oddValue(random))
      return
    case 3:
      list.reverse()
      return
    default:
      list[at] = nearValue(list[at], random)
  }
}

function changeKey(container: Dictionary, key: string, random: Random): void {
  switch (random.below(6)) {
    case 0:
      delete container[key]
      return
    case 1: {
      const value = container[key]
      delete container[key]
      setKey(container, oddText(random), value)
      return
    }
    case 2:
      setKey(container, oddText(random), oddValue(random))
      return
    default:
      setKey(container, key, nearValue(container[key], random))
  }
}

/** Mostly of the same kind: so that what lies behind the check of the kind is reached. */
function nearValue(value: unknown, random: Random): unknown {
  if (random.chance(0.3)) return oddValue(random)
  if (typeof value === 'number') return random.chance(0.3) ? value + random.below(5) - 2 : oddInteger(random)
  if (typeof value === 'string')
    return random.chance(0.3) ? value.slice(random.below(value.length + 1)) : oddText(random)
  if (typeof value === 'boolean') return !value
  return oddValue(random)
}

/** A document as text, now and then damaged as text. */
export function documentText(document: unknown, random: Random): string | Uint8Array {
  const written = JSON.stringify(document) ?? ''
  const text = written.includes(placeholder) ? withDeep(written, random) : written
  if (random.chance(0.85)) return text
  switch (random.below(6)) {
    case 0:
      return text.slice(0, random.below(text.length + 1))
    case 1:
      return `\ufeff${text}`
    case 2:
      return `${text}${random.pick([',', '{}', '\u0000', ' ', '\n\n', text])}`
    case 3:
      return text.replace(
        /-?\d+(\.\d+)?/,
        random.pick(['1e999', '-1e999', '01', '1.', 'NaN', '-0', '9'.repeat(400), '1E400']),
      )
    case 4:
      return random.pick(['', ' ', 'null', '[]', '{}', '0', '""', 'true', 'undefined', '\u0000', '{"a":1', '[[[['])
    default:
      return mutate(Buffer.from(text), random, [Buffer.from('{"a":[1,2.5e3,"x\\u0000",null,true]}')])
  }
}

/** Lists within lists. */
function withDeep(text: string, random: Random): string {
  const depth = 10 ** (1 + random.below(5))
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"a":', '}']
  const deep = `${open.repeat(depth)}0${close.repeat(depth)}`
  return text.replaceAll(`"${placeholder}"`, () => deep)
}
