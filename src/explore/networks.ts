import { type Execution, openExecution } from '../engine/choice.js'
import type { DeviceRequest } from '../engine/device.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene } from '../engine/task.js'
import { InputError } from '../errors.js'
import { chooseNetwork, isGenerator, listNetworks, type Network, networkNotes, type Pool } from '../networks/index.js'
import type { LiveNetwork, MissingNetwork } from '../page/live.js'

/** Networks that are open at a time: two are shown side by side, and one more may be come back to. */
const MOST_OPEN = 3

/** Images that a network is opened for: settings are worth a short trial. */
const IMAGES = 2000

/** The networks of this machine that can be asked. */
export interface LiveNetworks {
  readonly list: () => readonly LiveNetwork[]
  readonly missing: () => Promise<readonly MissingNetwork[]>
  /** @throws InputError for one that is not here */
  readonly find: (id: string) => Network
  /**
   * Does something with a network, which is opened for it or is open already, and stays so until that has ended. Those that are unused
   * longest are closed.
   * @throws as `openExecution`
   */
  readonly use: <T>(id: string, scene: Scene, act: (execution: Execution) => Promise<T>) => Promise<T>
  readonly isOpen: (id: string) => boolean
  /** What it is called on the command line. */
  readonly nameOf: (id: string) => string
  /** Takes in one of the catalog whose weights have come. */
  readonly add: (id: string) => Promise<LiveNetwork>
  /** Waits for what is under way. */
  readonly close: () => Promise<void>
}

/** An open network, and what is done with it. */
interface Opened {
  readonly execution: Promise<Execution>
  readonly works: Set<Promise<unknown>>
}

export interface LiveNetworkOptions {
  /** As of `openNetwork`; those whose weights are here by default. */
  readonly models?: readonly string[] | undefined
  readonly pool?: Pool | undefined
  readonly request: DeviceRequest
  readonly wished: WishedSettings
  /** Whether it is in use, so that it stays open. */
  readonly isUsed: (id: string) => boolean
  readonly onNote: (line: string) => void
  readonly signal: AbortSignal
}

/** @throws as `chooseNetwork` for a network that was named */
export async function openLiveNetworks(options: LiveNetworkOptions): Promise<LiveNetworks> {
  const { models, pool, request, wished, isUsed, onNote, signal } = options
  const networks = new Map<string, Network>()
  const names = new Map<string, string>()
  const open = new Map<string, Opened>()
  const choose = async (model: string) => {
    const network = await chooseNetwork({ model, ...(pool && { pool }), signal })
    for (const line of networkNotes(network)) onNote(line)
    networks.set(network.id, network)
    names.set(network.id, model)
    return network
  }
  for (const model of models ?? []) await choose(model)
  // Of those that nobody named, one whose file is damaged keeps nobody from the others.
  for (const model of models === undefined ? await present() : [])
    await choose(model).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error
      onNote(`${model} is left out: ${error.message}`)
    })
  const find = (id: string) => {
    const network = networks.get(id)
    if (network === undefined) throw new InputError(`there is no network ${id} here; choose one of the list`)
    return network
  }
  const closeUnused = async () => {
    for (const [id, opened] of [...open]) {
      if (open.size < MOST_OPEN) return
      if (opened.works.size > 0 || isUsed(id)) continue
      open.delete(id)
      await closeOpened(opened)
    }
  }
  return {
    list: () => [...networks.values()].map(asLive),
    missing: async () => {
      const all = models === undefined ? await listNetworks() : []
      return all.flatMap(({ entry, state, expectedBytes }) =>
        state === 'missing' && entry.kind !== 'exported' && !isGenerator(entry)
          ? [{ id: entry.id, bytes: expectedBytes }]
          : [],
      )
    },
    find,
    use: async (id, scene, act) => {
      const network = find(id)
      if (!open.has(id)) await closeUnused()
      // Nothing is opened that nobody would close.
      signal.throwIfAborted()
      const plan = { network, scene, images: IMAGES, request, wished, compares: false, onNote, signal }
      const opened = open.get(id) ?? { execution: openExecution(plan), works: new Set() }
      // The last used one stands last.
      open.delete(id)
      open.set(id, opened)
      const work = opened.execution.then(act)
      opened.works.add(work)
      opened.execution.catch(() => {
        if (open.get(id) === opened) open.delete(id)
      })
      return work.finally(() => opened.works.delete(work))
    },
    isOpen: (id) => open.has(id),
    nameOf: (id) => names.get(id) ?? id,
    add: async (id) => asLive(await choose(id)),
    close: async () => {
      await Promise.all([...open.values()].map(closeOpened))
    },
  }
}

async function closeOpened({ execution, works }: Opened): Promise<void> {
  await Promise.allSettled(works)
  await execution.then(
    ({ handle }) => handle.close(),
    () => undefined,
  )
}

/** Ids of the networks whose weights are here. */
async function present(): Promise<readonly string[]> {
  const all = await listNetworks()
  return all.flatMap(({ entry, state }) => (state !== 'missing' && !isGenerator(entry) ? [entry.id] : []))
}

function asLive({ id, input, layers, classes }: Network): LiveNetwork {
  return {
    id,
    frame: input.rows,
    layers: layers.map(({ name, dims }) => ({ name, dims })),
    hasAnswers: layers.some(({ name }) => name === classes?.layer),
  }
}
