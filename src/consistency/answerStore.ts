import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { UsageError } from '../errors.js'
import { orOutputError, writeFileAtomic } from '../files/atomic.js'
import { tryJson } from '../files/json.js'
import { type FolderLockOptions, lockFolder } from '../files/lock.js'
import { readAt, writeAt } from '../files/parts.js'
import { readRegular, regularSize } from '../files/regularFile.js'
import { addTo } from '../support/lists.js'
import type { RightClasses } from './photographAnswers.js'

/** A photograph whose answers are complete. */
interface AnsweredPhotograph {
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string
  /** Undefined if the photograph has no label. */
  readonly right?: RightClasses
}

export interface StoredPhotograph extends AnsweredPhotograph {
  /** Index of the photograph's answers in answers.bin. */
  readonly row: number
}

/**
 * Answers to photographs in a folder, which later calls use again. A photograph is found by its content, so it may be
 * renamed, and others may be added or removed. answers.bin has one row of float32 values for each photograph. answers.jsonl has a
 * line with the settings, and then a line for each row, which is written after the row.
 */
export interface AnswerStore {
  /** @returns the undamaged answers that earlier calls stored for this content; several, if its label has changed */
  find(sha256: string): readonly StoredPhotograph[]
  /**
   * Appends a row of values.
   * @returns its index
   */
  add(photograph: AnsweredPhotograph, values: Float32Array): Promise<number>
  /** Reads values `first` to before `first + count` of a row. */
  read(row: number, first: number, count: number): Promise<Float32Array>
  close(): Promise<void>
}

/** The store of a call without a folder. */
export const KEEPS_NOTHING: AnswerStore = {
  find: () => [],
  add: async () => 0,
  read: async () => new Float32Array(),
  close: async () => undefined,
}

/**
 * Version of the stored answers. Increase it whenever the frames of a protocol or the stored values change. Older
 * answers are then computed again.
 */
const ANSWERS_FORMAT = 3

/** Settings of the call that made the answers. Answers to other settings are never used. */
const originSchema = z.looseObject({ model: z.string(), scores: z.object({ meaning: z.string() }).optional() })
export type AnswerOrigin = Readonly<z.infer<typeof originSchema>>

/** First line of answers.jsonl. */
const headSchema = originSchema.extend({ format: z.literal(ANSWERS_FORMAT) })

/** Text of a setting. It tells settings apart, except for the source of the scores' meaning, which changes no answer. */
function settingText(origin: AnswerOrigin, name: string): string {
  return String((name === 'scores' ? origin.scores?.meaning : origin[name]) ?? 'unknown')
}

const lineSchema = z.object({
  sha256: z.string(),
  right: z.array(z.number()).exactOptional(),
  /** CRC-32 of the row and of the other properties. */
  sum: z.number(),
})

const VALUES = 'answers.bin'
const LINES = 'answers.jsonl'

/**
 * @param length number of values per photograph
 * @throws UsageError if the folder has answers to other settings
 * @throws OutputError if the folder cannot be written, or if another process is writing there
 */
export async function openAnswerStore(
  folder: string,
  origin: AnswerOrigin,
  length: number,
  options: FolderLockOptions,
): Promise<AnswerStore> {
  const [valuesPath, linesPath] = [join(folder, VALUES), join(folder, LINES)]
  const rowBytes = length * Float32Array.BYTES_PER_ELEMENT
  const release = await lockFolder(folder, options)
  return orOutputError<AnswerStore>(folder, async () => {
    const { head, lines, isThere } = await storedLines(linesPath)
    if (head !== undefined && lines.length > 0) refuseOthers(folder, head, origin)
    const stored = await undamaged(valuesPath, lines, rowBytes)
    if (stored.size === 0 && isThere)
      options.note?.(
        `replacing the results in ${folder}, because their answers are missing, damaged or of another version`,
      )
    if (stored.size === 0) await writeFileAtomic(valuesPath, '')
    // The file is written anew, so that the next line does not continue one that was cut off.
    const kept = [JSON.stringify({ format: ANSWERS_FORMAT, ...origin }), ...(stored.size === 0 ? [] : lines)]
    await writeFileAtomic(linesPath, kept.map((line) => `${line}\n`).join(''))
    const values = await open(valuesPath, 'r+')
    const journal = await open(linesPath, 'a').catch(async (error: unknown) => {
      await values.close()
      throw error
    })
    const close = async () => {
      await Promise.all([values.close(), journal.close()])
      await release()
    }
    const rows = kept.length - 1
    return { find: (sha256) => stored.get(sha256) ?? [], ...rowsOf(folder, { values, journal, rows, rowBytes }), close }
  }).catch(async (error: unknown) => {
    await release()
    throw error
  })
}

