import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { fileName } from '../../files/fileName.js'
import type { Peers } from './peers.js'
import { isInLane, type Lane, type WorkItem, type WorkLeft } from './workItem.js'

/** The remaining work of a study. Any number of processes can take items from it. */
export interface WorkQueue<T extends WorkItem> {
  /** Items of one lane, or of all, that this process has not taken and that may still be unfinished. */
  left(lane?: Lane): readonly T[]
  /** Takes one of the lane's items that no other process is computing; undefined if there is none now. */
  take<L extends Lane>(lane: L): Promise<ItemOf<T, L> | undefined>
  /** Releases a taken item after it has been stored. */
  finish(item: WorkItem): Promise<void>
  /** Items that other processes finished since the queue was opened. */
  readonly byOthers: readonly T[]
}

type ItemOf<T, L extends Lane> = Extract<T, { readonly kind: L['kind'] }>

/** Shortest time between two readings of the items' folders, which show what other processes finished. */
const SECONDS_BETWEEN_READINGS = 10

/** Name of an item's lock. */
export function itemLock({ title }: Pick<WorkItem, 'title'>): string {
  return fileName(title)
}

/**
 * Opens the queue of a study. To take an item, the queue lists the lock folder twice, makes one hard link and reads one
 * or two small files, however many items and processes there are. From time to time, the queue also lists the items'
 * folders, to see which items other processes finished.
 */
export function openWorkQueue<T extends WorkItem>(
  work: Pick<WorkLeft<T>, 'left' | 'unwanted'>,
  { locks, look }: Pick<Peers, 'locks' | 'look'>,
): WorkQueue<T> {
  const open = new Set(work.left)
  const byOthers: T[] = []
  let lastReading = Number.NEGATIVE_INFINITY
  const ofLane = (lane?: Lane) => [...open].filter((item) => lane === undefined || isInLane(item, lane))
  const finishIfThere = async (item: T): Promise<boolean> => {
    const unwanted = work.unwanted.get(item)
    if (unwanted !== undefined && (await item.version()) === unwanted) return false
    const isThere = await item.isStored()
    if (isThere && open.delete(item)) byOthers.push(item)
    return isThere
  }
  const refresh = async (lane: Lane): Promise<void> => {
    const folders = new Map<string, ReadonlySet<string>>()
    for (const item of ofLane(lane)) {
      const folder = dirname(item.path)
      const names = folders.get(folder) ?? new Set(await readdir(folder).catch((): string[] => []))
      folders.set(folder, names)
      if (names.has(basename(item.path))) await finishIfThere(item)
    }
    lastReading = performance.now()
  }
  const takeFirst = async (items: readonly T[]): Promise<T | undefined> => {
    for (const item of items) {
      const name = itemLock(item)
      if (!(await locks.take(name))) continue
      // Another process may have finished the item and then released its lock.
      if (!(await finishIfThere(item))) {
        open.delete(item)
        return item
      }
      await locks.release(name)
    }
    return undefined
  }
  const takeAny = async (lane: Lane): Promise<T | undefined> => {
    if (ofLane(lane).length === 0) return undefined
    const taken = await locks.names()
    const hasOthers = taken.size > 0
    if (hasOthers && performance.now() - lastReading > SECONDS_BETWEEN_READINGS * 1000) {
      await look()
      await refresh(lane)
    }
    const items = inTurn(ofLane(lane), hasOthers)
    const isTaken = (item: T) => taken.has(itemLock(item))
    const item = await takeFirst(items.filter((one) => !isTaken(one)))
    if (item !== undefined || !items.some(isTaken)) return item
    // All remaining items are locked. If a process has died, its lock can be taken over.
    const live = new Set((await look()).map(({ name }) => name))
    await refresh(lane)
    return takeFirst(items.filter((one) => isTaken(one) && open.has(one) && !live.has(itemLock(one))))
  }
  return {
    left: ofLane,
    byOthers,
    take: async <L extends Lane>(lane: L) => (await takeAny(lane)) as ItemOf<T, L> | undefined,
    finish: (item) => locks.release(itemLock(item)),
  }
}

/**
 * Returns the list of items. If other processes take items too, the list is rotated to start at a random one, so that
 * the processes do not all try the same one.
 */
function inTurn<T>(items: readonly T[], hasOthers: boolean): readonly T[] {
  const start = hasOthers ? Math.floor(Math.random() * items.length) : 0
  return [...items.slice(start), ...items.slice(0, start)]
}
