import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { regularSize } from '../../files/regularFile.js'
import { sha256 } from '../../files/sha256.js'
import { printable } from '../../support/text.js'
import { cacheFolder } from '../cache.js'
import { readOnnxFile } from '../onnx/onnxFile.js'
import { descriptionFiles, isModel, onnxFile, usualModel, weightsFiles } from './modelFiles.js'
import { type HubReference, isCommit, isRepositoryPath, isRevision, parseHubReference } from './reference.js'
import { type HubFile, type HubRepository, MAIN } from './repository.js'

const commit = z.string().refine(isCommit)

/**
 * What the hub states about a commit, in `hub/OWNER--NAME/COMMIT.json`. It is written after the files of the model. A model is
 * present if its files have the sizes that are stated here, so it is found without the network.
 */
const manifestSchema = z.object({
  commit,
  licence: z.string(),
  files: z.array(
    z.object({
      path: z.string().refine(isRepositoryPath),
      bytes: z.number().int().nonnegative(),
      sha256: z.string().nullable(),
      blob: z.string(),
    }),
  ),
})

/** The commits that a branch or tag stood for when it was pulled, the last one first. Each has a file beside the manifests. */
const revisionSchema = z.object({ revision: z.string().refine(isRevision), commits: z.array(commit).min(1) })
const REVISION_FILE = /^revision-[0-9a-f]{16}\.json$/

/** A model of the hub that is here. */
export interface HubModelFile {
  /** The ONNX file. */
  readonly path: string
  /** Where descriptions of the model may lie: its own folder, then the repository's. */
  readonly folders: readonly string[]
  readonly licence: string
  readonly commit: string
}

/** A pulled model, as lists show it. */
export interface HubModelStatus {
  /** The shortest reference that names it. */
  readonly id: string
  readonly kind: 'hub'
  readonly state: 'present'
  readonly path: string
  /** Bytes of the ONNX file, of the files that hold its weights, and of those that describe it. */
  readonly bytes: number
  readonly licence: string
  readonly revision: string
}

type RepositoryName = Pick<HubReference, 'owner' | 'name'>

function hubFolder(): string {
  return join(cacheFolder(), 'hub')
}

function repositoryFolder({ owner, name }: RepositoryName): string {
  return join(hubFolder(), `${owner}--${name}`)
}

/** Where the files of a repository's commit lie. */
export function commitFolder(repository: RepositoryName, commit: string): string {
  return join(repositoryFolder(repository), commit)
}

function manifestPath(repository: RepositoryName, commit: string): string {
  return `${commitFolder(repository, commit)}.json`
}

function revisionPath(repository: RepositoryName, revision: string): string {
  // A revision may hold slashes, and may be longer than the name of a file.
  return join(repositoryFolder(repository), `revision-${sha256(revision).slice(0, 16)}.json`)
}

/** Keeps what the hub states of a commit, and that the revision of the reference stands for it. */
export async function writeHubManifest(reference: HubReference, repository: HubRepository): Promise<void> {
  const { commit, licence, files } = repository
  await writeChanged(manifestPath(reference, commit), { commit, licence, files: [...files.values()] })
  const revision = reference.revision ?? MAIN
  if (revision === commit) return
  const earlier = await commitsOf(reference, revision)
  const commits = [commit, ...earlier.filter((one) => one !== commit)]
  await writeChanged(revisionPath(reference, revision), { revision, commits: commits.slice(0, MOST_COMMITS) })
}

/** Commits of a revision that are remembered: models that were pulled at different times are of different ones. */
const MOST_COMMITS = 100

/** The commits of a revision; a revision that is a commit stands for itself. */
async function commitsOf(repository: RepositoryName, revision: string): Promise<readonly string[]> {
  if (isCommit(revision)) return [revision]
  const kept = await parsed(revisionSchema, revisionPath(repository, revision))
  return kept?.revision === revision ? kept.commits : []
}

async function writeChanged(path: string, document: object): Promise<void> {
  const text = JSON.stringify(document)
  // A cache that has everything need not be writable.
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeFileAtomic(path, text)
}

/** What was stored about the latest commit of a reference whose model is here; undefined if there is none. */
export async function readManifest(reference: HubReference): Promise<HubRepository | undefined> {
  for (const one of await commitsOf(reference, reference.revision ?? MAIN)) {
    const repository = await manifestOf(reference, one)
    if (repository !== undefined && (await filesHere(reference, repository)).length > 0) return repository
  }
  return undefined
}

