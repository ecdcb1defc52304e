import { link, open, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asOutputError, makeFolders } from './atomic.js'
import { isGone, type Owner, ownerSchema, thisOwner } from './owner.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'
import { type IsSilent, watchSilence } from './silence.js'
import { isAbandonedName, temporaryName } from './temporaries.js'

/** Work that somebody has taken. */
export interface HeldClaim {
  readonly name: string
  readonly owner: Owner
  /** What the owner says of itself. */
  readonly state: unknown
  /** Whether the owner lives: a process of this machine runs, the file of another machine's has changed within a lease. */
  readonly isLive: boolean
  /** Changes with each heartbeat of the owner. */
  readonly version: string
}

/** Claims of one process in a folder that many may share. */
export interface Claims {
  readonly owner: Owner
  /** Takes work that nobody living has; false: somebody has it. */
  take(name: string): Promise<boolean>
  /** Gives work free that this process has. */
  release(name: string): Promise<void>
  /** Names of what others have taken, the living or the dead: one reading of the folder. */
  names(): Promise<ReadonlySet<string>>
  /** What is taken, by whom, this process included: every claim is read. */
  held(): Promise<readonly HeldClaim[]>
  /** What others read of this process with the next heartbeat, or at once. */
  describe(state: unknown, atOnce?: boolean): void
  /** Whether a file of another machine's process has not changed for a lease. */
  readonly isSilent: IsSilent
  /** Gives everything free; the last one leaves nothing behind. */
  close(): Promise<void>
}

/** Seconds after which a process of another machine that was not heard of counts as dead. */
const LEASE_SECONDS = 120

/** Heartbeats within a lease. */
const BEATS = 6

/** How often a file is made in a folder that others remove. */
const MAX_ATTEMPTS = 100

/** Room for what a process writes of itself, so that a heartbeat changes bytes in place and never the length. */
const RECORD_BYTES = 2048

const recordSchema = z.object({
  owner: ownerSchema,
  state: z.unknown(),
  /** Number of the heartbeat, so that every one changes the file even where its date does not. */
  beat: z.number().catch(0),
})

/**
 * Opens claims in a folder that processes of one or many machines share.
 *
 * Each process has a file of its own, which it writes again and again while it lives. A claim is a hard link to that file: who
 * makes it first has the work, and one heartbeat keeps all claims of a process fresh. NAME~1 takes over from NAME~0 once the owner of
 * that is dead, so that no claim of anybody else is ever removed, and of several who try one succeeds. A process of another machine
 * is dead once its file has not changed for a lease since this process looked first, whatever the file's date says. `link` and
 * `rename` are all that is asked of the file system (NFS has them, and no `flock`); where it has no hard links, a claim is
 * a file of its own.
 *
 * @param folder is made with the first claim
 * @throws OutputError when the folder cannot be written
 */
