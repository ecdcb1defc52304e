import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { sha256OfFile } from '../../files/sha256.js'
import { type Progress, progressTo } from '../../progress.js'
import { checkOptions, kinds } from '../../support/checkedOptions.js'
import { printable } from '../../support/printable.js'
import { asCacheError } from '../cache.js'
import { licenceText } from '../catalog.js'
import { readOnnxFile } from '../onnx/onnxFile.js'
import type { PullOptions } from '../pull.js'
import { type HubConnection, hubConnection, isOffline } from './connection.js'
import { type FetchedHubFile, fetchHubFile, presentHubFile } from './hubFiles.js'
import { dataFiles, descriptionFiles, modelFile } from './modelFiles.js'
import { commitFolder, findRecord, type HubRecord, writeRecords } from './pulled.js'
import { type HubReference, isCommit, parseHubReference } from './reference.js'
import { type HubFile, type HubRepository, readRepository } from './repository.js'

export type HubPullOptions = Pick<PullOptions, 'onProgress' | 'signal' | 'stallSeconds' | 'ca'>

/** A model of the Hugging Face hub that is in the cache. */
export interface PulledHubModel {
  /** The reference, as it was given. */
  readonly id: string
  /** The ONNX file. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** As the model's card names it; NOASSERTION where it names none. */
  readonly licence: string
  /** Address that the ONNX file is at; null: everything was present, and nothing was fetched. */
  readonly origin: string | null
  /** The commit. */
  readonly revision: string
  /** The ONNX file, the files that hold its weights, and those that describe input and classes. */
  readonly files: readonly PulledHubFile[]
}

export interface PulledHubFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * Fetches a model of the Hugging Face hub into the cache: its ONNX file, the files in which it keeps its weights, and the
 * small ones that describe its input and classes, all of one commit; over https, going on from where an earlier download
 * stopped, through the proxy that the environment names. Each file takes its name only after its size and the hash that
 * the hub states have been found right. HF_ENDPOINT names another hub than huggingface.co, HF_TOKEN a token for models
 * that not everybody may read, which is sent to the hub alone; with HF_HUB_OFFLINE nothing is asked for.
 *
 * @param text hf:OWNER/NAME[@REVISION][:path/model.onnx]; without a path `model.onnx`, `onnx/model.onnx` or the only one
 * @throws UsageError for what is no reference or may mean several files, or a hub that is not secure; NetworkError (exit
 * status 1) when the hub cannot be reached; InputError (exit status 3) for a model or revision that it has not, or does not
 * give, and for files that are not what it states: they are removed; OutputError when the cache cannot be written; the
 * signal's reason when stopped
 */
export async function pullHubModel(text: string, options: HubPullOptions = {}): Promise<PulledHubModel> {
  checkOptions(options, {
    optional: { stallSeconds: kinds.number, ca: kinds.text, onProgress: kinds.callback, signal: kinds.signal },
  })
  const reference = parseHubReference(text)
  const { onProgress, signal, stallSeconds = 30, ca } = options
  const offline = isOffline()
  if (offline || isCommit(reference.revision ?? '')) {
    const here = await presentModel(reference)
    if (here !== undefined) return here
    if (offline) {
      throw new InputError(
        `${printable(text)} is not fully downloaded, and HF_HUB_OFFLINE forbids downloads; unset it and run the same command again`,
      )
    }
  }
  const connection = hubConnection(reference, { signal, stallSeconds, ca })
  const repository = await readRepository(reference, connection)
  try {
    const progress = progressTo(onProgress)
    const here = await presentModel(reference)
    if (here?.revision === repository.commit) return here
    return await pulledFrom({ reference, repository, connection, progress })
  } catch (error) {
    throw asCacheError(error)
  }
}

/** What an earlier pull left, if all of it is as it was. */
async function presentModel(reference: HubReference): Promise<PulledHubModel | undefined> {
  const record = await findRecord(reference)
  if (record === undefined) return undefined
  const folder = commitFolder(reference, record.commit)
  for (const { path, sha256 } of record.files) {
    if ((await sha256OfFile(join(folder, path)).catch(() => undefined)) !== sha256) return undefined
  }
  return pulledModel(reference, record, null)
}

interface Pull {
  readonly reference: HubReference
  readonly repository: HubRepository
  readonly connection: HubConnection
  readonly progress: Progress
}

async function pulledFrom(pull: Pull): Promise<PulledHubModel> {
  const { reference, repository, progress } = pull
  const { commit, licence } = repository
  const id = printable(reference.text)
  const model = modelFile(reference, repository)
  const note = (line: string) => progress.note(`${id}: ${line}`)
  const origin = String(addressOf(pull, model))
  const first = await broughtFile(pull, model, () => note(`licence ${licenceText(licence)}, from ${origin}`))
  const data = await weightsOf(pull, model)
  const files = [first]
  for (const file of new Set([...data, ...descriptionFiles(model, repository, note)])) {
    if (file !== model) files.push(await broughtFile(pull, file))
  }
  const record = {
    commit,
    licence,
    files: files.map(({ file, sha256 }) => ({ path: file.path, bytes: file.bytes, sha256 })),
  }
  await writeRecords(reference, record)
  return pulledModel(reference, record, files.some(({ isFetched }) => isFetched) ? origin : null)
}

/** The model is read before anything else is fetched. */
async function weightsOf({ reference, repository }: Pull, model: HubFile): Promise<readonly HubFile[]> {
  const path = join(commitFolder(reference, repository.commit), model.path)
  try {
    return dataFiles(readOnnxFile(path), model, repository)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    await rm(path, { force: true })
    const shown = `${printable(model.path)} of ${reference.owner}/${reference.name}`
    throw new InputError(error.message.replaceAll(path, shown), { cause: error })
  }
}

interface BroughtFile extends FetchedHubFile {
  readonly file: HubFile
}

async function broughtFile(pull: Pull, file: HubFile, begin = () => {}): Promise<BroughtFile> {
  const { reference, repository, connection, progress } = pull
  const path = join(commitFolder(reference, repository.commit), file.path)
  const present = await presentHubFile(path, file)
  if (present !== undefined) return { file, ...present }
  return { file, ...(await fetchHubFile(addressOf(pull, file), file, path, { ...connection, progress, begin })) }
}

/** The address that stands for the same bytes for ever. */
function addressOf({ reference: { owner, name }, repository, connection }: Pull, file: HubFile): URL {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  return new URL(`${connection.endpoint}/${owner}/${name}/resolve/${repository.commit}/${path}`)
}

function pulledModel(
  reference: HubReference,
  { commit, licence, files }: Pick<HubRecord, 'commit' | 'licence' | 'files'>,
  origin: string | null,
): PulledHubModel {
  const folder = commitFolder(reference, commit)
  const here = files.map((file) => ({ ...file, path: join(folder, file.path) }))
  return { id: reference.text, ...(here[0] as PulledHubFile), licence, origin, revision: commit, files: here }
}
