import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Device } from './device.js'

/** Milliseconds that the tool of NVIDIA's driver may take for its answer. */
const TIMEOUT = 10_000

const MEBIBYTE = 2 ** 20

/**
 * Bytes of memory that are free on a card: of NVIDIA's cards as their driver's tool tells, undefined of others, and where
 * CUDA_VISIBLE_DEVICES gives the cards other numbers than the tool's.
 * @param tool another program than nvidia-smi; for tests
 */
export async function freeVideoMemory({ name, index }: Device, tool = 'nvidia-smi'): Promise<number | undefined> {
  if ((name !== 'cuda' && name !== 'tensorrt') || process.env.CUDA_VISIBLE_DEVICES !== undefined) return undefined
  const query = ['--query-gpu=memory.free', '--format=csv,noheader,nounits', `--id=${index}`]
  try {
    const { stdout } = await promisify(execFile)(tool, query, { timeout: TIMEOUT })
    return freeMemoryIn(stdout)
  } catch {
    return undefined
  }
}

/** The free MiB in the tool's answer, one line with a number; undefined for any other, such as [N/A]. */
export function freeMemoryIn(answer: string): number | undefined {
  const [, mebibytes] = /^\s*(\d+)\s*$/.exec(answer) ?? []
  return mebibytes === undefined ? undefined : Number(mebibytes) * MEBIBYTE
}

/**
 * Whether a batch of twice the size fits: it takes at most as much again as was taken so far.
 * @param before free bytes by card before anything ran; undefined if they are not known
 * @param now free bytes by card with the batch of this size
 */
export function hasRoomForTwice(
  before: readonly (number | undefined)[],
  now: readonly (number | undefined)[],
): boolean {
  return before.every((free, i) => {
    const left = now[i]
    return free === undefined || left === undefined || free - left <= left
  })
}
