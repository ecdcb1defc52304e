import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { resolve, sep } from 'node:path'
import { packageFolder } from '../../src/files/package.js'

export interface FileGuard {
  /** What was noticed since the last call. */
  readonly takeViolations: () => string[]
  readonly release: () => void
}

/** Which processes there are, and which machine this is. */
const SYSTEM = /^\/proc\/(\d+\/(stat|cgroup|limits|status)|sys\/kernel\/random\/boot_id)$|^\/sys\/fs\/cgroup\//

/**
 * Watches how this thread opens and reads files. None may be opened outside of the folder and the package, links
 * followed; none may be read beyond its end, and no memory be taken for more than there is.
 */
export function guardFiles(folder: string, readsBeyondEnds = false): FileGuard {
  const violations: string[] = []
  const allowed = [folder, packageFolder(), resolve(packageFolder(), 'node_modules')].map(
    (path) => fs.realpathSync(path) + sep,
  )
  const before = {
    promises: { open: fsPromises.open, readFile: fsPromises.readFile },
    sync: { openSync: fs.openSync, readFileSync: fs.readFileSync, createReadStream: fs.createReadStream },
  }
  const checkPath = (path: unknown) => {
    if (typeof path === 'number' || path instanceof URL || (path as { fd?: number }).fd !== undefined) return
    let real = resolve(String(path))
    try {
      real = fs.realpathSync.native(real)
    } catch {
      // There is no such file.
    }
    if (!allowed.some((start) => real.startsWith(start)) && !SYSTEM.test(real)) violations.push(`opened ${real}`)
  }
  const checked = (call: unknown) =>
    ((path: unknown, ...rest: unknown[]) => {
      checkPath(path)
      return (call as (...given: unknown[]) => unknown)(path, ...rest)
    }) as never
  const { open } = before.promises
  fsPromises.open = async (path, ...rest) => {
    checkPath(path)
    const file = await open(path, ...rest)
    const { size } = await file.stat()
    const read = file.read.bind(file) as (...given: unknown[]) => ReturnType<typeof file.read>
    file.read = ((buffer: Uint8Array, offset: number, length: number, position: number) => {
      const end = (position ?? 0) + length
      if (!readsBeyondEnds && (end > size || buffer.length > size))
        violations.push(`read up to byte ${end} of ${size} into ${buffer.length}`)
      return read(buffer, offset, length, position)
    }) as typeof file.read
    return file
  }
  fsPromises.readFile = checked(before.promises.readFile)
  for (const name of ['openSync', 'readFileSync', 'createReadStream'] as const) fs[name] = checked(before.sync[name])
  syncBuiltinESMExports()
  return {
    takeViolations: () => violations.splice(0),
    release: () => {
      Object.assign(fsPromises, before.promises)
      Object.assign(fs, before.sync)
      syncBuiltinESMExports()
    },
  }
}
