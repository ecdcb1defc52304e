import { z } from 'zod'
import { UsageError } from '../errors.js'
import { checkNames } from './checks.js'

/** Schemas for common types of options. */
export const schemas = {
  files: z.record(z.string(), z.string()),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal'),
} as const

/** Schema of a callback, which is checked only for being a function. */
export function callback<T extends (...given: never[]) => unknown>(): z.ZodType<T, T> {
  return z.custom<T>((value) => typeof value === 'function', 'a function')
}

/**
 * @param what noun for error messages, such as "fold scheme" in "fold scheme random is not known"
 */
export function oneOf<const T extends string>(what: string, names: readonly T[]) {
  return z.enum(names, what)
}

export type OptionTable = Readonly<Record<string, z.ZodType>>

type Input<Table extends OptionTable> = z.input<z.ZodObject<Table>>

/**
 * Type of the options that a caller may give, derived from a table of schemas. It keeps the doc comments of the table.
 */
export type GivenOptions<Table extends OptionTable> = {
  readonly [Name in keyof Input<Table>]: Exclude<Input<Table>[Name], undefined>
}

export type CheckedOptions<Table extends OptionTable> = Readonly<z.output<z.ZodObject<Table>>>

/**
 * Checks an argument that a script gives, such as a path.
 * @param what names the argument in the message
 */
export function checkText(value: unknown, what: string): asserts value is string {
  if (typeof value !== 'string')
    throw new UsageError(`${what} must be a text, not ${value === null ? null : typeof value}`)
}

/**
 * Checks the options that a script gives. Misspelt names and wrong values are errors. An option that is undefined
 * counts as left out.
 * @returns the options with their defaults
 * @throws UsageError that names the option
 */
export function parseOptions<Table extends OptionTable>(given: unknown, table: Table): CheckedOptions<Table> {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const present = isObject
    ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    : given
  const { data, error } = z.strictObject(table).safeParse(present)
  if (error === undefined) return data as CheckedOptions<Table>
  const [issue] = error.issues as [z.core.$ZodIssue]
  const name = issue.path.join('.')
  if (issue.code === 'unrecognized_keys' && name === '')
    throw new UsageError(`option ${issue.keys[0]} is not known; known options are ${Object.keys(table).join(', ')}`)
  if (name === '') throw new UsageError('the options must be an object')
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], given)
  if (value === undefined && issue.path.length === 1) throw new UsageError(`option ${name} is missing`)
  if (issue.code === 'too_small') throw new UsageError(`${name} is empty; name at least one, or leave it out`)
  if (issue.code === 'invalid_value' && typeof value === typeof issue.values[0]) {
    if (typeof value === 'string') checkNames(issue.message, [value], issue.values.map(String))
    throw UsageError.of`\`${name} ${String(value)}\` is not known; use ${issue.values.join(' or ')}`
  }
  throw new UsageError(`option ${name} must be ${wantedBy(issue)}, not ${typeName(value)}`)
}

/** Those of the options that are in a table; without those that are undefined. */
export function optionsIn<T extends object>(options: T, table: OptionTable): T {
  const present = Object.entries(options).filter(([name, value]) => name in table && value !== undefined)
  return Object.fromEntries(present) as T
}

function wantedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `a ${typeof issue.values[0]}`
  const wanted = issue.code === 'invalid_type' ? `a ${issue.expected}` : issue.message
  return wanted.replace(/^a (?=[aeiou])/, 'an ')
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return `the text "${value.slice(0, 40)}"`
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value).slice(0, 40)}`
}
