import { existsSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { type Content, orOutputError, writeFileAtomic } from './atomic.js'
import { type FolderLockOptions, lockFolder } from './lock.js'
import { encodeNpy } from './npy.js'
import { readAt, writeAt } from './parts.js'
import { READ_WITHOUT_WAITING, readRegular } from './regularFile.js'
import { rename, rm } from './retried.js'

/**
 * One of several arrays with the same number of rows. The header of its .npy file states `shape`, which has rows * dims
 * elements.
 */
export interface ArraySpec {
  readonly file: string
  readonly shape: readonly number[]
  readonly rows: number
  readonly dims: number
}

/**
 * Arrays whose rows are written to disk in any order while they are computed, so that interrupted work can continue.
 * `<file>.partial` holds the .npy header and the rows that are finished. partial.json lists these rows with their
 * checksums.
 */
export interface PartialArrays {
  /** For each row, its state when the arrays were opened: 1 if it was finished and undamaged in every array, else 0. */
  readonly done: Uint8Array
  /** Number of rows that were listed as finished but are damaged. */
  readonly damaged: number
  /**
   * Reads one array into the first rows of a new matrix, [matrixRows, dims]. By default, the matrix has only the array's
   * rows. Rows that are not finished may hold any values.
   */
  read(index: number, matrixRows?: number): Promise<Float32Array>
  /** @param matrices for each array, a matrix that holds the new rows, [any number, dims] */
  write(rows: readonly RowPlace[], matrices: readonly Float32Array[]): Promise<void>
  /**
   * Writes the description file and other small files, then renames every array to its final name. If the process is
   * stopped in between, call `finish` in another process. Until then, the description's hashes show which files are not
   * yet replaced.
   */
  finish(description: NewFile, ...others: readonly NewFile[]): Promise<void>
  /** Releases the lock of the folder, whether the arrays are finished or not. */
  close(): Promise<void>
}

export interface NewFile {
  readonly file: string
  readonly content: Content
}

/** A row to write: its index in the array, and its index in the source matrix. */
export interface RowPlace {
  readonly row: number
  readonly from: number
}

interface Layout {
  readonly path: string
  /** Path of the finished array. `path` is that of the unfinished one. */
  readonly final: string
  readonly header: Uint8Array
  readonly rowBytes: number
}

const STATE_FILE = 'partial.json'
const PARTIAL = '.partial'

/**
 * Content of partial.json. `sums` has one CRC-32 per row, computed from the row's bytes in all arrays. It has null for
 * each row that is not finished.
 */
const stateSchema = z.object({ fingerprint: z.string(), sums: z.array(z.number().int().nonnegative().nullable()) })
type Sums = (number | null)[]

const PIECE = 1 << 24

/**
 * Opens the unfinished arrays of a folder. Starts new ones if there are none, if they are damaged, or if they were made
 * from other inputs.
 * @param fingerprint identifies all inputs that determine the arrays' values
 * @throws OutputError if the folder cannot be written, or if another process is writing there
 */
export async function openPartialArrays(
  folder: string,
  fingerprint: string,
  specs: readonly ArraySpec[],
  options: FolderLockOptions = {},
): Promise<PartialArrays> {
  const statePath = join(folder, STATE_FILE)
  const layout = specs.map(({ file, shape, dims }) => ({
    path: join(folder, `${file}${PARTIAL}`),
    final: join(folder, file),
    header: encodeNpy(shape, new Float32Array(0))[0],
    rowBytes: dims * Float32Array.BYTES_PER_ELEMENT,
  }))
  const count = specs[0]?.rows ?? 0
  const release = await lockFolder(folder, options)
  return orOutputError<PartialArrays>(folder, async () => {
    const stored = await storedSums(statePath, fingerprint, count)
    if (stored.some(isNumber)) await takeBack(layout)
    const found = await sumsOf(layout, stored).catch(() => [])
    const sums = stored.map((sum, row) => (sum === found[row] ? sum : null))
    if (!sums.some(isNumber)) {
      await rm(statePath, { force: true })
      // Any other unfinished arrays in the folder are useless without partial.json, which was just removed.
      const own = new Set(layout.map(({ path }) => path))
      const others = (await readdir(folder)).filter(
        (name) => name.endsWith(`.npy${PARTIAL}`) && !own.has(join(folder, name)),
      )
      await Promise.all(others.map((name) => rm(join(folder, name), { force: true })))
      await Promise.all(layout.map(({ path, header }) => writeFileAtomic(path, header)))
    }
    return {
      done: Uint8Array.from(sums, (sum) => Number(isNumber(sum))),
      damaged: stored.filter(isNumber).length - sums.filter(isNumber).length,
      async read(index, matrixRows = count) {
        const { path, header, rowBytes } = layout[index] as Layout
        const bytes = new Uint8Array(matrixRows * rowBytes)
        await readInto(path, header.length, bytes.subarray(0, count * rowBytes))
        return new Float32Array(bytes.buffer)
      },
      write: (rows, matrices) =>
        orOutputError(folder, async () => {
          const written = rows.map(({ from }) =>
            layout.reduce((sum, { rowBytes }, index) => crc32(rowsOf(matrices[index]!, rowBytes, from, 1), sum), 0),
          )
          for (const [index, { path, header, rowBytes }] of layout.entries()) {
            const pieces = runs(rows).map(({ row, from, length }) => ({
              position: header.length + row * rowBytes,
              bytes: rowsOf(matrices[index]!, rowBytes, from, length),
            }))
            await writePieces(path, pieces)
          }
          for (const [i, { row }] of rows.entries()) sums[row] = written[i]!
          await writeFileAtomic(statePath, JSON.stringify({ fingerprint, sums }))
        }),
      finish: (...files) =>
        orOutputError(folder, async () => {
          for (const { file, content } of files) await writeFileAtomic(join(folder, file), content)
          for (const { path, final } of layout) await rename(path, final)
          await rm(statePath, { force: true })
        }),
      close: release,
    }
  }).catch(async (error: unknown) => {
    await release()
    throw error
  })
}

/**
 * Joins rows that are neighbours in both the array and the source into runs, so that fewer writes are needed. Runs are
 * in the order of the array.
 */
function runs(rows: readonly RowPlace[]): (RowPlace & { readonly length: number })[] {
  const found: (RowPlace & { length: number })[] = []
  for (const { row, from } of [...rows].sort((a, b) => a.row - b.row)) {
    const last = found.at(-1)
    if (last !== undefined && last.row + last.length === row && last.from + last.length === from) last.length++
    else found.push({ row, from, length: 1 })
  }
  return found
}

async function storedSums(statePath: string, fingerprint: string, rows: number): Promise<Sums> {
  try {
    const state = stateSchema.parse(JSON.parse((await readRegular(statePath)).toString('utf8')))
    if (state.fingerprint === fingerprint && state.sums.length === rows) return state.sums
  } catch {
    // There is no partial.json, or it cannot be read.
  }
  return Array.from({ length: rows }, () => null)
}

/** Undoes the renames of a `finish` that was interrupted. */
async function takeBack(layout: readonly Layout[]): Promise<void> {
  for (const { path, final } of layout) {
    if (!existsSync(path)) await rename(final, path).catch(() => undefined)
  }
}

/**
 * Reads the rows that are listed as finished, and computes their checksums.
 * @throws Error if a file is missing or its header does not match
 */
async function sumsOf(layout: readonly Layout[], stored: Readonly<Sums>): Promise<Sums> {
  const sums: Sums = stored.map((sum) => (sum === null ? null : 0))
  for (const { path, header, rowBytes } of layout) {
    const start = new Uint8Array(header.length)
    await readInto(path, 0, start)
    if (!Buffer.from(header).equals(start)) throw new Error(`the header of ${path} does not match the array`)
    const rowsAtATime = Math.max(1, Math.floor(PIECE / rowBytes))
    for (let first = 0; first < sums.length; first += rowsAtATime) {
      const rows = sums.slice(first, first + rowsAtATime)
      if (!rows.some(isNumber)) continue
      const bytes = new Uint8Array(rows.length * rowBytes)
      await readInto(path, header.length + first * rowBytes, bytes)
      for (const [i, sum] of rows.entries())
        if (sum !== null) sums[first + i] = crc32(bytes.subarray(i * rowBytes, (i + 1) * rowBytes), sum)
    }
  }
  return sums
}

function isNumber(sum: number | null): sum is number {
  return sum !== null
}

function rowsOf(matrix: Float32Array, rowBytes: number, from: number, length: number): Uint8Array {
  return new Uint8Array(matrix.buffer, matrix.byteOffset + from * rowBytes, length * rowBytes)
}

/** Fills `bytes` from a file. If the file is too short, the rest of `bytes` is left unchanged. */
async function readInto(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, READ_WITHOUT_WAITING)
  try {
    await readAt(file, bytes, position)
  } finally {
    await file.close()
  }
}

async function writePieces(
  path: string,
  pieces: readonly { readonly position: number; readonly bytes: Uint8Array }[],
): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (const { position, bytes } of pieces) await writeAt(file, bytes, position)
    await file.sync()
  } finally {
    await file.close()
  }
}
