import { rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { InputError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { makeTemporaryFolder } from '../files/temporaries.js'

export interface SentFile {
  /** Name of the file on the sender's machine. */
  readonly name: string
  /** The size that the sender states, which may be wrong; 0 if none was stated. */
  readonly bytes: number
  readonly pieces: AsyncIterable<Uint8Array>
}

/** Uploaded files, in a temporary folder that `remove` deletes. */
export interface SentFiles {
  /**
   * Writes an uploaded file and calls `open` with its path. If `open` fails, the file is removed. Only one file can be
   * written at a time.
   * @param most limit for the file's size in bytes
   * @throws InputError for a larger file, or while another file arrives
   * @throws the errors of `open`, without the path of the folder in their messages
   */
  readonly take: <T>(sent: SentFile, name: string, most: number, open: (path: string) => Promise<T>) => Promise<T>
  readonly remove: () => Promise<void>
}

export function openSentFiles(): SentFiles {
  let folder: string | undefined
  let current: Promise<unknown> | undefined
  const write = async <T>(sent: SentFile, name: string, most: number, open: (path: string) => Promise<T>) => {
    folder ??= await makeTemporaryFolder()
    const path = join(folder, name)
    try {
      await writeFileAtomic(path, atMost(most, sent))
      return await open(path)
    } catch (error) {
      await rm(path, { force: true })
      // The message names the file without its folder, because the sender does not know this folder.
      if (error instanceof Error) error.message = error.message.replaceAll(`${folder}${sep}`, '')
      throw error
    }
  }
  return {
    take: async (...sent) => {
      if (current !== undefined)
        throw new InputError('another file is still being opened; add this one again when it is done')
      const written = write(...sent)
      current = written.then(
        () => undefined,
        () => undefined,
      )
      return written.finally(() => {
        current = undefined
      })
    },
    remove: async () => {
      await current
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

async function* atMost(most: number, { name, bytes, pieces }: SentFile): AsyncGenerator<Uint8Array> {
  const checkSize = (size: number) => {
    if (size > most)
      throw new InputError(
        `${name} is larger than the ${Math.floor(most / 1e6)} MB left for uploads; run shiftscope explore --models FILE instead`,
      )
  }
  checkSize(bytes)
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    checkSize(size)
    yield piece
  }
}
