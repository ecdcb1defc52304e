import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { withFile } from './openFile.js'

/** Largest number of bytes to hash in one call, because Node.js accepts less than 2 GiB. */
const LONGEST_PIECE = 2 ** 30

export function sha256(...pieces: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) {
    if (typeof piece === 'string') hash.update(piece)
    else
      for (let start = 0; start < piece.length; start += LONGEST_PIECE)
        hash.update(piece.subarray(start, start + LONGEST_PIECE))
  }
  return hash.digest('hex')
}

export function sha256OfFile(path: string): Promise<string> {
  return withFile(path, (file) => file.sha256())
}

/** Path of the first file that is missing or has the wrong SHA-256; undefined if all are right. */
export async function firstDamaged(
  folder: string,
  digests: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  for (const [file, digest] of Object.entries(digests)) {
    const path = join(folder, file)
    if ((await sha256OfFile(path).catch(() => undefined)) !== digest) return path
  }
  return undefined
}
