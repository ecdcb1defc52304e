import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { damaged, steps } from '../fuzz/damage.js'
import type { Random } from '../support/random.js'

/** Damages a file as disks, copies and people do. @returns what was done */
export async function damage(path: string, others: readonly string[], random: Random): Promise<string> {
  const bytes = await readFile(path)
  const put = async (how: string, changed: Uint8Array) => {
    await writeFile(path, changed)
    return how
  }
  switch (random.below(9)) {
    case 0:
      await rm(path)
      return 'removed'
    case 1:
      return put('emptied', new Uint8Array())
    case 2: {
      const [start, length] = [random.below(bytes.length + 1), 1 + random.below(4096)]
      return put('zeros in a block', Buffer.from(bytes).fill(0, start, Math.min(bytes.length, start + length)))
    }
    case 3:
      // One that was damaged before may be a folder now.
      return put('another file in its place', await readFile(random.pick(others)).catch(() => bytes))
    case 4:
      await rm(path)
      await mkdir(path)
      return 'a folder in its place'
    default: {
      // Bits are flipped, and bytes are cut off, added, removed or repeated.
      const [changes = []] = fc.sample(steps, { seed: random.below(2 ** 31), numRuns: 1 })
      return put('mutated', damaged(bytes, changes, { donors: [bytes], words: [] }))
    }
  }
}
