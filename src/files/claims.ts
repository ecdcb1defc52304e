import { link, open, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { asOutputError, makeFolders } from './atomic.js'
import { isGone, type Owner, ownerSchema, thisOwner } from './owner.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'

/** Work that somebody has taken. */
export interface HeldClaim {
  readonly name: string
  readonly owner: Owner
  /** What the owner says of itself. */
  readonly state: unknown
  /** Whether the owner lives: a process of this machine runs, one of another has been heard of within the lease. */
  readonly isLive: boolean
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
  /** Whether what was written at a time of the file server's, in milliseconds, is older than a lease. */
  isSilent(time: number): Promise<boolean>
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

const recordSchema = z.object({ owner: ownerSchema, state: z.unknown() })

/**
 * Opens claims in a folder that processes of one or many machines share.
 *
 * Each process has a file of its own, which it writes again and again while it lives. A claim is a hard link to that file: who
 * makes it first has the work, and one heartbeat keeps all claims of a process fresh. NAME~1 takes over from NAME~0 once the owner of
 * that is dead, so that no claim of anybody else is ever removed, and of several who try one succeeds. A heartbeat's age is the
 * difference of two times that the file server gave, the owner's last and one of this process now, so that clocks need not
 * agree. `link`, `rename` and the times of files are all that is asked of the file system (NFS has them, and no `flock`);
 * where it has no hard links, a claim is a file of its own.
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
  let lastTime = 0
  let asked = Number.NEGATIVE_INFINITY
  let isClosed = false
  /**
   * Writes this process's file, and claims that are no links to it; the time that the server gave. Who was silent for a lease
   * finds them gone: his file is made again, and what others have taken from him since is theirs.
   */
  const beat = async (): Promise<number> => {
    const record = recordOf(owner, state)
    const time = await writeRecord(own, record).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || isClosed) throw error
      await makeOwnFile(folder, own, record)
      return writeRecord(own, record)
    })
    for (const [name, path] of mine) {
      const seen = await readRecord(path)
      if (seen?.owner?.id !== owner.id) mine.delete(name)
      else if (seen.heard < time) await writeRecord(path, record).catch(() => 0)
    }
    return time
  }
  /** The server's time now, as good as of this second. */
  const serverTime = async (): Promise<number> => {
    if (performance.now() - asked > 1000) {
      lastTime = await beat()
      asked = performance.now()
    }
    return lastTime
  }
  const start = async () => {
    if (timer !== undefined) return void (await serverTime())
    await makeOwnFile(folder, own, recordOf(owner, state))
    // What goes wrong shows with the next claim.
    timer = setInterval(() => void beat().catch(() => undefined), (leaseSeconds * 1000) / BEATS)
    timer.unref()
  }
  const isSilent = async (time: number) => (await serverTime()) - time >= leaseSeconds * 1000
  const isLive = async (other: Pick<Seen, 'owner' | 'heard'>): Promise<boolean> => {
    if (other.owner?.id === owner.id) return true
    const gone = other.owner === null ? undefined : isGone(other.owner)
    if (gone !== undefined) return !gone
    return !(await isSilent(other.heard))
  }
  /** Claims of a name by number, ascending. */
  const claimsOf = async (name: string): Promise<readonly Seen[]> => {
    const claims = (await listed(folder)).filter((claim) => claim.name === name)
    const seen = await Promise.all(claims.map((claim) => seenAt(folder, claim)))
    return seen.filter((one) => one !== undefined).sort((a, b) => a.number - b.number)
  }
  const othersLive = async (claims: readonly Seen[]): Promise<boolean> => {
    for (const claim of claims) if (claim.owner?.id !== owner.id && (await isLive(claim))) return true
    return false
  }
  const release = async (name: string): Promise<void> => {
    const path = mine.get(name)
    if (path === undefined) return
    // The dead ones' first: whoever looks in between sees this one, and takes nothing.
    for (const claim of await claimsOf(name))
      if (claim.owner?.id !== owner.id && !(await isLive(claim))) await removeOf(claim.path, claim.owner)
    mine.delete(name)
    await removeOf(path, owner)
  }
  return {
    owner,
    take: async (name) => {
      try {
        await start()
        const before = await claimsOf(name)
        if (before.some((claim) => claim.owner?.id === owner.id) || (await othersLive(before))) return false
        const path = join(folder, claimFile(name, (before.at(-1)?.number ?? -1) + 1))
        const made = await linked(own, path, recordOf(owner, state)).catch(async (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error
          await beat()
          return linked(own, path, recordOf(owner, state))
        })
        const after = await claimsOf(name)
        // A server that answers twice calls the second time an error.
        if (!made && !after.some((claim) => claim.path === path && claim.owner?.id === owner.id)) return false
        mine.set(name, path)
        // Somebody may have begun from another state of the folder.
        if (!(await othersLive(after))) return true
        mine.delete(name)
        await removeOf(path, owner)
        return false
      } catch (error) {
        throw asOutputError(folder, error)
      }
    },
    release,
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
      const held = known.map(async (claim) => {
        const { name, owner, state } = claim
        // Who takes nothing has no file to ask the server's time with, and goes by his own clock.
        const isHeard = Date.now() - claim.heard < leaseSeconds * 1000
        const isOthersLive = timer === undefined ? !(isGone(owner) ?? !isHeard) : await isLive(claim)
        return { name, owner, state, isLive: isOthersLive }
      })
      return Promise.all(held)
    },
    isSilent,
    describe: (next, atOnce = false) => {
      state = next
      if (atOnce && timer !== undefined) void beat().catch(() => undefined)
    },
    close: async () => {
      clearInterval(timer)
      for (const name of [...mine.keys()]) await release(name)
      if (timer === undefined) return
      // What the dead left, also of work that somebody else has finished since.
      for (const file of await readdir(folder).catch((): string[] => [])) {
        const record = await readRecord(join(folder, file))
        if (record !== undefined && !(await isLive(record))) await removeOf(join(folder, file), record.owner)
      }
      // A heartbeat that is on its way makes nothing again.
      isClosed = true
      await rm(own, { force: true })
      await rmdir(folder).catch(() => undefined)
    },
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
  /** When that was, in milliseconds of the file server's clock. */
  readonly heard: number
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
async function readRecord(path: string): Promise<Pick<Seen, 'owner' | 'state' | 'heard'> | undefined> {
  let heard = 0
  for (let attempt = 0; attempt < 2; attempt++) {
    const file = await open(path, READ_WITHOUT_WAITING).catch(() => undefined)
    if (file === undefined) return undefined
    try {
      const { mtimeMs } = await file.stat()
      heard = mtimeMs
      const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
      const { owner, state } = recordSchema.parse(JSON.parse(buffer.toString('utf8', 0, bytesRead)))
      return { owner, state, heard: mtimeMs }
    } catch {
      // Half written, or no claim of ours.
    } finally {
      await file.close()
    }
  }
  return { owner: null, state: null, heard }
}

function recordOf(owner: Owner, state: unknown): string {
  const text = JSON.stringify({ owner, state })
  return (text.length < RECORD_BYTES ? text : JSON.stringify({ owner, state: null })).padEnd(RECORD_BYTES)
}

/** The time that the server gave the file. */
async function writeRecord(path: string, record: string): Promise<number> {
  const file = await open(path, 'r+')
  try {
    await file.write(record, 0, 'utf8')
    return (await file.stat()).mtimeMs
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

/** The folder may go away in between, with the last of those who had claims in it. */
async function makeOwnFile(folder: string, own: string, record: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolders(folder)
      return await writeFile(own, record, { flag: 'wx' })
    } catch (error) {
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
