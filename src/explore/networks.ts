import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { DeviceRequest } from '../engine/devices/device.js'
import { openExecution } from '../engine/open/choice.js'
import type { NetworkHandle } from '../engine/open/handle.js'
import type { WishedSettings } from '../engine/open/settings.js'
import type { Scene } from '../engine/scene/task.js'
import { InputError } from '../errors.js'
import { rm } from '../files/retried.js'
import type { Network, Pool } from '../network.js'
import { isGenerator } from '../networks/catalog/catalog.js'
import { isOfCategory } from '../networks/classes/categories.js'
import { listNetworks } from '../networks/models/imported.js'
import { answersNote, knownClasses, networkNotes, optimizationNotes } from '../networks/open/notes.js'
import { chooseNetwork } from '../networks/open/openNetwork.js'
import { checkIds, type OwnOptions, ownOptionsFor } from '../networks/reference/reference.js'
import { type OnnxFile, readHashedOnnx } from '../onnx/format/onnxFile.js'
import { type DroppedNetwork, type LiveNetwork, type MissingNetwork, MOST_NETWORK_BYTES } from '../page/live/live.js'
import { PAPER_CLASSES } from '../patches/cocoPatches.js'
import { sourceSide } from '../patches/sizes.js'
import { counted, printable } from '../support/text.js'
import { fileStem } from './objects.js'
import { BY_PATH, openSentFiles, type SentFile } from './sentFiles.js'

/** Number of networks that stay open: two are shown side by side, and the user may return to a third. */
const MOST_OPEN = 3

/**
 * Milliseconds that `close` waits for running work. ONNX Runtime cannot be stopped in a forward pass, and the pass may
 * never end.
 */
const CLOSING = 2500

/** Number of digits of a file's SHA-256 that tell its network from another one of the same name. */
const TELLING_DIGITS = 6

/** Number of images that the engine is told to expect. For so many, a short trial of settings pays off. */
const IMAGES = 2000

export type LiveNetworks = Awaited<ReturnType<typeof openLiveNetworks>>

interface Opened {
  readonly handle: Promise<NetworkHandle>
  /** Time at which opening began, in milliseconds of `performance.now`; undefined once it is open. */
  since: number | undefined
  /** Running calls that use the network. It is closed only after they end. */
  readonly works: Set<Promise<unknown>>
}

export interface LiveNetworkOptions {
  /** Networks to offer, named as in `openNetwork`; by default, all networks with weights on this machine. */
  readonly models?: readonly string[] | undefined
  readonly pool?: Pool | undefined
  /** Options for networks outside the catalog. */
  readonly own: OwnOptions
  readonly request: DeviceRequest
  readonly wished: WishedSettings
  /** Whether somebody looks at maps of this network. A network that is looked at stays open. */
  readonly isUsed: (id: string) => boolean
  readonly onNote: (line: string) => void
  readonly signal: AbortSignal
}

