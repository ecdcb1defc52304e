import { chmod, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { freeVideoMemory, hasRoomForTwice } from '../../../src/engine/devices/videoMemory.js'
import { leftOut } from '../../support/leftOut.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
afterEach(() => {
  vi.unstubAllEnvs()
})

/** A program that prints its arguments and these lines. */
async function program(name: string, script: string): Promise<string> {
  const path = inFolder(name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

describe('free video memory', () => {
  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
    'is what the tool says of the card',
    async () => {
      const tool = await program('smi', 'test "$3" = --id=2 && echo 500')
      expect(await freeVideoMemory({ name: 'cuda', index: 2 }, tool)).toBe(500 * 2 ** 20)
      expect(await freeVideoMemory({ name: 'cuda', index: 1 }, tool)).toBeUndefined()
      for (const answer of ['[N/A]', '12 MiB', '1\\n2', '-3'])
        expect(
          await freeVideoMemory({ name: 'cuda', index: 2 }, await program('other', `printf '${answer}'`)),
        ).toBeUndefined()
      expect(await freeVideoMemory({ name: 'webgpu', index: 2 }, tool)).toBeUndefined()
    },
  )

  it('is not known without the tool, or where the cards have other numbers', async () => {
    const card = { name: 'tensorrt', index: 0 } as const
    expect(await freeVideoMemory(card, inFolder('absent'))).toBeUndefined()
    const tool = await program('any', 'echo 500')
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '1')
    expect(await freeVideoMemory(card, tool)).toBeUndefined()
  })

  it('is enough for a batch of twice the size if as much again is left on every card', () => {
    expect(hasRoomForTwice([100, 100], [50, 60])).toBe(true)
    expect(hasRoomForTwice([100, 100], [50, 49])).toBe(false)
    expect(hasRoomForTwice([undefined, 100], [0, 90])).toBe(true)
    expect(hasRoomForTwice([100], [undefined])).toBe(true)
  })
})
