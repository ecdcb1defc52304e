/** An option, or words that the page replaces by its own. */
interface Slot {
  /** The words of the library. */
  readonly library: string
  /** The words of the page, which has none for an option. */
  readonly page?: string
  /** The name of an option, and its value after a space or nothing. */
  readonly option?: { readonly name: string; readonly value: string }
}

export type Part = string | Slot

/** Parts of a message that end a clause or an alternative. */
export const CLAUSE = '; '
export const ALTERNATIVE = ', or '

/** A message as data. As a string, it has the library's words. */
export class Worded {
  constructor(readonly parts: readonly Part[]) {}

  toString(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : part.library)).join('')
  }

  replaceAll(from: string, to: string): Worded {
    return new Worded(this.parts.map((part) => (typeof part === 'string' ? part.replaceAll(from, to) : part)))
  }
}

export type Wording = string | Worded

const messages = new WeakMap<object, Worded>()

/** Remembers the message of an object that has it only as a string, such as an error. */
export function tell<T extends object>(teller: T, message: Wording): T {
  if (message instanceof Worded) messages.set(teller, message)
  return teller
}

export function toldBy(teller: object, plain: string): Wording {
  return messages.get(teller) ?? plain
}

export function partsUntil(
  end: typeof CLAUSE | typeof ALTERNATIVE,
  parts: readonly Part[],
): readonly (readonly Part[])[] {
  const groups: Part[][] = [[]]
  for (const part of parts) {
    if (part === end) groups.push([])
    else groups.at(-1)!.push(part)
  }
  return groups
}

/** A message without its remedies. */
export function firstClause(message: Wording): Wording {
  if (typeof message === 'string') return message.split(CLAUSE)[0]!
  return new Worded(partsUntil(CLAUSE, message.parts)[0]!)
}
