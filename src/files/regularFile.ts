import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** How files are opened that may turn out to be pipes: without waiting for somebody to write into them. */
export const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** Opens a file for reading. A pipe or a device under its name, which might never end, fails as a missing file does. */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, READ_WITHOUT_WAITING)
  const isFile = await file.stat().then(
    (status) => status.isFile(),
    () => false,
  )
  if (isFile) return file
  await file.close()
  throw new Error(`${path} is not a file`)
}

/** Contents of such a file. */
export async function readRegular(path: string): Promise<Buffer> {
  const file = await openRegular(path)
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}