export async function openLiveNetworks(options: LiveNetworkOptions) {
  const { models, pool, own, onNote, signal } = options
  const networks = new Map<string, Network>()
  const names = new Map<string, string>()
  const handles = openHandles(options)
  const files = openSentFiles()
  /** Ids of the networks that were uploaded. */
  const dropped = new Set<string>()
  const choose = async (model: string, ended = signal) => {
    const network = await chooseNetwork({ model, pool, signal: ended, ...ownOptionsFor(model, own) })
    const other = names.get(network.id)
    if (other !== undefined && other !== model) checkIds([other, model].map((given) => [given, network.id]))
    for (const line of networkNotes(network)) onNote(line)
    networks.set(network.id, network)
    names.set(network.id, model)
    return network
  }
  for (const model of new Set(models)) await choose(model)
  // If `models` is undefined, all networks on this machine are offered. Damaged ones are skipped with a note.
  for (const model of models === undefined ? await present() : [])
    await choose(model).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error
      onNote(`skipping ${model}: ${error.message}`)
    })
  const find = (id: string) => {
    const network = networks.get(id)
    if (network === undefined) throw new InputError(`there is no network ${id} on this page; choose one from the list`)
    return network
  }
  return {
    list: (): readonly LiveNetwork[] => [...networks.values()].map(asLive),
    missing: async (): Promise<readonly MissingNetwork[]> => {
      const all = models === undefined ? await listNetworks() : []
      return all.flatMap(({ entry, state, expectedBytes }) =>
        state === 'missing' && !isGenerator(entry) && !networks.has(entry.id)
          ? [{ id: entry.id, bytes: expectedBytes }]
          : [],
      )
    },
    find,
    use: async <T>(id: string, scene: Scene, act: (handle: NetworkHandle) => Promise<T>): Promise<T> =>
      handles.use(find(id), scene, act),
    openingSeconds: handles.openingSeconds,
    /** Name or path for the command line. The path of an uploaded file (`isDropped`) is valid until this process ends. */
    sourceOf: (id: string) => ({ model: names.get(id) ?? id, isDropped: dropped.has(id) }),
    /** Adds a network of the catalog whose weights were just fetched. */
    add: async (id: string): Promise<LiveNetwork> => asLive(networks.get(id) ?? (await choose(id))),
    /**
     * Tries an uploaded ONNX file and adds its network under the file's name. If the page already has the network of
     * this very file, it is the result. If another network has the name, a part of the file's SHA-256 is added to it.
     */
    drop: (sent: SentFile, ended: AbortSignal): Promise<DroppedNetwork> => {
      const name = fileStem(sent.name, 'network', /[^\p{L}\p{N}_.]+/gu)
      const taken = [...dropped].reduce((sum, id) => sum + find(id).weightsBytes, 0)
      return files.take(sent, `${name}.onnx`, MOST_NETWORK_BYTES - taken, async (path) => {
        const { sha256 } = await readHashedOnnx(path, refuseOtherFiles)
        const same = [...networks.values()].find(({ weightsSha256 }) => weightsSha256 === sha256)
        if (same !== undefined) {
          await rm(path)
          return { network: asLive(same), recipe: ['The page already had this file.', ...recipeOf(same)] }
        }
        // Some file systems ignore case.
        const isTaken = [...networks.keys()].some((id) => id.toLowerCase() === name.toLowerCase())
        const model = isTaken ? `${name}-${sha256.slice(0, TELLING_DIGITS)}=${path}` : path
        const network = await choose(model, AbortSignal.any([signal, ended]))
        dropped.add(network.id)
        const about = `Another network is called ${name}. The end of this name is the start of the file’s SHA-256.`
        return { network: asLive(network), recipe: [...(isTaken ? [about] : []), ...recipeOf(network)] }
      })
    },
    /** Waits for the work in progress, but not for long, and removes uploaded files. */
    close: async (): Promise<void> => {
      const waiting = new AbortController()
      try {
        await Promise.race([handles.close(), wait(CLOSING, undefined, { signal: waiting.signal })])
      } finally {
        waiting.abort()
        await files.remove()
      }
    },
  }
}

