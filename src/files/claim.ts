import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OutputError, throwIfStopped } from '../errors.js'
import { type HeldClaim, openClaims } from './claims.js'
import { isGone } from './owner.js'

const FOLDER = '.shiftscope-claims'
const ROWS = 'rows'

const SECONDS_BETWEEN_LOOKS = 1

export interface ClaimOptions {
  /** Is told whom this process waits for. */
  readonly note?: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Claims a folder for one writer, so that two do not mix their rows in one file. A claim that a dead process left is taken over:
 * one of another machine once that has given no sign of life for a lease.
 * @returns what gives the folder free again
 * @throws OutputError if somebody else is writing there; the signal's reason
 */
export async function claimFolder(folder: string, { note, signal }: ClaimOptions = {}): Promise<() => Promise<void>> {
  const claims = await openClaims(join(folder, FOLDER))
  try {
    for (let first: HeldClaim | undefined; !(await claims.take(ROWS)); ) {
      const [held] = await claims.held()
      const who = held === undefined ? 'another process' : `process ${held.owner.pid} on ${held.owner.host}`
      if (held !== undefined && (isGone(held.owner) === false || held.version !== (first ?? held).version))
        throw new OutputError(`${who} is writing into ${folder}; wait for it, or choose another folder with \`out\``)
      if (first === undefined) note?.(`${who} has been writing into ${folder}; waiting for a sign of life`)
      first ??= held
      await setTimeout(SECONDS_BETWEEN_LOOKS * 1000, undefined, signal && { signal }).catch(() =>
        throwIfStopped(signal),
      )
    }
  } catch (error) {
    await claims.close()
    throw error
  }
  return () => claims.close()
}
