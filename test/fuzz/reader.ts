import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommanderError } from 'commander'
import { ShiftscopeError } from '../../src/errors.js'
import type { FileGuard } from './guardedFiles.js'
import type { Random } from './random.js'

/** What a reader is given: files by their names in its folder, or text that stands for what is no file. */
export interface FuzzCase {
  /** Which of the reader's formats. */
  readonly kind: string
  readonly files: Readonly<Record<string, string | Uint8Array>>
}

/** What came of a case. */
export interface Outcome {
  readonly result: 'read' | 'refused'
  /** What the reader did that it must not do. */
  readonly faults: readonly string[]
}

/** Reads one kind of what comes from outside, as the program does. */
export interface Reader {
  readonly name: string
  /** MiB that a case may take beyond what the process has had before; 256 by default. */
  readonly mostGrowth?: number
  /** Seconds that a case may take, 5 by default; more where a process of its own has a limit of time, which counts as none of the reader's. */
  readonly mostSeconds?: number
  /** Whether its cases take milliseconds and more, as what runs a network does. */
  readonly isExpensive?: boolean
  /** Whether it may open any file, since its cases name them. */
  readonly opensAnything?: boolean
  /** Whether it reads pieces of a fixed length, whatever the file has. */
  readonly readsBeyondEnds?: boolean
  /** @param folder in which alone it may write and read: empty, but for what leads out of it */
  readonly open: (folder: string) => Promise<OpenReader> | OpenReader
}

export interface OpenReader {
  /** Depends on chance alone. */
  readonly draw: (random: Random) => FuzzCase
  /**
   * @returns what is wrong with what was read; undefined where damage is passed over and nothing was read
   * @throws what the program throws
   */
  readonly read: (drawn: FuzzCase) => Promise<readonly string[] | undefined>
  readonly close?: () => Promise<void> | void
}

/** Has a reader read a case, and judges what happened. @param guard watches the files of this thread */
export async function tryCase(reader: OpenReader, drawn: FuzzCase, guard: FileGuard | undefined): Promise<Outcome> {
  // Files are read for making the case as well, by ways that the guard does not know.
  guard?.takeViolations()
  const judged = await judgedReading(() => reader.read(drawn))
  const violations = guard?.takeViolations() ?? []
  return { ...judged, faults: [...judged.faults, ...violations] }
}

async function judgedReading(read: () => Promise<readonly string[] | undefined>): Promise<Outcome> {
  try {
    const faults = await read()
    return { result: faults === undefined ? 'refused' : 'read', faults: faults ?? [] }
  } catch (error) {
    return { result: 'refused', faults: errorFaults(error) }
  }
}

const mostCharacters = 2000

function errorFaults(error: unknown): string[] {
  if (error instanceof ShiftscopeError || error instanceof CommanderError) return messageFaults(error.message)
  return [`threw ${error instanceof Error ? error.stack : String(error)}`]
}

/** What keeps a message from being a line of text. */
export function messageFaults(message: string): string[] {
  const isLine = message !== '' && message.length <= mostCharacters && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(message)
  return isLine
    ? []
    : [`has a message of ${message.length} characters that is no line: ${JSON.stringify(message.slice(0, 300))}`]
}

/** Writes a case's files into a folder. */
export function placeFiles(folder: string, { files }: FuzzCase): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    if (name.includes('/')) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

/** Makes a folder, or takes everything out of it: several times as fast as Node's removal of a folder. */
export function emptyFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (!entry.isDirectory()) unlinkSync(path)
    else {
      emptyFolder(path)
      rmdirSync(path)
    }
  }
}
