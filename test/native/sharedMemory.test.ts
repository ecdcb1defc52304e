import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createSharedMemory, growSharedMemory, mapSharedMemory } from '../../src/native.js'
import { collected, mappingsOf } from './memory.js'

const PAGE = 4096

/** New memory of a length, for the time of some work. */
async function withMemory(bytes: number, work: (descriptor: number) => void | Promise<void>): Promise<void> {
  const descriptor = createSharedMemory() as number
  try {
    growSharedMemory(descriptor, bytes)
    await work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

describe.skipIf(process.platform !== 'linux')('shared memory', () => {
  it('is written by a child process that inherits it, and stays when that dies', async () => {
    await withMemory(2 * PAGE, async (descriptor) => {
      const values = new Float32Array(mapSharedMemory(descriptor, 2 * PAGE))
      values[0] = 5
      const script = fileURLToPath(new URL('./processes/writesShared.mjs', import.meta.url))
      const child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', descriptor], execArgv: [] })
      const [, signal] = await once(child, 'exit')
      expect(signal).toBe('SIGKILL')
      expect([values[0], values[1], values.at(-1)]).toEqual([6, 0, 7])
    })
  })

  it('grows without moving what is mapped', async () => {
    await withMemory(PAGE, (descriptor) => {
      const before = new Uint8Array(mapSharedMemory(descriptor, PAGE))
      before.fill(3)
      growSharedMemory(descriptor, 5 * PAGE)
      growSharedMemory(descriptor, PAGE)
      const after = new Uint8Array(mapSharedMemory(descriptor, 5 * PAGE))
      after[0] = 4
      expect([before[0], after[PAGE - 1], after[PAGE], after.length]).toEqual([4, 3, 0, 5 * PAGE])
    })
  })

  it('takes no memory before it is written', async () => {
    await withMemory(2 ** 40, (descriptor) => {
      const values = new Uint8Array(mapSharedMemory(descriptor, 2 ** 30))
      values[2 ** 30 - 1] = 1
      expect(values[2 ** 29]).toBe(0)
    })
  })

  it('is refused where it is closed, shorter, too long, or anything else', async () => {
    await withMemory(PAGE, (descriptor) => {
      expect(() => mapSharedMemory(descriptor, PAGE + 1)).toThrow(
        new RangeError(`${PAGE + 1} bytes of shared memory were asked for, descriptor ${descriptor} has ${PAGE}`),
      )
      expect(() => mapSharedMemory(descriptor, 0)).toThrow(/bytes must be a whole number/)
      expect(() => growSharedMemory(descriptor, -1)).toThrow(/bytes must be a whole number/)
      expect(() => mapSharedMemory(-1, PAGE)).toThrow(/descriptor must be a whole number/)
      expect(() => mapSharedMemory(2 ** 32, PAGE)).toThrow(/descriptor is larger/)
      growSharedMemory(descriptor, 2 ** 52)
      expect(() => mapSharedMemory(descriptor, 2 ** 52)).toThrow(/^\d+ bytes of shared memory: Cannot allocate memory$/)
    })
    const closed = createSharedMemory() as number
    closeSync(closed)
    expect(() => mapSharedMemory(closed, PAGE)).toThrow(`descriptor ${closed}: Bad file descriptor`)
    expect(() => growSharedMemory(closed, PAGE)).toThrow(`descriptor ${closed}: Bad file descriptor`)
    const file = openSync(fileURLToPath(import.meta.url), 'r+')
    expect(() => mapSharedMemory(file, 1)).toThrow(new TypeError(`descriptor ${file} is not shared memory`))
    expect(() => growSharedMemory(file, 2 ** 20)).toThrow(TypeError)
    closeSync(file)
  })

  it('leaves neither descriptors nor mappings behind', async () => {
    const descriptors = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 100; i++) await withMemory(PAGE, (descriptor) => void mapSharedMemory(descriptor, PAGE))
    expect(readdirSync('/proc/self/fd').length).toBe(descriptors)
    await collected()
    expect(mappingsOf('memfd:shiftscope')).toBe(0)
  })
})
