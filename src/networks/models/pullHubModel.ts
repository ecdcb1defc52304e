import { join } from 'node:path'
import { InputError, RUN_AGAIN, reworded, wordingOf } from '../../errors.js'
import { inCache } from '../../files/cacheFolder.js'
import { rm } from '../../files/retried.js'
import { readOnnxFile } from '../../onnx/format/onnxFile.js'
import { type Progress, progressTo, silent } from '../../progress.js'
import { parseOptions } from '../../support/optionChecks.js'
import { printable } from '../../support/text.js'
import { licenceText } from '../catalog/catalog.js'
import { type HubConnection, hubConnection, isOffline } from '../hub/connection.js'
import { type FetchedHubFile, fetchHubFile, presentHubFile } from '../hub/hubFiles.js'
import { commitFolder, readManifest, writeHubManifest } from '../hub/manifest.js'
import { descriptionFiles, onnxFile, weightsFiles } from '../hub/modelFiles.js'
import { type HubFile, type HubRepository, readRepository } from '../hub/repository.js'
import { type HubReference, isCommit, parseHubReference } from '../reference/hubReference.js'
import { PULL_OPTIONS, type PullOptions } from './pullWeights.js'

const { mirror, ...OPTIONS } = PULL_OPTIONS

export type HubPullOptions = Omit<PullOptions, 'mirror'>

interface PulledHubFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** A model of the hub in the cache. Path, size and hash are those of the ONNX file. */
export interface PulledHubModel extends PulledHubFile {
  /** Reference to the model, as the user wrote it. */
  readonly id: string
  readonly licence: string
  /** URL of the ONNX file; null if all files were present and nothing was fetched. */
  readonly origin: string | null
  readonly revision: string
  /** The ONNX file, then the files with its weights, then the files that describe its input and classes. */
  readonly files: readonly PulledHubFile[]
}

/**
 * Fetches a model of the Hugging Face hub into the cache. It fetches the ONNX file, the files with its weights, and the
 * small files that describe its input and classes, all from one commit. Each file gets its final name only after its
 * size and hash match those that the hub states.
 *
 * HF_ENDPOINT names a hub to use instead of huggingface.co. HF_TOKEN holds a token for models that are not public; only
 * the hub receives it. If HF_HUB_OFFLINE is set, nothing is fetched.
 * @param text hf:OWNER/NAME[@REVISION][:path/model.onnx]. Without a path, the file is `model.onnx`, `onnx/model.onnx`
 * or the only ONNX file.
 * @throws InputError if a file differs from what the hub states; the file is then removed
 */
export async function pullHubModel(text: string, options: HubPullOptions = {}): Promise<PulledHubModel> {
  const { onProgress, signal, stallSeconds, ca } = parseOptions(options, OPTIONS)
  const reference = parseHubReference(text)
  const offline = isOffline()
  const known = offline || isCommit(reference.revision ?? '') ? await readManifest(reference) : undefined
  const here = known && (await presentModel(reference, known))
  if (here !== undefined) return here
  if (offline) {
    throw InputError.of`${printable(text)} is not fully downloaded, and HF_HUB_OFFLINE forbids downloads; unset HF_HUB_OFFLINE and ${RUN_AGAIN}`
  }
  const connection = hubConnection(reference, { signal, stallSeconds, ca })
  const repository = await readRepository(reference, connection)
  return inCache(pulledFrom({ reference, repository, connection, progress: progressTo(onProgress) }))
}

async function presentModel(reference: HubReference, repository: HubRepository): Promise<PulledHubModel | undefined> {
  try {
    return await pulledFrom({ reference, repository, connection: undefined, progress: silent })
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
}

interface Pull {
  readonly reference: HubReference
  readonly repository: HubRepository
  /** Connection to the hub; undefined if nothing may be fetched. */
  readonly connection: HubConnection | undefined
  readonly progress: Progress
}

async function pulledFrom(pull: Pull): Promise<PulledHubModel> {
  const { reference, repository, progress } = pull
  const { commit, licence } = repository
  const id = printable(reference.text)
  const onnx = onnxFile(reference, repository)
  const note = (line: string) => progress.note(`${id}: ${line}`)
  const address = pull.connection && addressOf(pull.connection, pull, onnx)
  const first = await broughtFile(pull, onnx, () => note(`fetching ${address} (licence: ${licenceText(licence)})`))
  const others = new Set([...(await weightsOf(pull, onnx)), ...descriptionFiles(onnx, repository, note)])
  others.delete(onnx)
  const files = [first]
  for (const file of others) files.push(await broughtFile(pull, file))
  if (pull.connection !== undefined) await writeHubManifest(reference, repository)
  const origin = files.some(({ isFetched }) => isFetched) ? String(address) : null
  const pulledFiles = files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }))
  return {
    id: reference.text,
    ...(pulledFiles[0] as PulledHubFile),
    licence,
    origin,
    revision: commit,
    files: pulledFiles,
  }
}

/** The files that hold the weights. The ONNX file names them, so it must already be on this machine. */
async function weightsOf({ reference, repository, connection }: Pull, onnx: HubFile): Promise<readonly HubFile[]> {
  const path = join(commitFolder(reference, repository.commit), onnx.path)
  try {
    return weightsFiles(readOnnxFile(path), onnx, repository)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    if (connection !== undefined) await rm(path, { force: true })
    const shown = `${printable(onnx.path)} of ${reference.owner}/${reference.name}`
    throw reworded(error, wordingOf(error).replaceAll(path, shown))
  }
}

async function broughtFile(
  pull: Pull,
  file: HubFile,
  begin = () => {},
): Promise<PulledHubFile & Pick<FetchedHubFile, 'isFetched'>> {
  const { reference, repository, connection, progress } = pull
  const path = join(commitFolder(reference, repository.commit), file.path)
  const brought = await presentHubFile(path, file)
  const { bytes } = file
  if (brought !== undefined) return { path, bytes, ...brought }
  if (connection === undefined) throw new InputError(`${path} is not on this machine`)
  const fetched = await fetchHubFile(addressOf(connection, pull, file), file, path, { ...connection, progress, begin })
  return { path, bytes, ...fetched }
}

/** The contents of the file at this URL never change. */
function addressOf({ endpoint }: HubConnection, { reference: { owner, name }, repository }: Pull, file: HubFile): URL {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  return new URL(`${endpoint}/${owner}/${name}/resolve/${repository.commit}/${path}`)
}
