import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { DeviceRequest } from '../engine/devices/device.js'
import { openExecution } from '../engine/open/executionRequest.js'
import type { NetworkHandle } from '../engine/open/handle.js'
import type { WishedSettings } from '../engine/open/settings.js'
import type { Scene } from '../engine/scene/task.js'
import { InputError, wordingOf, words } from '../errors.js'
import { rm } from '../files/retried.js'
import type { Wording } from '../message.js'
import type { Network, Pool } from '../network.js'
import { isGenerator } from '../networks/catalog/catalog.js'
import { isOfCategory } from '../networks/classes/categories.js'
import { isAssumed } from '../networks/input/recipe.js'
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
  readonly onNote: (line: Wording) => void
  readonly signal: AbortSignal
}

/** The networks that the page offers. */
export class LiveNetworks {
  readonly #options: LiveNetworkOptions
  readonly #networks = new Map<string, Network>()
  /** The word of the command line for each network, by id. */
  readonly #names = new Map<string, string>()
  /** Ids of the networks that were uploaded. */
  readonly #dropped = new Set<string>()
  readonly #files = openSentFiles()
  readonly #handles: ReturnType<typeof openHandles>

  private constructor(options: LiveNetworkOptions) {
    this.#options = options
    this.#handles = openHandles(options)
  }

  static async open(options: LiveNetworkOptions): Promise<LiveNetworks> {
    const { models, onNote } = options
    const all = new LiveNetworks(options)
    for (const model of new Set(models)) await all.#choose(model)
    // If `models` is undefined, all networks on this machine are offered. Damaged ones are skipped with a note.
    for (const model of models === undefined ? await present() : [])
      await all.#choose(model).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error
        onNote(words`skipping ${model}: ${wordingOf(error)}`)
      })
    return all
  }

  list(): readonly LiveNetwork[] {
    return [...this.#networks.values()].map(asLive)
  }

  /** Networks of the catalog that are offered for download. */
  async missing(): Promise<readonly MissingNetwork[]> {
    const all = this.#options.models === undefined ? await listNetworks() : []
    return all.flatMap(({ entry, state, expectedBytes }) =>
      state === 'missing' && !isGenerator(entry) && !this.#networks.has(entry.id)
        ? [{ id: entry.id, bytes: expectedBytes }]
        : [],
    )
  }

  find(id: string): Network {
    const network = this.#networks.get(id)
    if (network === undefined) throw new InputError(`there is no network ${id} on this page; choose one from the list`)
    return network
  }

  async use<T>(id: string, scene: Scene, act: (handle: NetworkHandle) => Promise<T>): Promise<T> {
    return this.#handles.use(this.find(id), scene, act)
  }

  openingSeconds(id: string): number | undefined {
    return this.#handles.openingSeconds(id)
  }

  /** Name or path for the command line. The path of an uploaded file (`isDropped`) is valid until this process ends. */
  sourceOf(id: string) {
    return { model: this.#names.get(id) ?? id, isDropped: this.#dropped.has(id) }
  }

  /** Adds a network of the catalog whose weights were just fetched. */
  async add(id: string): Promise<LiveNetwork> {
    return asLive(this.#networks.get(id) ?? (await this.#choose(id)))
  }

  /**
   * Tries an uploaded ONNX file and adds its network under the file's name. If the page already has the network of
   * this very file, it is the result. If another network has the name, a part of the file's SHA-256 is added to it.
   */
  drop(sent: SentFile, ended: AbortSignal): Promise<DroppedNetwork> {
    const name = fileStem(sent.name, 'network', /[^\p{L}\p{N}_.]+/gu)
    const taken = [...this.#dropped].reduce((sum, id) => sum + this.find(id).weightsBytes, 0)
    return this.#files.take(sent, `${name}.onnx`, MOST_NETWORK_BYTES - taken, (path) =>
      this.#addUploaded(name, path, ended),
    )
  }

  /** Waits for the work in progress, but not for long, and removes uploaded files. */
  async close(): Promise<void> {
    const waiting = new AbortController()
    try {
      await Promise.race([this.#handles.close(), wait(CLOSING, undefined, { signal: waiting.signal })])
    } finally {
      waiting.abort()
      await this.#files.remove()
    }
  }

  async #choose(model: string, ended = this.#options.signal): Promise<Network> {
    const { pool, own, onNote } = this.#options
    const network = await chooseNetwork({ model, pool, signal: ended, ...ownOptionsFor(model, own) })
    const other = this.#names.get(network.id)
    if (other !== undefined && other !== model) checkIds([other, model].map((given) => [given, network.id]))
    for (const line of networkNotes(network)) onNote(line)
    this.#networks.set(network.id, network)
    this.#names.set(network.id, model)
    return network
  }

  async #addUploaded(name: string, path: string, ended: AbortSignal): Promise<DroppedNetwork> {
    const { sha256 } = await readHashedOnnx(path, refuseOtherFiles)
    const same = [...this.#networks.values()].find(({ weightsSha256 }) => weightsSha256 === sha256)
    if (same !== undefined) {
      await rm(path)
      return { network: asLive(same), recipe: ['The page already had this file.', ...recipeOf(same)] }
    }
    // Some file systems ignore case.
    const isTaken = [...this.#networks.keys()].some((id) => id.toLowerCase() === name.toLowerCase())
    const model = isTaken ? `${name}-${sha256.slice(0, TELLING_DIGITS)}=${path}` : path
    const network = await this.#choose(model, AbortSignal.any([this.#options.signal, ended]))
    this.#dropped.add(network.id)
    const about = `Another network is called ${name}. The end of this name is the start of the file’s SHA-256.`
    return { network: asLive(network), recipe: [...(isTaken ? [about] : []), ...recipeOf(network)] }
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
    const execution = { network, scene, images: IMAGES, request, wished, onNote, signal }
    const opened: Opened = { handle: openExecution(execution), since: performance.now(), works: new Set() }
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
  const isDefault = isAssumed(network)
  return [
    `Input: ${rows} × ${cols} pixels, ${channelOrder.toUpperCase()}, divided by ${divisor}, minus ${mean.join(' ')}, divided by ${std.join(' ')} (${isDefault ? `${channelOrder === 'grey' ? 'assumed' : 'ImageNet’s'}; the file does not say` : inputSource}).`,
    ...(isDefault
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
  const { id, input, layers, classes, head } = network
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
    ...(head && { head: head.kind }),
    ...(note !== undefined && { note }),
  }
}
