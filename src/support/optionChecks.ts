import { z } from 'zod'
import { UsageError } from '../errors.js'

/** What options may hold; a function or an object of somebody else's class is not looked into. */
export const kinds = {
  text: z.string(),
  number: z.number(),
  flag: z.boolean(),
  texts: z.array(z.string()),
  numbers: z.array(z.number()),
  files: z.record(z.string(), z.string()),
  layers: z.union([z.array(z.string()), z.record(z.string(), z.array(z.string()))]),
  callback: z.custom<(...given: never[]) => unknown>((value) => typeof value === 'function', 'a function'),
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal'),
  limits: z.strictObject({ low: z.number(), high: z.number() }),
  anything: z.unknown(),
} as const

/** The options that a function takes, by name; what may be left out, or be undefined, is not among the required. */
export interface OptionList {
  readonly required?: Readonly<Record<string, z.ZodType>>
  readonly optional: Readonly<Record<string, z.ZodType>>
}

/**
 * Checks what a script hands over before anything is done with it: misspelt names and values of the wrong type. An option
 * that is undefined is as one that is left out.
 * @throws UsageError that names the option
 */
export function checkOptions(given: unknown, { required = {}, optional }: OptionList): void {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const present = isObject
    ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    : given
  const optionals = Object.fromEntries(Object.entries(optional).map(([name, kind]) => [name, kind.optional()]))
  const { error } = z.strictObject({ ...required, ...optionals }).safeParse(present)
  const issue = error?.issues[0]
  if (issue === undefined) return
  const name = issue.path.join('.')
  if (issue.code === 'unrecognized_keys' && name === '')
    throw new UsageError(
      `option ${issue.keys[0]} is not known; known are ${[...Object.keys(required), ...Object.keys(optional)].join(', ')}`,
    )
  if (name === '') throw new UsageError('the options must be an object')
  const value = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)?.[key], given)
  if (value === undefined && issue.path.length === 1) throw new UsageError(`option ${name} is missing`)
  const wanted = issue.code === 'invalid_type' ? `a ${issue.expected}` : issue.message
  throw new UsageError(`option ${name} must be ${wanted.replace(/^a (?=[aeiou])/, 'an ')}, not ${typeName(value)}`)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return `the text "${value.slice(0, 40)}"`
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value).slice(0, 40)}`
}
