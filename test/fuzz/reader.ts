import { CommanderError } from 'commander'
import fc from 'fast-check'
import { ShiftscopeError } from '../../src/errors.js'
import { damaged, steps } from './damage.js'

/** Contents of a folder by name. */
export type Files = Readonly<Record<string, string | Uint8Array>>

/** What reads one kind of what comes from outside, as the program does. */
export interface Reader {
  readonly name: string
  /** Intact folders. An input is one of them with a damaged file. */
  readonly goldens: readonly Files[] | ((folder: string) => Promise<readonly Files[]>)
  /** Words of the language of the files. */
  readonly words?: readonly string[]
  /** Makes checksums and lengths fit again, so that what lies behind them is reached; half of the inputs are mended. */
  readonly mend?: (bytes: Buffer, name: string) => string | Uint8Array
  /** Throws what the program throws, or an AssertionError if something wrong was read. */
  readonly read: (folder: string, files: Files) => unknown
  /** Whether an input takes long, because it starts a process or runs a network. */
  readonly isExpensive?: boolean
  /** Whether it may open any file, because its inputs name them. */
  readonly opensAnything?: boolean
  /** Whether it reads pieces of a fixed length, also beyond the end of a file. */
  readonly readsBeyondEnds?: boolean
}

export interface Input {
  readonly files: Files
  /** The damaged one. */
  readonly name: string
}

/** Folders with one damaged file. */
export function inputsOf(goldens: readonly Files[], { words = [], mend }: Reader): fc.Arbitrary<Input> {
  const donors = goldens.flatMap((files) => Object.values(files)).map((content) => Buffer.from(content))
  const choices = { golden: fc.nat(goldens.length - 1), file: fc.nat(), changes: steps, mends: fc.boolean() }
  return fc.record(choices).map(({ golden, file, changes, mends }) => {
    const files = goldens[golden] as Files
    const name = Object.keys(files)[file % Object.keys(files).length] as string
    const changed = damaged(Buffer.from(files[name] as string), changes, { donors, words })
    return { files: { ...files, [name]: mends && mend !== undefined ? mend(changed, name) : changed }, name }
  })
}

const MOST_CHARACTERS = 2000

/** What is wrong with an error that a user may see: nothing, if it is one of the project's and one line. */
export function errorFaults(error: unknown): string[] {
  if (error instanceof ShiftscopeError || error instanceof CommanderError) return messageFaults(error.message)
  return [`threw ${error instanceof Error ? error.stack : String(error)}`]
}

export function messageFaults(message: string): string[] {
  const isLine = message !== '' && message.length <= MOST_CHARACTERS && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(message)
  return isLine ? [] : [`said ${JSON.stringify(message.slice(0, 300))}, which is not one line`]
}
