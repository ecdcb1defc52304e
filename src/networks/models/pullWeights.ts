import { extname, join } from 'node:path'
import { z } from 'zod'
import { fetchFile } from '../../download/fetchFile.js'
import { partLength, partOf, removePart } from '../../download/part.js'
import { RefusedRequest } from '../../download/request.js'
import {
  InputError,
  NetworkError,
  RUN_AGAIN,
  reworded,
  type ShiftscopeError,
  UsageError,
  wordingOf,
  words,
} from '../../errors.js'
import { makeWritableFolder } from '../../files/atomic.js'
import { inCache, weightsFolder } from '../../files/cacheFolder.js'
import { withFile } from '../../files/openFile.js'
import { rename } from '../../files/retried.js'
import { sha256OfFile } from '../../files/sha256.js'
import { checkOwner } from '../../onnx/edit/graphCache.js'
import { type Progress, type ProgressListener, progressTo, silent } from '../../progress.js'
import { type CheckedOptions, callback, checkText, parseOptions, schemas } from '../../support/optionChecks.js'
import { graphFile } from '../architectures/graph.js'
import { licenceText, type ModelEntry, modelEntry, type WeightsSource } from '../catalog/catalog.js'
import { originOf, publishedName } from '../catalog/publishedFile.js'
import { architectureOf, importedWeights } from '../file/weights.js'
import { removeOthers } from './imported.js'

export const PULL_OPTIONS = {
  /**
   * Where to fetch from: an https address, an http address on this machine, or a folder. By default the publisher's
   * address.
   */
  mirror: z.string().optional(),
  /** Seconds without any data before the download fails; 30 by default. */
  stallSeconds: z.number().default(30),
  /** Certificate authorities to trust instead of those of Node.js, as PEM text. */
  ca: z.string().optional(),
  onProgress: callback<ProgressListener>().optional(),
  /** Stops the download. The next call resumes it. */
  signal: schemas.signal.optional(),
}

/** Options of `pullWeights`. */
export interface PullOptions extends Readonly<z.input<z.ZodObject<typeof PULL_OPTIONS>>> {}

type Checked = CheckedOptions<typeof PULL_OPTIONS>

/** Published weights in the cache. */
export interface PulledWeights {
  readonly id: string
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly licence: string
  /** Address or path that the file came from; null if it was already in the cache. */
  readonly origin: string | null
  /**
   * Whether the file's size was checked, and how many hexadecimal digits of its SHA-256 were checked (at most 64).
   */
  readonly checked: { readonly bytes: boolean; readonly sha256Digits: number }
}

/**
 * Downloads the published weights of a network or generator into the cache, unless they are already there. It resumes
 * an interrupted download and uses the proxy that the environment names. If there are several sources, it tries them in
 * order.
 *
 * The file enters the cache only after its size and SHA-256 match and a graph could be built from it. It then replaces
 * other weights of the same network.
 * @param id network or generator in the catalog
 * @throws UsageError for an id that is unknown or not offered for download, or for a mirror that is not secure
 * @throws NetworkError if no source can be reached, or none has the file
 * @throws InputError if a file is not the expected one (it is then removed), or if every user can write to the cache
 * @throws OutputError if the cache cannot be written
 * @throws the signal's reason after an abort
 */
export async function pullWeights(id: string, options: PullOptions = {}): Promise<PulledWeights> {
  checkText(id, 'the network')
  const checked = parseOptions(options, PULL_OPTIONS)
  const entry = modelEntry(id)
  if (entry.kind === 'embedded') throw new UsageError(`${id} is built in; there is nothing to pull`)
  const origins = entry.sources.map((source) => ({ source, origin: originOf(source, checked.mirror) }))
  const progress = progressTo(checked.onProgress)
  const present = await presentWeights(entry, progress)
  if (present !== undefined) return present
  // Shiftscope builds no graph in a cache that every user of the machine can write to. Weights without a graph would be
  // useless, so the cache is checked before the download.
  await checkOwner()
  return await fetchWeights(entry, origins, checked)
}

async function fetchWeights(
  entry: ModelEntry,
  origins: readonly SourceOrigin[],
  options: Checked,
): Promise<PulledWeights> {
  const failures: ShiftscopeError[] = []
  for (const from of origins) {
    try {
      return await pullFile(entry, from, options)
    } catch (error) {
      if (!(error instanceof NetworkError || error instanceof InputError)) throw error
      failures.push(error)
      const isLasting = error instanceof InputError || error instanceof RefusedRequest
      // This source has sent a part of the file and can probably send the rest later, so no other source is tried.
      if (!isLasting && (await partLength(partOf(publishedName(from.source)))) > 0) break
    }
  }
  throw combined(entry, failures)
}

