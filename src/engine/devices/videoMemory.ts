import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Device } from './device.js'
import { PROVIDERS } from './providers.js'

/** Milliseconds after which nvidia-smi is killed. */
const TIMEOUT = 10_000

const MEBIBYTE = 2 ** 20

/**
 * Free bytes of an NVIDIA card; undefined for other cards. Also undefined if CUDA_VISIBLE_DEVICES is set, because
 * nvidia-smi may then number the cards differently from CUDA.
 */
export async function freeVideoMemory({ name, index }: Device, tool = 'nvidia-smi'): Promise<number | undefined> {
  if (!PROVIDERS[name].isNvidia || process.env.CUDA_VISIBLE_DEVICES !== undefined) return undefined
  const query = ['--query-gpu=memory.free', '--format=csv,noheader,nounits', `--id=${index}`]
  try {
    const { stdout } = await promisify(execFile)(tool, query, { timeout: TIMEOUT })
    // Any answer but a number of MiB, such as [N/A], says nothing.
    const [, mebibytes] = /^\s*(\d+)\s*$/.exec(stdout) ?? []
    return mebibytes === undefined ? undefined : Number(mebibytes) * MEBIBYTE
  } catch {
    return undefined
  }
}

/**
 * Whether a batch twice as large fits into the memory of every card. Doubling a batch at most doubles the memory in
 * use.
 * @param before free bytes of each card before anything ran
 * @param now free bytes of each card with the current batch size
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