interface OpenFiles {
  readonly values: FileHandle
  readonly journal: FileHandle
  /** Number of rows that are complete. */
  readonly rows: number
  readonly rowBytes: number
}

function rowsOf(folder: string, { values, journal, rows, rowBytes }: OpenFiles): Pick<AnswerStore, 'add' | 'read'> {
  let row = rows
  return {
    add: (photograph, added) =>
      orOutputError(folder, async () => {
        const bytes = bytesOf(added)
        await writeAt(values, bytes, row * rowBytes)
        await journal.appendFile(`${JSON.stringify({ ...photograph, sum: sumOf(photograph, bytes) })}\n`)
        return row++
      }),
    read: async (row, first, count) => {
      const read = new Float32Array(count)
      await readAt(values, bytesOf(read), row * rowBytes + first * Float32Array.BYTES_PER_ELEMENT)
      return read
    },
  }
}

function refuseOthers(folder: string, there: AnswerOrigin, origin: AnswerOrigin): void {
  const others = Object.keys(origin).filter((name) => settingText(there, name) !== settingText(origin, name))
  if (others.length === 0) return
  const settings = others.map((name) =>
    name === 'weightsSha256' ? 'other weights' : `${name} ${settingText(there, name)}`,
  )
  const what = there.model === origin.model ? `${there.model} with ${settings.join(', ')}` : there.model
  throw new UsageError(`${folder} has results of ${what}; choose another folder with \`out\`, or remove this one`)
}

/** Reads answers.jsonl, without a last line that was cut off. Without its settings, the other lines are useless. */
async function storedLines(path: string): Promise<{
  readonly head?: AnswerOrigin
  readonly lines: readonly string[]
  /** Whether the file has answers, of any version. */
  readonly isThere: boolean
}> {
  const text = await readRegular(path).then(String, () => '')
  const [first, ...lines] = text.split('\n').slice(0, -1)
  const isThere = lines.length > 0
  const head = parsed(headSchema, first)
  return head === undefined ? { lines: [], isThere } : { head, lines, isThere }
}

/** @returns by the SHA-256 of their files, the photographs whose line and row have the right sum */
async function undamaged(
  path: string,
  lines: readonly string[],
  rowBytes: number,
): Promise<ReadonlyMap<string, readonly StoredPhotograph[]>> {
  const found = new Map<string, StoredPhotograph[]>()
  const size = await regularSize(path).catch(() => 0)
  if (size === 0) return found
  const file = await open(path)
  try {
    for (const [row, text] of lines.entries()) {
      const line = parsed(lineSchema, text)
      if (line === undefined || (row + 1) * rowBytes > size) continue
      const bytes = new Uint8Array(rowBytes)
      await readAt(file, bytes, row * rowBytes)
      if (sumOf(line, bytes) !== line.sum) continue
      const { sum, ...photograph } = line
      addTo(found, line.sha256, { ...photograph, row })
    }
  } finally {
    await file.close()
  }
  return found
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  return schema.safeParse(tryJson(text ?? '')).data
}

function sumOf({ sha256, right }: AnsweredPhotograph, row: Uint8Array): number {
  return crc32(JSON.stringify([sha256, right]), crc32(row))
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
