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

/** Of the system: which processes there are, and which machine this is. */
const system = /^\/proc\/(\d+\/(stat|cgroup|limits|status)|sys\/kernel\/random\/boot_id)$|^\/sys\/fs\/cgroup\//

/**
 * Watches how files are opened and read in this thread: none outside of the folder may be opened but the project's own (the
 * current folder is the project's at the start), links followed, and none be read beyond its end, but for pieces of a fixed length.
 */
export function guardFiles(folder: string, readsBeyondEnds = false): FileGuard {
  const violations: string[] = []
  const own = [resolve('.'), resolve('node_modules')].map((path) => fs.realpathSync(path))
  const inside = [folder, ...own].map((path) => path + sep)
  const { open, readFile } = fsPromises
  const { openSync, readSync, readFileSync, createReadStream } = fs
  const checkPath = (path: unknown) => {
    if (typeof path === 'number' || typeof path === 'object') return
    let real: string
    try {
      real = fs.realpathSync.native(String(path))
    } catch {
      real = resolve(String(path))
    }
    if (!inside.some((start) => real.startsWith(start)) && !system.test(real)) violations.push(`opened ${real}`)
  }
  const checkRange = (start: number, length: number, size: number) => {
    if (!readsBeyondEnds && !(start >= 0 && length >= 0 && start + length <= size))
      violations.push(`read bytes ${start} to ${start + length} of ${size}`)
  }
  fsPromises.open = async (path, ...rest) => {
    checkPath(path)
    const file = await open(path, ...rest)
    const { size } = await file.stat()
    const read = file.read.bind(file) as (...args: unknown[]) => ReturnType<typeof file.read>
    file.read = ((buffer: Uint8Array, offset: number, length: number, position: number) => {
      if (typeof position === 'number') checkRange(position, length, size)
      if (!readsBeyondEnds && buffer.length > size) violations.push(`took ${buffer.length} bytes for a file of ${size}`)
      return read(buffer, offset, length, position)
    }) as typeof file.read
    return file
  }
  fsPromises.readFile = ((path: unknown, ...rest: unknown[]) => {
    checkPath(path)
    return (readFile as (...args: unknown[]) => Promise<unknown>)(path, ...rest)
  }) as typeof readFile
  fs.openSync = (path, ...rest) => {
    checkPath(path)
    return openSync(path, ...rest)
  }
  fs.readFileSync = ((path: unknown, ...rest: unknown[]) => {
    checkPath(path)
    return (readFileSync as (...args: unknown[]) => unknown)(path, ...rest)
  }) as typeof readFileSync
  // A window may reach beyond the end; it must not begin there.
  fs.readSync = ((
    descriptor: number,
    buffer: NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    position: number,
  ) => {
    if (typeof position === 'number' && position >= 0) checkRange(position, 0, fs.fstatSync(descriptor).size)
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
      Object.assign(fsPromises, { open, readFile })
      Object.assign(fs, { openSync, readSync, readFileSync, createReadStream })
      syncBuiltinESMExports()
    },
  }
}
