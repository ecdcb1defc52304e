import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { throwIfStopped } from '../errors.js'
import { openClaims } from '../files/claims.js'
import type { Progress } from '../progress.js'
import { asCacheError, downloadsFolder } from './cache.js'

/** How often it is looked whether others have fetched something. */
const SECONDS_BETWEEN_LOOKS = 0.5

/**
 * Does what fetches something into the cache once nobody else does, so that of many processes that need the same file one
 * fetches it; whoever comes after finds it there.
 *
 * @throws OutputError when the cache cannot be written; the signal's reason; whatever `work` throws
 */
export async function inTurn<T>(
  name: string,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const claims = await openClaims(claimsFolder())
  try {
    for (let attempt = 0; !(await taken(() => claims.take(name))); attempt++) {
      const [other] = (await claims.held()).filter((claim) => claim.name === name && claim.isLive)
      if (attempt === 0 && other)
        progress.note(`waiting for process ${other.owner.pid} on ${other.owner.host}, which downloads ${name}`)
      await setTimeout(SECONDS_BETWEEN_LOOKS * 1000, undefined, signal && { signal }).catch(() =>
        throwIfStopped(signal),
      )
    }
    return await work()
  } finally {
    await claims.close()
  }
}

/** Clears what a process left that died when it had fetched something: nobody waits for that any more. */
export async function clearTurn(name: string): Promise<void> {
  const claims = await openClaims(claimsFolder())
  try {
    const isLeft = (await claims.held()).some((claim) => claim.name === name && !claim.isLive)
    if (isLeft) await claims.take(name)
  } catch {
    // What cannot be written stays as it is; nothing depends on it.
  } finally {
    await claims.close()
  }
}

function claimsFolder(): string {
  return join(downloadsFolder(), '.claims')
}

async function taken(take: () => Promise<boolean>): Promise<boolean> {
  try {
    return await take()
  } catch (error) {
    throw asCacheError(error)
  }
}