async function manifestOf(repository: RepositoryName, commit: string): Promise<HubRepository | undefined> {
  const manifest = await parsed(manifestSchema, manifestPath(repository, commit))
  if (manifest?.commit !== commit) return undefined
  return { ...manifest, files: new Map(manifest.files.map((file) => [file.path, file])) }
}

/** A list of more files is not pulled. */
const MOST_BYTES = 2 ** 24

async function parsed<T>(schema: z.ZodType<T>, path: string): Promise<T | undefined> {
  try {
    const size = await regularSize(path)
    return size > MOST_BYTES ? undefined : schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

/**
 * Finds a pulled model, without the network.
 *
 * @throws UsageError for any other text than a reference; InputError when the model is not here
 */
export async function hubModelFile(text: string): Promise<HubModelFile> {
  const reference = parseHubReference(text)
  const repository = await readManifest(reference)
  const [model] = repository === undefined ? [] : await filesHere(reference, repository)
  if (repository === undefined || model === undefined) {
    const shown = printable(text)
    throw new InputError(`${shown} is not here; run "shiftscope models pull ${shown}"`)
  }
  const { commit, licence } = repository
  const folder = commitFolder(reference, commit)
  const path = join(folder, model.path)
  return { path, folders: [...new Set([dirname(path), folder])], licence, commit }
}

/** The files of a model, its ONNX file first; none: one of them is not here in its size. */
async function filesHere(reference: HubReference, repository: HubRepository): Promise<readonly HubFile[]> {
  const folder = commitFolder(reference, repository.commit)
  try {
    const model = onnxFile(reference, repository)
    const weights = weightsFiles(readOnnxFile(join(folder, model.path)), model, repository)
    const files = [...new Set([model, ...weights, ...descriptionFiles(model, repository)])]
    const statuses = await Promise.all(files.map(({ path }) => stat(join(folder, path))))
    return files.every(({ bytes }, index) => bytes === statuses[index]?.size) ? files : []
  } catch {
    return []
  }
}

/** The models of the hub that are here. */
export async function listHubModels(): Promise<readonly HubModelStatus[]> {
  const folders = await readdir(hubFolder()).catch((): string[] => [])
  return (await Promise.all(folders.sort().map(modelsIn))).flat()
}

async function modelsIn(folder: string): Promise<readonly HubModelStatus[]> {
  const names = await readdir(join(hubFolder(), folder)).catch((): string[] => [])
  const kept = names.map((name) =>
    REVISION_FILE.test(name) ? parsed(revisionSchema, join(hubFolder(), folder, name)) : undefined,
  )
  const named = (await Promise.all(kept)).filter((one) => one !== undefined)
  const commits = names.flatMap((name) => /^([0-9a-f]{40})\.json$/.exec(name)?.[1] ?? [])
  // A commit is listed by its own name once no revision stands for it any more.
  const others = commits.filter((commit) => named.every((one) => one.commits[0] !== commit))
  const references = [...named.map(({ revision }) => revision), ...others].sort().map((revision) => {
    return `hf:${folder.replace('--', '/')}${revision === MAIN ? '' : `@${revision}`}`
  })
  // A folder that is not a repository's names no reference.
  return (await Promise.all(references.map((text) => modelsOf(text).catch(() => [])))).flat()
}

/** The models that are here of the commit that a reference without a file stands for. */
async function modelsOf(text: string): Promise<readonly HubModelStatus[]> {
  const reference = parseHubReference(text)
  const [newest = ''] = await commitsOf(reference, reference.revision ?? MAIN)
  const repository = await manifestOf(reference, newest)
  if (repository === undefined) return []
  const { commit, licence, files } = repository
  const usual = usualModel(repository)
  const models = [...files.values()].filter(isModel).map(async (model): Promise<HubModelStatus[]> => {
    const isThere = await stat(join(commitFolder(reference, commit), model.path)).catch(() => undefined)
    const here = isThere ? await filesHere({ ...reference, file: model.path }, repository) : []
    if (here.length === 0) return []
    const id = model === usual ? text : `${text}:${model.path}`
    const bytes = here.reduce((sum, file) => sum + file.bytes, 0)
    const path = join(commitFolder(reference, commit), model.path)
    return [{ id, kind: 'hub', state: 'present', path, bytes, licence, revision: commit }]
  })
  return (await Promise.all(models)).flat()
}