export async function openClaims(folder: string, leaseSeconds = leaseOf(process.env)): Promise<Claims> {
  const owner = thisOwner()
  const own = join(folder, ownerFile(owner.id))
  const mine = new Map<string, string>()
  let state: unknown = null
  let timer: NodeJS.Timeout | undefined
  let beats = 0
  let isClosed = false
  const isSilent = watchSilence(leaseSeconds)
  const isLive = ({ path, owner: other, version }: Pick<Seen, 'path' | 'owner' | 'version'>): boolean => {
    if (other?.id === owner.id) return true
    const hasChanged = !isSilent(path, version)
    const gone = other === null ? undefined : isGone(other)
    return gone === undefined ? hasChanged : !gone
  }
  /**
   * Writes this process's file, and claims that are no links to it. Who was silent for a lease finds them gone: his file is made
   * again, and what others have taken from him since is theirs.
   */
  const beat = async (): Promise<void> => {
    const number = ++beats
    const record = recordOf(owner, state, number)
    await writeRecord(own, record).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || isClosed) throw error
      await makeOwnFile(folder, own, record)
    })
    for (const [name, path] of mine) {
      const seen = await readRecord(path)
      if (seen?.owner?.id !== owner.id) mine.delete(name)
      else if (seen.beat < number) await writeRecord(path, record).catch(() => undefined)
    }
  }
  const start = async () => {
    if (timer !== undefined) return
    await makeOwnFile(folder, own, recordOf(owner, state, beats))
    // What goes wrong shows with the next claim.
    timer = setInterval(() => void beat().catch(() => undefined), (leaseSeconds * 1000) / BEATS)
    timer.unref()
    // What is silent for a lease from now on is removed at the end.
    await filesOfTheDead()
  }
  const filesOfTheDead = async (): Promise<readonly Pick<Seen, 'path' | 'owner'>[]> => {
    const files = await readdir(folder).catch((): string[] => [])
    const left = files.map(async (file) => {
      const path = join(folder, file)
      const record = await readRecord(path)
      const isDead = record !== undefined && (isAbandonedName(file) || !isLive({ path, ...record }))
      return isDead ? [{ path, owner: record.owner }] : []
    })
    return (await Promise.all(left)).flat()
  }
  /** Claims of a name by number, ascending. */
  const claimsOf = async (name: string): Promise<readonly Seen[]> => {
    const claims = (await listed(folder)).filter((claim) => claim.name === name)
    const seen = await Promise.all(claims.map((claim) => seenAt(folder, claim)))
    return seen.filter((one) => one !== undefined).sort((a, b) => a.number - b.number)
  }
  const othersLive = (claims: readonly Seen[]): boolean =>
    claims.some((claim) => claim.owner?.id !== owner.id && isLive(claim))
  const release = async (name: string): Promise<void> => {
    const path = mine.get(name)
    if (path === undefined) return
    // The dead ones' first: whoever looks in between sees this one, and takes nothing.
    for (const claim of await claimsOf(name)) if (!isLive(claim)) await removeOf(claim.path, claim.owner)
    mine.delete(name)
    await removeOf(path, owner)
  }
  const close = async (): Promise<void> => {
    clearInterval(timer)
    for (const name of [...mine.keys()]) await release(name)
    if (timer === undefined) return
    // What the dead left, also of work that somebody else has finished since.
    for (const { path, owner } of await filesOfTheDead()) await removeOf(path, owner)
    // A heartbeat that is on its way makes nothing again.
    isClosed = true
    await rm(own, { force: true })
    await rmdir(folder).catch(() => undefined)
  }
  const asOutput = (error: unknown) => {
    throw asOutputError(folder, error)
  }
  return {
    owner,
    take: async (name) => {
      try {
        await start()
        const before = await claimsOf(name)
        if (before.some((claim) => claim.owner?.id === owner.id) || othersLive(before)) return false
        const path = join(folder, claimFile(name, (before.at(-1)?.number ?? -1) + 1))
        const made = await linked(own, path, recordOf(owner, state, beats)).catch(
          async (error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOENT') throw error
            await beat()
            return linked(own, path, recordOf(owner, state, beats))
          },
        )
        const after = await claimsOf(name)
        // A server that answers twice calls the second time an error.
        if (!made && !after.some((claim) => claim.path === path && claim.owner?.id === owner.id)) return false
        mine.set(name, path)
        // Somebody may have begun from another state of the folder.
        if (!othersLive(after)) return true
        mine.delete(name)
        await removeOf(path, owner)
        return false
      } catch (error) {
        return asOutput(error)
      }
    },
    release: (name) => release(name).catch(asOutput),
    names: async () => new Set((await listed(folder)).map(({ name }) => name).filter((name) => !mine.has(name))),
    held: async () => {
      const seen = await Promise.all((await listed(folder)).map((claim) => seenAt(folder, claim)))
      const byName = new Map<string, Seen>()
      for (const claim of seen) {
        if (claim !== undefined && (byName.get(claim.name)?.number ?? -1) < claim.number) byName.set(claim.name, claim)
      }
      const known = [...byName.values()].flatMap((claim) =>
        claim.owner === null ? [] : [{ ...claim, owner: claim.owner }],
      )
      return known.map((claim) => {
        const { name, owner, state, version } = claim
        // Who only looks, once, takes nothing from anybody, and goes by the file's date.
        const isHeard = Date.now() - claim.heard < leaseSeconds * 1000
        const isOthersLive = timer === undefined ? !(isGone(owner) ?? !isHeard) : isLive(claim)
        return { name, owner, state, version, isLive: isOthersLive }
      })
    },
    isSilent,
    describe: (next, atOnce = false) => {
      state = next
      if (atOnce && timer !== undefined) void beat().catch(() => undefined)
    },
    close: () => close().catch(asOutput),
  }
}

