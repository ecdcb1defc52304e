import { UsageError } from '../errors.js'

/** Checks that throw a UsageError. They do not use zod, because worker threads load this file and should start fast. */

export function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new UsageError(`${what} ${unknown} is not known; use ${known.join(', ')}`)
}

export function checkCount(option: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) throw UsageError.of`\`${option}\` ${value} is not a positive whole number`
}
