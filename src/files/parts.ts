import type { FileHandle } from 'node:fs/promises'

/** Number of bytes that are read or written at a time, because Node refuses buffers of 2 GiB or more. */
const MOST_BYTES = 1 << 28

/**
 * Fills `bytes` from a position of the file on. If the file is too short, the rest of `bytes` is left unchanged.
 * @returns number of bytes that were read
 */
export async function readAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(MOST_BYTES, bytes.length - done), position + done)
    if (bytesRead === 0) return done
    done += bytesRead
  }
  return bytes.length
}

/** Writes all of `bytes`, from a position of the file on. */
export async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(MOST_BYTES, bytes.length - done)
    done += (await file.write(bytes, done, length, position + done)).bytesWritten
  }
}
