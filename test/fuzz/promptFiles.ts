import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Whether files are read and written at once, without the threads that Node has for them. */
export interface PromptFiles {
  isOn: boolean
  readonly release: () => void
}

// As they are before anybody watches them.
const { openSync, closeSync, readSync, writeSync, fstatSync, ftruncateSync, fsyncSync } = fs
const { writeFileSync, appendFileSync } = fs

type Arguments = readonly never[]
type Call = (...given: Arguments) => unknown

const calls = {
  ...{ access: fs.accessSync, link: fs.linkSync, lstat: fs.lstatSync, mkdir: fs.mkdirSync, readdir: fs.readdirSync },
  ...{ readFile: fs.readFileSync, readlink: fs.readlinkSync, realpath: fs.realpathSync.native, rename: fs.renameSync },
  ...{ rm: fs.rmSync, rmdir: fs.rmdirSync, stat: fs.statSync, unlink: fs.unlinkSync, writeFile: fs.writeFileSync },
  open: openAtOnce,
}

/**
 * Lets the promises of node:fs do their work at once, by the calls of the same names: handing a small file to another thread and
 * back takes longer than reading it. What is read, and which errors there are, stays the same. What has opened a file
 * before goes on as it began.
 */
export function promptFiles(): PromptFiles {
  const names = Object.keys(calls) as (keyof typeof calls)[]
  const before = Object.fromEntries(names.map((name) => [name, fsPromises[name]])) as unknown as Record<string, Call>
  const { createReadStream } = fs
  const files: PromptFiles = {
    isOn: true,
    release: () => {
      Object.assign(fsPromises, before)
      Object.assign(fs, { createReadStream })
      syncBuiltinESMExports()
    },
  }
  for (const name of names) {
    const [atOnce, later] = [calls[name] as Call, before[name] as Call]
    Object.assign(fsPromises, { [name]: async (...given: Arguments) => (files.isOn ? atOnce : later)(...given) })
  }
  fs.createReadStream = ((path: string, options: object) =>
    createReadStream(path, files.isOn ? { ...options, fs: streamCalls } : options)) as typeof createReadStream
  syncBuiltinESMExports()
  return files
}

/** What the readers use of a file handle. */
function openAtOnce(path: string, flags?: string | number, mode?: number) {
  const descriptor = openSync(path, flags ?? 'r', mode)
  return {
    fd: descriptor,
    stat: async () => fstatSync(descriptor),
    read: async (buffer: Buffer, offset: number, length: number, position: number | null) => ({
      bytesRead: readSync(descriptor, buffer, offset, length, position),
      buffer,
    }),
    write: async (...given: [Buffer]) => ({ bytesWritten: writeSync(descriptor, ...given), buffer: given[0] }),
    writeFile: async (content: string) => writeFileSync(descriptor, content),
    appendFile: async (content: Buffer) => appendFileSync(descriptor, content),
    truncate: async (length: number) => ftruncateSync(descriptor, length),
    sync: async () => fsyncSync(descriptor),
    close: async () => closeSync(descriptor),
  }
}

/** As a stream calls them. */
const streamCalls = {
  open: called(openSync),
  read: called(readSync, 1),
  close: called(closeSync),
}

/** @param place of the argument that is given back beside the result */
function called(call: Call, place?: number) {
  return (...given: unknown[]) => {
    const done = given.pop() as (error: unknown, ...results: unknown[]) => void
    try {
      const result = call(...(given as unknown as Arguments))
      process.nextTick(done, null, result, ...(place === undefined ? [] : [given[place]]))
    } catch (error) {
      process.nextTick(done, error)
    }
  }
}
