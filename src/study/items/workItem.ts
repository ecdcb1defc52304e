import type { Network } from '../../network.js'
import { counted } from '../../support/text.js'

/** Work that one process computes and stores as a whole. Queue, locks, status and time left know nothing else of it. */
export interface WorkItem {
  /** What the item computes: the maps of a unit, feature arithmetic, or answers to photographs. */
  readonly kind: 'maps' | 'arithmetic' | 'answers'
  /** Network that is opened to compute the item. */
  readonly network: Network
  /** Names the item in messages. The item's lock has the same name, turned into a file name. */
  readonly title: string
  /** Items of one kind, network and group need the same time for each image. */
  readonly group: string
  /** Number of images to compute. */
  readonly images: number
  /** Number of photographs, which messages count instead of items; absent for items without photographs. */
  readonly count?: number
  /** Path of the folder or file that appears when the item is stored. */
  readonly path: string
  /** Looks for the stored item, and checks all its files. */
  readonly find: () => Promise<StoredItem>
  /** Like `find`, but does not check the arrays. */
  readonly isStored: () => Promise<boolean>
  /** A text that changes whenever the item is stored again; undefined if nothing is stored. */
  readonly version: () => Promise<string | undefined>
}

/** A stored item of state `other` was made from other inputs. `differences` says how they differ. */
type StoredItem =
  | { readonly state: 'finished' }
  | { readonly state: 'missing' }
  | { readonly state: 'other'; readonly differences: readonly string[] }

/** Items of one kind and network. They are computed one after the other, so that the network is opened only once. */
export type Lane = Pick<WorkItem, 'kind' | 'network'>

export function isInLane(item: WorkItem, { kind, network }: Lane): boolean {
  return item.kind === kind && item.network === network
}

/** The first item of each lane. */
export function lanesOf<T extends WorkItem>(items: readonly T[]): readonly T[] {
  return items.filter((item, i) => items.findIndex((other) => isInLane(other, item)) === i)
}

export function imagesOf(items: readonly WorkItem[]): number {
  return items.reduce((sum, { images }) => sum + images, 0)
}

/** Groups items that need the same time for each image, in the order of their first items. */
export function groupsOf<T extends WorkItem>(items: readonly T[]): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>()
  for (const item of items) {
    const key = JSON.stringify([item.kind, item.network.id, item.group])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

/** The items to compute, because they are missing, damaged or made from other inputs. */
export interface WorkLeft<T extends WorkItem> {
  readonly left: readonly T[]
  /**
   * The version of each stored item that must be replaced. Such items are damaged or have other inputs. When the
   * version on disk changes, some process has replaced the item.
   */
  readonly unwanted: ReadonlyMap<WorkItem, string>
  readonly replaced: ReplacedItems<T>
}

/** Stored items that have other inputs. */
interface ReplacedItems<T extends WorkItem> {
  readonly items: readonly T[]
  /** How they differ from what is wanted, such as `stride 3 instead of 1`. */
  readonly differences: readonly string[]
}

export async function workLeft<T extends WorkItem>(items: readonly T[]): Promise<WorkLeft<T>> {
  const left: T[] = []
  const replaced: T[] = []
  const unwanted = new Map<WorkItem, string>()
  const differences = new Set<string>()
  for (const item of items) {
    const version = await item.version()
    const stored = await item.find()
    if (stored.state === 'finished') continue
    left.push(item)
    if (version !== undefined) unwanted.set(item, version)
    if (stored.state === 'missing') continue
    replaced.push(item)
    for (const difference of stored.differences) differences.add(difference)
  }
  return { left, unwanted, replaced: { items: replaced, differences: [...differences] } }
}

/** How messages name items of each kind, such as `3 units` and `the arithmetic of 2 networks`. */
const WORDS: Readonly<Record<WorkItem['kind'], { readonly before: string; readonly noun: string }>> = {
  maps: { before: '', noun: 'unit' },
  arithmetic: { before: 'the arithmetic of ', noun: 'network' },
  answers: { before: 'answers to ', noun: 'photograph' },
}

/** Names items in messages, such as `3 units and the arithmetic of 2 networks`. */
export function itemsText(items: readonly WorkItem[]): string {
  return kindsOf(items)
    .map((kind) => WORDS[kind].before + counted(ofKind(items, kind), WORDS[kind].noun))
    .join(' and ')
}

/** Names some of the items in messages, such as `2 of 3 units`. */
export function partText(part: readonly WorkItem[], items: readonly WorkItem[]): string {
  return kindsOf(part)
    .map((kind) => `${WORDS[kind].before}${ofKind(part, kind)} of ${counted(ofKind(items, kind), WORDS[kind].noun)}`)
    .join(' and ')
}

function kindsOf(items: readonly WorkItem[]): readonly WorkItem['kind'][] {
  return [...new Set(items.map(({ kind }) => kind))]
}

function ofKind(items: readonly WorkItem[], kind: WorkItem['kind']): number {
  return items.reduce((sum, item) => sum + (item.kind === kind ? (item.count ?? 1) : 0), 0)
}

/** Names items to replace in messages, such as `2 units made with other settings (stride 3 instead of 1)`. */
export function replacedText(what: string, differences: readonly string[]): string {
  return `${what} made with other settings (${differences.join('; ')})`
}
