import { constants } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/** Flags to open what may turn out to be a pipe: without waiting for somebody to write into it. */
export const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** @throws Error for a pipe or a device, which might never end, as for a missing file */
export async function checkRegular(path: string): Promise<void> {
  const status = await stat(path)
  if (!status.isFile()) throw new Error(`${path} is not a file`)
}

/** Contents of a file. */
export async function readRegular(path: string): Promise<Buffer> {
  await checkRegular(path)
  return readFile(path)
}