/** `SHIFTSCOPE_LEASE`, in seconds, for file servers that are slow to show what others write. */
function leaseOf({ SHIFTSCOPE_LEASE }: NodeJS.ProcessEnv): number {
  const seconds = Number(SHIFTSCOPE_LEASE)
  return Number.isFinite(seconds) && seconds >= 1 ? seconds : LEASE_SECONDS
}

/** A claim as a file of the folder. */
interface Listed {
  readonly file: string
  readonly name: string
  readonly number: number
}

/** A claim with what its owner wrote last. */
interface Seen extends Omit<Listed, 'file'> {
  readonly path: string
  /** Null: nothing that can be read, as where a process died between making a file and writing it. */
  readonly owner: Owner | null
  readonly state: unknown
  /** Number of the owner's heartbeat; 0 where there is none. */
  readonly beat: number
  /** When that was, in milliseconds of the file server's clock. */
  readonly heard: number
  readonly version: string
}

function ownerFile(id: string): string {
  return `.owner-${id}`
}

function claimFile(name: string, number: number): string {
  return `${name}~${number}`
}

async function listed(folder: string): Promise<readonly Listed[]> {
  const files = await readdir(folder).catch((): string[] => [])
  return files.flatMap((file) => {
    const [, name, number] = /^(.+)~(\d+)$/.exec(file) ?? []
    return name === undefined || file.startsWith('.') ? [] : [{ file, name, number: Number(number) }]
  })
}

async function seenAt(folder: string, { file, name, number }: Listed): Promise<Seen | undefined> {
  const record = await readRecord(join(folder, file))
  return record && { path: join(folder, file), name, number, ...record }
}

/** Opened and not only looked at: NFS asks the server then. Twice where a heartbeat came in between. */
async function readRecord(path: string): Promise<Omit<Seen, 'path' | 'name' | 'number'> | undefined> {
  let heard = 0
  for (let attempt = 0; attempt < 2; attempt++) {
    const file = await open(path, READ_WITHOUT_WAITING).catch(() => undefined)
    if (file === undefined) return undefined
    try {
      heard = (await file.stat()).mtimeMs
      const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
      const { owner, state, beat } = recordSchema.parse(JSON.parse(buffer.toString('utf8', 0, bytesRead)))
      return { owner, state, beat, heard, version: `${owner.id} ${beat} ${heard}` }
    } catch {
      // Half written, or no claim of ours.
    } finally {
      await file.close()
    }
  }
  return { owner: null, state: null, beat: 0, heard, version: String(heard) }
}

function recordOf(owner: Owner, state: unknown, beat: number): string {
  const text = JSON.stringify({ owner, beat, state })
  return (text.length < RECORD_BYTES ? text : JSON.stringify({ owner, beat, state: null })).padEnd(RECORD_BYTES)
}

async function writeRecord(path: string, record: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(record, 0, 'utf8')
  } finally {
    await file.close()
  }
}

/** Whether the name was free. A file of its own where the file system has no links. */
async function linked(own: string, path: string, record: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC') throw error
  }
  return writeFile(path, record, { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

/**
 * Written under a name that tells whose it is, so that what a kill leaves of it is the dead's. The folder may go away in between,
 * with the last of those who had claims in it.
 */
async function makeOwnFile(folder: string, own: string, record: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const temporary = temporaryName(own)
    try {
      await makeFolders(folder)
      await writeFile(temporary, record, { flag: 'wx' })
      return await rename(temporary, own)
    } catch (error) {
      await rm(temporary, { force: true })
      const { code } = error as NodeJS.ErrnoException
      if ((code !== 'ENOENT' && code !== 'EEXIST') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** Removes a file that is still this owner's: somebody else may have taken its name since it was looked at. */
async function removeOf(path: string, owner: Owner | null): Promise<void> {
  const record = await readRecord(path)
  if (record !== undefined && record.owner?.id === owner?.id) await rm(path, { force: true })
}
