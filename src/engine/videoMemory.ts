import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Device } from './device.js'

/** Milliseconds that nvidia-smi may take to answer. */
const TIMEOUT = 10_000

const MEBIBYTE = 2 ** 20

/**
 * Free memory of an NVIDIA card in bytes, as its driver's tool reports it. Undefined for other cards, and if
 * CUDA_VISIBLE_DEVICES is set, because the tool may then number the cards differently.
 * @param tool program to run; tests replace nvidia-smi
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
 * Whether a batch of twice the size fits. It needs at most as much additional memory as is in use so far.
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
