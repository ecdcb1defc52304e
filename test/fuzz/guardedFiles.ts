import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { resolve, sep } from 'node:path'

/** What a reader did with files that it must not do. */
export interface FileGuard {
  /** What has been noted since the last call. */
  readonly takeViolations: () => string[]
  readonly release: () => void
}

/**
 * Watches how files are opened and read in this thread: none outside of the folder may be opened, links followed, and
 * none be read beyond its end.
 */
export function guardFiles(folder: string): FileGuard {
  const violations: string[] = []
  const { open } = fsPromises
  const { openSync, readSync, createReadStream } = fs
  const checkPath = (path: unknown) => {
    let real: string
    try {
      real = fs.realpathSync(String(path))
    } catch {
      real = resolve(String(path))
    }
    if (!real.startsWith(folder + sep)) violations.push(`opened ${real}`)
  }
  const checkRange = (start: number, length: number, size: number) => {
    if (!(start >= 0 && length >= 0 && start + length <= size))
      violations.push(`read bytes ${start} to ${start + length} of ${size}`)
  }
  fsPromises.open = async (path, ...rest) => {
    checkPath(path)
    const file = await open(path, ...rest)
    const { size } = await file.stat()
    const read = file.read.bind(file) as (...args: unknown[]) => ReturnType<typeof file.read>
    file.read = ((buffer: Uint8Array, offset: number, length: number, position: number) => {
      checkRange(position, length, size)
      if (buffer.length > size) violations.push(`took ${buffer.length} bytes for a file of ${size}`)
      return read(buffer, offset, length, position)
    }) as typeof file.read
    return file
  }
  fs.openSync = (path, ...rest) => {
    checkPath(path)
    return openSync(path, ...rest)
  }
  // A window may reach beyond the end; it must begin before it.
  fs.readSync = ((
    descriptor: number,
    buffer: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    position: number,
  ) => {
    checkRange(position, 1, fs.fstatSync(descriptor).size)
    return readSync(descriptor, buffer, offset, length, position)
  }) as typeof fs.readSync
  fs.createReadStream = (path, options) => {
    checkPath(path)
    return createReadStream(path, options)
  }
  syncBuiltinESMExports()
  return {
    takeViolations: () => violations.splice(0),
    release: () => {
      Object.assign(fsPromises, { open })
      Object.assign(fs, { openSync, readSync, createReadStream })
      syncBuiltinESMExports()
    },
  }
}