/** Keeps at most MOST_OPEN networks open, or more if more are in use. */
function openHandles({ request, wished, isUsed, onNote, signal }: LiveNetworkOptions) {
  const open = new Map<string, Opened>()
  const makeRoom = async (wanted: string) => {
    for (const [id, opened] of [...open]) {
      // While one network closes, another caller may have opened the wanted one.
      if (open.size < MOST_OPEN || open.has(wanted)) return
      if (opened.works.size > 0 || isUsed(id)) continue
      open.delete(id)
      await closeOpened(opened)
    }
  }
  const begin = (network: Network, scene: Scene): Opened => {
    const plan = { network, scene, images: IMAGES, request, wished, onNote, signal }
    const opened: Opened = { handle: openExecution(plan), since: performance.now(), works: new Set() }
    opened.handle.then(
      () => {
        opened.since = undefined
      },
      () => {
        if (open.get(network.id) === opened) open.delete(network.id)
      },
    )
    return opened
  }
  return {
    /**
     * Opens a network if necessary, and calls a function with it. The network stays open until the function's promise
     * settles. If too many networks are open, the least recently used are closed.
     */
    use: async <T>(network: Network, scene: Scene, act: (handle: NetworkHandle) => Promise<T>): Promise<T> => {
      const { id } = network
      if (!open.has(id)) await makeRoom(id)
      // After an abort, nobody would close a network that opens now.
      signal.throwIfAborted()
      const opened = open.get(id) ?? begin(network, scene)
      // A Map keeps the order of insertion. So the network that was used last comes last.
      open.delete(id)
      open.set(id, opened)
      const work = opened.handle.then(act)
      opened.works.add(work)
      return work.finally(() => opened.works.delete(work))
    },
    /** Seconds since the network began to open; 0 if nobody has asked for it yet; undefined if it is open. */
    openingSeconds: (id: string): number | undefined => {
      const opened = open.get(id)
      if (opened === undefined) return 0
      return opened.since === undefined ? undefined : (performance.now() - opened.since) / 1000
    },
    close: async (): Promise<void> => {
      await Promise.all([...open.values()].map(closeOpened))
    },
  }
}

async function closeOpened({ handle, works }: Opened): Promise<void> {
  await Promise.allSettled(works)
  await handle.then(
    (opened) => opened.close(),
    () => undefined,
  )
}

function refuseOtherFiles({ path, external: [other] }: OnnxFile): void {
  if (other === undefined) return
  const name = basename(path)
  throw new InputError(
    `${name} keeps weights in a second file, ${printable(other.location)}, which the page cannot upload; ${BY_PATH}`,
  )
}

/** Sentences for the page about an uploaded network: its input, its layers and its classes. */
function recipeOf(network: Network): readonly string[] {
  const { input, inputSource, layers, classes } = network
  const { rows, cols, divisor, mean, std, channelOrder } = input
  const isAssumed = inputSource === 'assumed'
  return [
    `Input: ${rows} × ${cols} pixels, ${channelOrder.toUpperCase()}, divided by ${divisor}, minus ${mean.join(' ')}, divided by ${std.join(' ')} (${isAssumed ? `${channelOrder === 'grey' ? 'assumed' : 'ImageNet’s'}; the file does not say` : inputSource}).`,
    ...(isAssumed
      ? [`If this is wrong, describe the input in a file NAME.input.json beside the network, and ${BY_PATH}.`]
      : []),
    `Layers: ${layers.map(({ name, dims }) => `${printable(name)} (${counted(dims, 'value')})`).join(', ')}.`,
    classes === undefined
      ? 'The names of its classes are not known.'
      : `Classes: ${classes.names.length} (${classes.source}). Class scores: ${classes.scores.meaning} (${classes.scores.source}).`,
    ...optimizationNotes(network),
  ]
}

/** Ids of the networks whose weights are on this machine. */
async function present(): Promise<readonly string[]> {
  const all = await listNetworks()
  return all.flatMap(({ entry, state }) => (state !== 'missing' && !isGenerator(entry) ? [entry.id] : []))
}

function asLive(network: Network): LiveNetwork {
  const { id, input, layers, classes, detector } = network
  const note = answersNote(network)
  const names = classes?.names ?? []
  const categories = PAPER_CLASSES.filter((category) => isOfCategory(category, '', names) !== null)
  return {
    id,
    frame: input.rows,
    photograph: sourceSide(input.rows),
    layers: layers.map(({ name, dims }) => ({ name, dims })),
    classes: layers.find(({ name }) => name === classes?.layer)?.name ?? null,
    ...(classes && { knows: knownClasses(network.weightsSha256, classes.names.length, classes.names) }),
    classNames: [...new Set([...categories, ...names])],
    isDetector: detector !== undefined,
    ...(note !== undefined && { note }),
  }
}
