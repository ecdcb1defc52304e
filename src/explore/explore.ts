import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { basename, resolve } from 'node:path'
import { z } from 'zod'
import { parseDevice } from '../engine/devices/device.js'
import { SETTINGS_OPTIONS, type WishedSettings } from '../engine/open/settings.js'
import { ResourceError, type ShiftscopeError, UsageError, wordingOf, words } from '../errors.js'
import type { Wording } from '../message.js'
import { OUTPUT_OPTIONS, type OwnOptions, REFERENCE_OPTIONS } from '../networks/reference/reference.js'
import { pictureBytes } from '../patches/image.js'
import { findPhotographs } from '../patches/photographs.js'
import { type ProgressListener, progressTo } from '../progress.js'
import { checkResultsFolder } from '../results/store/resultsFolder.js'
import { machineMemory } from '../support/machine.js'
import { callback, type GivenOptions, optionsIn, parseOptions, schemas } from '../support/optionChecks.js'
import { openExplorer } from './explorer.js'
import { isLoopback } from './guard.js'
import { LiveNetworks } from './networks.js'
import { MOST_OWN, type Objects, openObjects } from './objects.js'
import { openLiveUnits } from './units.js'

/** All features together get a quarter of the machine's memory. The features of one object get a quarter of that. */
const MEMORY_SHARE = 4
const UNIT_SHARE = 4

const OPTIONS = {
  /** Results folder in which the page's Keep button stores results; `shiftscope-explore` by default. */
  results: z.string().default('shiftscope-explore'),
  /**
   * Networks to offer, named as in `openNetwork`; the first two open side by side. By default, all networks whose
   * weights are on this machine.
   */
  models: z.array(z.string()).min(1).readonly().exactOptional(),
  /** Whole photographs to offer: a folder, a list of paths, or a picture. Only the first 32 are used. */
  photographs: z.string().exactOptional(),
  /** How to reduce a feature map to one value per channel, as in `openNetwork`. */
  pool: REFERENCE_OPTIONS.pool,
  // These options are for all networks outside the catalog.
  ...OUTPUT_OPTIONS,
  /** Address (https, or http on this machine) or folder to fetch weights from; by default the publisher's address. */
  mirror: z.string().exactOptional(),
  /** Device that runs the networks, named as in `openNetwork`; `auto` by default. */
  device: z.string().default('auto'),
  /** Address to listen on. The default `127.0.0.1` lets only this machine connect. */
  host: z.string().default('127.0.0.1'),
  /** Port to listen on, 0 to 65535; by default (0) any free one. */
  port: z.number().default(0),
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops the server. */
  signal: schemas.signal.exactOptional(),
}

/** Options of `explore`. */
export interface ExploreOptions extends GivenOptions<typeof OPTIONS>, WishedSettings {}

/** A running server of the live page. */
export interface Exploration extends AsyncDisposable {
  /** Address of the page. It contains the secret without which the server refuses requests. */
  readonly address: string
  /** Address that the server listens on. */
  readonly host: string
  readonly port: number
  /** Whether only this machine can reach the page. */
  readonly isLocal: boolean
  /** Stops the work in progress and the server. It waits a few seconds at most for a forward pass to end. */
  close(): Promise<void>
}

/**
 * Serves a page on which you move your own object and watch any network of this machine respond. Anyone who has the
 * address can use the whole page, but nothing else on this machine; see SECURITY.md.
 * @throws UsageError for invalid options
 * @throws InputError for a network that is missing
 * @throws ResourceError for a port that is in use
 * @throws the signal's reason after an abort
 */
export async function explore(options: ExploreOptions = {}): Promise<Exploration> {
  const checked = parseOptions(options, { ...OPTIONS, ...SETTINGS_OPTIONS })
  const { results, models, pool, host, port } = checked
  const own = optionsIn<OwnOptions>(checked, OUTPUT_OPTIONS)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw UsageError.of`port ${port} is not a whole number from 0 to 65535; leave \`port\` out to use any free one`
  await checkResultsFolder(resolve(results))
  const end = new AbortController()
  const signal = checked.signal === undefined ? end.signal : AbortSignal.any([checked.signal, end.signal])
  const progress = progressTo(checked.onProgress)
  const mostBytes = machineMemory() / MEMORY_SHARE
  const units = openLiveUnits(mostBytes)
  const objects = await openObjects(own.objectClass)
  if (checked.photographs !== undefined) await addPhotographs(objects, checked.photographs, progress.note, signal)
  const networks = await LiveNetworks.open({
    models,
    pool,
    own,
    wished: checked,
    request: parseDevice(checked.device),
    isUsed: units.isUsed,
    onNote: (line) => progress.note(line),
    signal,
  })
  const explorer = openExplorer({
    networks,
    objects,
    units,
    pool,
    own,
    out: results,
    mirror: checked.mirror,
    mostBytes: mostBytes / UNIT_SHARE,
    opensTwo: (models?.length ?? 0) > 1,
  })
  const secret = randomBytes(24).toString('base64url')
  let place = { host, port }
  // `server.js` is imported only now, because it reserves gibibytes of address space, which no other command needs.
  const { liveServer } = await import('./server.js')
  const server = liveServer(explorer, secret, () => place)
  const closeAll = async () => {
    end.abort()
    units.stop()
    server.closeAllConnections()
    await new Promise<void>((done) => server.close(() => done()))
    await networks.close()
  }
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= closeAll()
    return closing
  }
  await listen(server, host, port).catch(async (error) => {
    await close()
    throw error
  })
  // The server keeps running if it cannot accept a connection, for example because no file handles are left.
  server.on('error', ({ message }) => progress.note(`the page’s server could not accept a connection: ${message}`))
  signal.addEventListener('abort', () => void close().catch(() => undefined), { once: true })
  if (signal.aborted) await close()
  signal.throwIfAborted()
  place = { host, port: (server.address() as AddressInfo).port }
  return {
    address: `http://${addressName(host)}:${place.port}/${secret}/`,
    ...place,
    isLocal: isLoopback(host),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function addPhotographs(
  objects: Objects,
  given: string,
  onNote: (line: Wording) => void,
  signal: AbortSignal,
): Promise<void> {
  const files = await findPhotographs(given, onNote)
  for (const { name, path } of files.slice(0, MOST_OWN)) {
    const added = objects.add(await pictureBytes(path), basename(path), signal, true)
    await added.catch((error: Error) => onNote(words`skipping ${name}: ${wordingOf(error)}`))
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((done, fail) => {
      server.once('error', fail)
      server.listen(port, host, done)
    })
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, host, port)
  }
}

function addressName(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname()
  return isIPv6(host) ? `[${host}]` : host
}

function listenError({ code, message }: NodeJS.ErrnoException, host: string, port: number): ShiftscopeError {
  if (code === 'EADDRINUSE')
    return ResourceError.of`port ${port} of ${host} is taken by another program; name another \`port\`, or leave it out to use any free one`
  if (code === 'EACCES')
    return new ResourceError(
      `you have no permission to use port ${port}; choose one from 1024 to 65535, or leave it out to use any free one`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return UsageError.of`${host} is not an address of this machine; leave \`host\` out to use 127.0.0.1`
  return new ResourceError(`cannot listen on ${host}: ${message}`)
}
