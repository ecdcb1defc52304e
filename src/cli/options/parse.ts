import { InvalidArgumentError } from 'commander'
import type { GivenPair } from '../../results/store/pairs.js'

// Error messages in this file say only what to do, because Commander puts the option and its value in front of them.

export const parseWhole = wholeFrom(1)
export const parseNatural = wholeFrom(0)

function wholeFrom(least: number) {
  return (text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) < least || !Number.isSafeInteger(Number(text)))
      throw new InvalidArgumentError(`Give a whole number of at least ${least}.`)
    return Number(text)
  }
}

export const parsePositive = numberIn('above 0', (value) => value > 0 && Number.isFinite(value))
export const parseShare = numberIn('from 0 to 1', (value) => value >= 0 && value <= 1)

function numberIn(range: string, fits: (value: number) => boolean) {
  return (text: string): number => {
    const value = numberOf(text)
    if (!fits(value)) throw new InvalidArgumentError(`Give a number ${range}.`)
    return value
  }
}

/** NaN for an empty text, which JavaScript reads as 0. */
function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

/** Rejects an empty path, which an unset shell variable would give. */
export function parsePath(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give a path that is not empty.')
  return text
}

export function parseWholeList(text: string): readonly number[] {
  return parseList(text).map(parseWhole)
}

/** Parses `a,b`. A comma after a backslash belongs to its value, such as the path of a file; see `listText`. */
export function parseList(text: string): readonly string[] {
  const parts = text.split(/(?<!\\),/).map((part) => part.replaceAll('\\,', ',').trim())
  if (parts.some((part) => part === '')) throw new InvalidArgumentError('Give values separated by commas.')
  return parts
}

/** Parses whole minutes, or HH:MM:SS, which is rounded up to whole minutes. */
export function parseMinutes(text: string): number {
  const [, hours, minutes, seconds] = /^(\d+):([0-5]\d):([0-5]\d)$/.exec(text) ?? []
  if (hours === undefined) {
    if (/^\d+$/.test(text) && Number(text) >= 1) return Number(text)
    throw new InvalidArgumentError('Give whole minutes, or HH:MM:SS.')
  }
  return Math.max(1, Math.ceil(Number(hours) * 60 + Number(minutes) + Number(seconds) / 60))
}

export function parseColours(text: string): readonly number[] {
  const values = text.split(',').map(numberOf)
  if ((values.length !== 3 && values.length !== 1) || !values.every(Number.isFinite))
    throw new InvalidArgumentError('Give one number, or three for red, green and blue, such as 0.5,0.5,0.5.')
  return values
}

export function parseRange(text: string): 1 | 255 {
  if (text === '1') return 1
  if (text === '255') return 255
  throw new InvalidArgumentError('Give 1 or 255.')
}

export type LayerLists = readonly string[] | Readonly<Record<string, readonly string[]>>

/**
 * Parses one value of --layers: `a,b` for all networks, or `ID=a,b` for one network. The second form may be repeated,
 * so the lists given before are kept.
 */
export function collectLayers(text: string, before?: LayerLists): LayerLists {
  const at = text.indexOf('=')
  const isOfOne = at > 0
  if (before !== undefined && (isOfOne === Array.isArray(before) || !isOfOne))
    throw new InvalidArgumentError('Give one list for all networks, or one list per network as ID=a,b.')
  if (!isOfOne) return parseList(text)
  const id = text.slice(0, at)
  if (before !== undefined && Object.hasOwn(before, id)) throw new InvalidArgumentError(`${id} is given twice.`)
  return { ...before, [id]: parseList(text.slice(at + 1)) }
}

export function collectNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...parseList(text)]
}

export function parseLimits(text: string): { low: number; high: number } {
  const [low, high, more] = text.split(',').map(numberOf)
  if (low === undefined || high === undefined || more !== undefined || !(low < high) || !Number.isFinite(high - low)) {
    throw new InvalidArgumentError('Give two numbers, the smaller one first, such as 0.88,1.')
  }
  return { low, high }
}

export const collectAssignments = assignments('Give ID=FILE, such as alexnet=alexnet.pth.')
export const collectImages = assignments('Give NAME=FILE or NAME=SCENE, such as A=dog@0,149.')
export const collectLabels = assignments('Give NAME=TEXT, such as fc8="class scores".')

function assignments(form: string) {
  return (text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(form)
    const id = text.slice(0, at)
    if (Object.hasOwn(before, id)) throw new InvalidArgumentError(`${id} is given twice.`)
    return { ...before, [id]: text.slice(at + 1) }
  }
}

export function collectPairs(text: string, before: readonly GivenPair[] = []): readonly GivenPair[] {
  const [plain, variant, more] = text.split('=')
  if (!plain || !variant || more !== undefined)
    throw new InvalidArgumentError('Give PLAIN=VARIANT, two networks by name or id, such as old=new.')
  return [...before, { plain, variant }]
}

/** Parses one value of --max-worse, `MEASURE=NUMBER`. The option may be repeated. */
export const collectLimits = numbersByMeasure('at least 0', (value) => value >= 0)

/** Parses one value of --equivalent, as `collectLimits` does. */
export const collectMargins = numbersByMeasure('more than 0', (value) => value > 0)

function numbersByMeasure(range: string, fits: (value: number) => boolean) {
  return (text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> => {
    const at = text.lastIndexOf('=')
    const name = text.slice(0, at).trim()
    const value = numberOf(text.slice(at + 1))
    if (at < 1 || name === '' || !(fits(value) && Number.isFinite(value)))
      throw new InvalidArgumentError(`Give MEASURE=NUMBER, such as "diagonal change=0.1", with a number of ${range}.`)
    if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`)
    return { ...before, [name]: value }
  }
}
