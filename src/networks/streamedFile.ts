import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asOutputError } from '../files/atomic.js'

/**
 * Writes a file piece by piece, whole or not at all: to a temporary name in the same folder, flushed, then renamed. At
 * no time is more than one piece in memory. An error of the source of the pieces passes through unchanged.
 *
 * @throws OutputError when the file cannot be written
 */
export async function writeStreamAtomic(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(6).toString('hex')}-${basename(path)}`)
  try {
    await mkdir(dirname(path), { recursive: true })
    const file = await open(temporary, 'wx')
    try {
      for await (const piece of pieces) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw asOutputError(path, error)
  }
}
