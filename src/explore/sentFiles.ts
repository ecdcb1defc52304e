import { join, sep } from 'node:path'
import { InputError, reworded, wordingOf } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { rm } from '../files/retried.js'
import { makeTemporaryFolder } from '../files/temporaries.js'
import { oneAtATime } from '../support/oneAtATime.js'

/** Remedy in messages for a network that cannot be uploaded. */
export const BY_PATH = 'start Shiftscope with the path of the network'

export interface SentFile {
  /** Name of the file on the sender's machine. */
  readonly name: string
  /** The size that the sender states, which may be wrong; 0 if none was stated. */
  readonly bytes: number
  readonly pieces: AsyncIterable<Uint8Array>
}

/** Uploaded files, in a temporary folder that `remove` deletes. */
export function openSentFiles() {
  let folder: string | undefined
  let files = 0
  let isBusy = false
  const inTurn = oneAtATime()
  const write = async <T>(
    sent: SentFile,
    name: string,
    most: number,
    open: (path: string) => Promise<T>,
  ): Promise<T> => {
    folder ??= await makeTemporaryFolder()
    // Each file has its own folder, because files of the same name may differ.
    const own = join(folder, String(files++))
    const path = join(own, name)
    try {
      await writeFileAtomic(path, atMost(most, sent))
      return await open(path)
    } catch (error) {
      await rm(path, { force: true })
      // The message names the file without its folder, because the sender does not know this folder.
      throw error instanceof Error ? reworded(error, wordingOf(error).replaceAll(`${own}${sep}`, '')) : error
    }
  }
  return {
    /**
     * Writes an uploaded file and calls `open` with its path. If `open` fails, the file is removed. Only one file can be
     * written at a time.
     * @param most limit for the file's size in bytes
     * @throws InputError for a larger file, or while another file arrives
     * @throws the errors of `open`, without the path of the folder in their messages
     */
    take: async <T>(sent: SentFile, name: string, most: number, open: (path: string) => Promise<T>): Promise<T> => {
      if (isBusy) throw new InputError('another file is still being opened; add this one again when it is done')
      isBusy = true
      return inTurn(() => write(sent, name, most, open)).finally(() => {
        isBusy = false
      })
    },
    remove: () => inTurn(async () => folder && rm(folder, { recursive: true, force: true })),
  }
}

async function* atMost(most: number, { name, bytes, pieces }: SentFile): AsyncGenerator<Uint8Array> {
  const checkSize = (size: number) => {
    if (size > most)
      throw new InputError(`${name} is larger than the ${Math.floor(most / 1e6)} MB left for uploads; ${BY_PATH}`)
  }
  checkSize(bytes)
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    checkSize(size)
    yield piece
  }
}