async function presentWeights(entry: ModelEntry, progress: Progress): Promise<PulledWeights | undefined> {
  const path = await importedWeights(entry)
  if (path === undefined) return undefined
  const sha256 = await sha256OfFile(path)
  const source = entry.sources.find((candidate) => sha256.startsWith(candidate.sha256))
  if (source) {
    return pulled(entry, source, { path, sha256, origin: null })
  }
  progress.note(
    `${entry.id}: the stored weights (SHA-256 ${sha256.slice(0, 8)}…) are not the published ones and will be replaced`,
  )
  return undefined
}

interface SourceOrigin {
  readonly source: WeightsSource
  readonly origin: URL | string
}

async function pullFile(entry: ModelEntry, from: SourceOrigin, options: Checked): Promise<PulledWeights> {
  const progress = progressTo(options.onProgress)
  const { source, origin } = from
  const wanted = {
    // One lock for all sources, because each of them has the same weights.
    ...{ name: publishedName(source), lock: entry.id, origin },
    present: () => presentWeights(entry, silent),
    begin: () => progress.note(`${entry.id}: fetching ${origin} (licence: ${licenceText(entry.licence)})`),
    take: (path: string) => inCache(admitted(entry, from, path)),
  }
  return fetchFile(wanted, {
    bytes: source.bytes,
    label: entry.id,
    progress,
    signal: options.signal,
    stallSeconds: options.stallSeconds,
    ca: options.ca,
    elsewhere: words`\`mirror\` with another address`,
  })
}

async function admitted(entry: ModelEntry, { source, origin }: SourceOrigin, part: string): Promise<PulledWeights> {
  const sha256 = await requirePublished(part, source, String(origin))
  await requireNetwork(entry, part, sha256, String(origin))
  const path = join(weightsFolder(), `${entry.id}${extname(publishedName(source)) || '.pth'}`)
  await makeWritableFolder(weightsFolder())
  await rename(part, path)
  await removeOthers(entry.id, path)
  for (const other of entry.sources) await removePart(partOf(publishedName(other)))
  return pulled(entry, source, { path, sha256, origin: String(origin) })
}

async function requirePublished(path: string, source: WeightsSource, origin: string): Promise<string> {
  const sha256 = await sha256OfFile(path)
  if (!sha256.startsWith(source.sha256)) {
    const real = sha256.slice(0, source.sha256.length)
    throw InputError.of`the download from ${origin} has the SHA-256 ${real} instead of ${source.sha256}, so it is damaged or a different file. It was removed; ${RUN_AGAIN}, or use another \`mirror\``
  }
  return sha256
}

async function requireNetwork(entry: ModelEntry, path: string, sha256: string, origin: string): Promise<void> {
  try {
    await withFile(path, (file) => graphFile(architectureOf(entry), file, sha256))
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const cause = wordingOf(error).replaceAll(path, 'the file')
    throw reworded(error, words`${origin} does not contain the weights of ${entry.id}: ${cause}`)
  }
}

async function pulled(
  { id, licence }: ModelEntry,
  source: WeightsSource,
  file: { readonly path: string; readonly sha256: string; readonly origin: string | null },
): Promise<PulledWeights> {
  const checked = { bytes: source.bytes !== null, sha256Digits: source.sha256.length }
  return { id, ...file, bytes: await withFile(file.path, ({ size }) => size), licence, checked }
}

/** One error for all sources: an InputError if any of them had a wrong file; otherwise a NetworkError. */
function combined({ id, sources }: ModelEntry, failures: readonly ShiftscopeError[]): ShiftscopeError {
  const [first] = failures
  const isAnswered = failures.some((one) => one instanceof InputError || one instanceof RefusedRequest)
  const byHand = words`, or download ${sources[0]?.url} elsewhere and run "shiftscope models import ${id} FILE"`
  const ending = isAnswered ? '' : byHand
  if (first !== undefined && failures.length === 1) return reworded(first, words`${wordingOf(first)}${ending}`)
  const all = failures.map(wordingOf).reduce((told, next) => words`${told}; then ${next}`)
  const message = words`${id} cannot be pulled: ${all}${ending}`
  const wrong = failures.some((failure) => failure instanceof InputError)
  return wrong ? new InputError(message, { cause: first }) : new NetworkError(message, { cause: first })
}
