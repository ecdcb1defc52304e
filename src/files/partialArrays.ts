import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asOutputError, makeFolders, writeFileAtomic } from './atomic.js'
import { claimFolder } from './claim.js'
import { encodeNpy } from './npy.js'
import { readRegular } from './regularFile.js'

/** One of the arrays that grow together: `rows` rows of `dims` float32, saved in the end as .npy of the given shape. */
export interface ArrayPlan {
  /** Name of the finished file. */
  readonly file: string
  readonly shape: readonly number[]
  readonly rows: number
  readonly dims: number
}

/**
 * Arrays whose rows are written to disk in any order while they are computed, so that stopped or killed work goes on from
 * there: `<file>.partial` holds the .npy header and the rows so far, partial.json which are good.
 */
export interface PartialArrays {
  /** By row: 1 where it stood in every array when they were opened. */
  readonly done: Uint8Array
  /** One array as the file has it, [rows, dims]; rows that do not stand hold anything. */
  read(index: number): Promise<Float32Array>
  /** Adds rows to every array. @param matrices where they are taken from, one for each array, [any, dims] */
  write(rows: readonly RowPlace[], matrices: readonly Float32Array[]): Promise<void>
  /** Gives every array its final name. */
  finish(): Promise<void>
  /** Lets others write into the folder, whether the arrays are finished or not. */
  close(): Promise<void>
}

/** Where a row goes, and which one of a matrix it is. */
export interface RowPlace {
  readonly row: number
  readonly from: number
}

const STATE_FILE = 'partial.json'
/** What is added to the name of an array that is not finished. */
const PARTIAL = '.partial'

/** `done` has a bit for every row, the lowest of a byte first, in base64. */
const stateSchema = z.object({ fingerprint: z.string(), done: z.base64() })

/**
 * Opens the unfinished arrays of a folder, or begins new ones if there are none, if they are damaged, or if they were
 * made from other inputs.
 * @param fingerprint stands for all inputs that decide the arrays' values
 * @throws OutputError if the folder cannot be written, or if somebody else is writing there
 */
export async function openPartialArrays(
  folder: string,
  fingerprint: string,
  plans: readonly ArrayPlan[],
): Promise<PartialArrays> {
  const statePath = join(folder, STATE_FILE)
  const names = plans.map(({ file }) => `${file}${PARTIAL}`)
  const paths = names.map((name) => join(folder, name))
  const headers = plans.map(({ shape }) => encodeNpy(shape, new Float32Array(0))[0])
  const rowBytes = plans.map(({ dims }) => dims * Float32Array.BYTES_PER_ELEMENT)
  const offset = (index: number, rows: number) =>
    (headers[index] as Uint8Array).length + rows * (rowBytes[index] as number)
  const count = plans[0]?.rows ?? 0
  const release = await guarded(folder, async () => {
    await makeFolders(folder)
    return claimFolder(folder)
  })
  return guarded<PartialArrays>(folder, async () => {
    const before = await finishedRows(statePath, fingerprint, count)
    const sizes = await Promise.all(
      paths.map((path) =>
        stat(path).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    const end = before.lastIndexOf(1) + 1
    if (sizes.some((size, index) => size < offset(index, end))) before.fill(0)
    if (!before.includes(1)) {
      await rm(statePath, { force: true })
      // Nobody can go on with the rows of others that stopped here: which of them were good stood in the file just removed.
      const others = (await readdir(folder)).filter((name) => name.endsWith(`.npy${PARTIAL}`) && !names.includes(name))
      await Promise.all(others.map((name) => rm(join(folder, name), { force: true })))
      await Promise.all(paths.map((path, index) => writeFileAtomic(path, headers[index] as Uint8Array)))
    }
    const done = before.slice()
    return {
      done: before,
      async read(index) {
        const { rows, dims } = plans[index] as ArrayPlan
        const matrix = new Float32Array(rows * dims)
        await readInto(paths[index] as string, offset(index, 0), new Uint8Array(matrix.buffer))
        return matrix
      },
      write: (rows, matrices) =>
        guarded(folder, async () => {
          for (const [index, path] of paths.entries()) {
            const { dims } = plans[index] as ArrayPlan
            const matrix = matrices[index] as Float32Array
            const pieces = runs(rows).map(({ row, from, length }) => ({
              position: offset(index, row),
              values: matrix.subarray(from * dims, (from + length) * dims),
            }))
            await writeAt(path, pieces)
          }
          for (const { row } of rows) done[row] = 1
          await writeFileAtomic(statePath, JSON.stringify({ fingerprint, done: packed(done) }))
        }),
      finish: () =>
        guarded(folder, async () => {
          for (const [index, { file }] of plans.entries()) await rename(paths[index] as string, join(folder, file))
          await rm(statePath, { force: true })
        }),
      close: release,
    }
  }).catch(async (error: unknown) => {
    await release()
    throw error
  })
}

async function guarded<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asOutputError(folder, error)
  }
}

/** Neighbouring rows as one, in the order of the array. */
function runs(rows: readonly RowPlace[]): (RowPlace & { readonly length: number })[] {
  const found: (RowPlace & { length: number })[] = []
  for (const { row, from } of [...rows].sort((a, b) => a.row - b.row)) {
    const last = found.at(-1)
    if (last !== undefined && last.row + last.length === row && last.from + last.length === from) last.length++
    else found.push({ row, from, length: 1 })
  }
  return found
}

async function finishedRows(statePath: string, fingerprint: string, rows: number): Promise<Uint8Array> {
  const none = new Uint8Array(rows)
  try {
    const state = stateSchema.parse(JSON.parse((await readRegular(statePath)).toString('utf8')))
    const bits = Buffer.from(state.done, 'base64')
    if (state.fingerprint !== fingerprint || bits.length !== Math.ceil(rows / 8)) return none
    return none.map((_, row) => ((bits[row >> 3] as number) >> (row & 7)) & 1)
  } catch {
    return none
  }
}

function packed(done: Uint8Array): string {
  const bits = Buffer.alloc(Math.ceil(done.length / 8))
  for (const [row, isDone] of done.entries()) if (isDone) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7))
  return bits.toString('base64')
}

/** Reads as far as the file goes; what it does not have stays as it is. */
async function readInto(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r')
  try {
    for (let start = 0; start < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, start, Math.min(1 << 28, bytes.length - start), position + start)
      if (bytesRead === 0) return
      start += bytesRead
    }
  } finally {
    await file.close()
  }
}

async function writeAt(
  path: string,
  pieces: readonly { readonly position: number; readonly values: Float32Array }[],
): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (const { position, values } of pieces) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      for (let start = 0; start < bytes.length; ) {
        const { bytesWritten } = await file.write(
          bytes,
          start,
          Math.min(1 << 26, bytes.length - start),
          position + start,
        )
        start += bytesWritten
      }
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
