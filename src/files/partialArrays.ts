import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asOutputError, makeFolders, writeFileAtomic } from './atomic.js'
import { claimFolder } from './claim.js'
import { encodeNpy } from './npy.js'

/** One of the arrays that grow together: `rows` rows of `dims` float32, saved in the end as .npy of the given shape. */
export interface ArrayPlan {
  /** Name of the finished file. */
  readonly file: string
  readonly shape: readonly number[]
  readonly rows: number
  readonly dims: number
}

/**
 * Arrays that are written to disk row by row while they are computed, so that stopped or killed work goes on from there:
 * `<file>.partial` holds the .npy header and the rows so far, partial.json how many are good.
 */
export interface PartialArrays {
  /** Rows that stand from an earlier run. */
  readonly done: number
  /** The rows of one array that stand from an earlier run, [done, dims]. */
  readDone(index: number): Promise<Float32Array>
  /** Adds the same number of rows to every array. */
  append(rows: readonly Float32Array[]): Promise<void>
  /** Gives every array its final name. */
  finish(): Promise<void>
  /** Lets others write into the folder, whether the arrays are finished or not. */
  close(): Promise<void>
}

const STATE_FILE = 'partial.json'

const stateSchema = z.object({ fingerprint: z.string(), done: z.number().int().nonnegative() })

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
  const paths = plans.map(({ file }) => join(folder, `${file}.partial`))
  const headers = plans.map(({ shape }) => encodeNpy(shape, new Float32Array(0))[0])
  const rowBytes = plans.map(({ dims }) => dims * Float32Array.BYTES_PER_ELEMENT)
  const offset = (index: number, rows: number) =>
    (headers[index] as Uint8Array).length + rows * (rowBytes[index] as number)
  let done = 0
  const release = await guarded(folder, async () => {
    await makeFolders(folder)
    return claimFolder(folder)
  })
  return guarded<PartialArrays>(folder, async () => {
    const rowsBefore = await finishedRows(statePath, fingerprint)
    const sizes = await Promise.all(
      paths.map((path) =>
        stat(path).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    if (sizes.every((size, index) => size >= offset(index, rowsBefore))) done = rowsBefore
    if (done === 0) {
      await rm(statePath, { force: true })
      await Promise.all(paths.map((path, index) => writeFileAtomic(path, headers[index] as Uint8Array)))
    }
    const before = done
    return {
      done: before,
      async readDone(index) {
        const bytes = await readBytes(paths[index] as string, offset(index, 0), before * (rowBytes[index] as number))
        return new Float32Array(bytes.buffer)
      },
      append: (rows) =>
        guarded(folder, async () => {
          const count = (rows[0] as Float32Array).byteLength / (rowBytes[0] as number)
          await Promise.all(paths.map((path, index) => writeAt(path, offset(index, done), rows[index] as Float32Array)))
          done += count
          await writeFileAtomic(statePath, JSON.stringify({ fingerprint, done }))
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

async function finishedRows(statePath: string, fingerprint: string): Promise<number> {
  try {
    const state = stateSchema.parse(JSON.parse(await readFile(statePath, 'utf8')))
    return state.fingerprint === fingerprint ? state.done : 0
  } catch {
    return 0
  }
}

async function readBytes(path: string, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const file = await open(path, 'r')
  try {
    for (let start = 0; start < length; ) {
      const { bytesRead } = await file.read(bytes, start, Math.min(1 << 28, length - start), position + start)
      if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
      start += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function writeAt(path: string, position: number, rows: Float32Array): Promise<void> {
  const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength)
  const file = await open(path, 'r+')
  try {
    for (let start = 0; start < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, start, Math.min(1 << 26, bytes.length - start), position + start)
      start += bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
