import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { cacheFolder } from '../../files/cacheFolder.js'
import { readStored } from '../../files/json.js'
import { sha256 } from '../../files/sha256.js'
import { readOnnxFile } from '../../onnx/format/onnxFile.js'
import { printable } from '../../support/text.js'
import { type HubReference, isCommit, isRevision, parseHubReference } from '../reference/hubReference.js'
import { presentHubFile } from './hubFiles.js'
import { descriptionFiles, isModel, onnxFile, usualModel, weightsFiles } from './modelFiles.js'
import { type HubFile, type HubRepository, MAIN, repositorySchema } from './repository.js'

/** The commits of a branch or tag that were pulled, the latest first. */
const revisionSchema = z.object({
  revision: z.string().refine(isRevision),
  commits: z.array(z.string().refine(isCommit)).min(1),
})
const REVISION_FILE = /^revision-[0-9a-f]{16}\.json$/

export interface HubModelFile {
  readonly path: string
  /**
   * Folders to search for files that describe the model: the folder of its ONNX file, then the folder of the
   * repository.
   */
  readonly folders: readonly string[]
}

export interface HubModelStatus {
  /** The shortest reference that names the model, such as `hf:OWNER/NAME`. */
  readonly id: string
  readonly kind: 'hub'
  readonly state: 'present'
  readonly path: string
  /** Total size in bytes of the ONNX file, the files with its weights, and the files that describe it. */
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

export function commitFolder(repository: RepositoryName, commit: string): string {
  return join(repositoryFolder(repository), commit)
}

/**
 * Path of a manifest: the list of files and the licence of one commit, as the hub states them. It is stored after the
 * model's files have been fetched. If these files have the sizes in the manifest, the model is complete, and no request
 * to the hub is needed.
 */
function manifestPath(repository: RepositoryName, commit: string): string {
  return `${commitFolder(repository, commit)}.json`
}

function revisionPath(repository: RepositoryName, revision: string): string {
  // The file name contains a hash of the revision, because a revision may contain slashes, or be too long for a file
  // name.
  return join(repositoryFolder(repository), `revision-${sha256(revision).slice(0, 16)}.json`)
}

export async function writeHubManifest(reference: HubReference, repository: HubRepository): Promise<void> {
  const { commit, licence, files } = repository
  await writeChanged(manifestPath(reference, commit), { commit, licence, files: [...files.values()] })
  const revision = reference.revision ?? MAIN
  if (revision === commit) return
  const earlier = await commitsOf(reference, revision)
  const commits = [commit, ...earlier.filter((one) => one !== commit)]
  await writeChanged(revisionPath(reference, revision), { revision, commits: commits.slice(0, MOST_COMMITS) })
}

/**
 * Largest number of commits to remember per branch or tag. The last commit alone is not enough, because some models may
 * have been pulled from earlier commits.
 */
const MOST_COMMITS = 100

/** The stored commits of a branch or tag, the latest first. If the revision is a commit's hash, only this commit. */
async function commitsOf(repository: RepositoryName, revision: string): Promise<readonly string[]> {
  if (isCommit(revision)) return [revision]
  const kept = await readStored(revisionSchema, revisionPath(repository, revision))
  return kept?.revision === revision ? kept.commits : []
}

async function writeChanged(path: string, document: object): Promise<void> {
  const text = JSON.stringify(document)
  // An unchanged file is not written, so that a complete cache can be read-only.
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) await writeFileAtomic(path, text)
}

/** Reads the manifest of the latest commit for which all files of the model are on this machine. */
export async function readManifest(reference: HubReference): Promise<HubRepository | undefined> {
  for (const one of await commitsOf(reference, reference.revision ?? MAIN)) {
    const repository = await manifestOf(reference, one)
    if (repository !== undefined && (await filesHere(reference, repository)).length > 0) return repository
  }
  return undefined
}

async function manifestOf(repository: RepositoryName, commit: string): Promise<HubRepository | undefined> {
  const manifest = await readStored(repositorySchema, manifestPath(repository, commit))
  return manifest?.commit === commit ? manifest : undefined
}

/**
 * Finds a pulled model on this machine, without a request to the hub.
 * @throws InputError if a file differs from what the hub stated
 */
export async function hubModelFile(text: string): Promise<HubModelFile> {
  const reference = parseHubReference(text)
  const repository = await readManifest(reference)
  if (repository === undefined) {
    const shown = printable(text)
    throw new InputError(`${shown} is not on this machine; run "shiftscope models pull ${shown}"`)
  }
  const folder = commitFolder(reference, repository.commit)
  for (const file of await filesHere(reference, repository)) {
    const own = join(folder, file.path)
    if ((await presentHubFile(own, file)) === undefined) {
      const command = `shiftscope models pull ${printable(text)}`
      throw new InputError(`${own} is not the file that was downloaded; run "${command}" to download it again`)
    }
  }
  const path = join(folder, onnxFile(reference, repository).path)
  return { path, folders: [...new Set([dirname(path), folder])] }
}

/** The files of a model, its ONNX file first. Empty if one of them is missing or has the wrong size. */
async function filesHere(reference: HubReference, repository: HubRepository): Promise<readonly HubFile[]> {
  const folder = commitFolder(reference, repository.commit)
  try {
    const onnx = onnxFile(reference, repository)
    const weights = weightsFiles(readOnnxFile(join(folder, onnx.path)), onnx, repository)
    const files = [...new Set([onnx, ...weights, ...descriptionFiles(onnx, repository)])]
    const statuses = await Promise.all(files.map(({ path }) => stat(join(folder, path))))
    return files.every(({ bytes }, index) => bytes === statuses[index]?.size) ? files : []
  } catch {
    return []
  }
}

export async function listHubModels(): Promise<readonly HubModelStatus[]> {
  const folders = await readdir(hubFolder()).catch((): string[] => [])
  return (await Promise.all(folders.sort().map(modelsIn))).flat()
}

async function modelsIn(folder: string): Promise<readonly HubModelStatus[]> {
  const names = await readdir(join(hubFolder(), folder)).catch((): string[] => [])
  const kept = names.map((name) =>
    REVISION_FILE.test(name) ? readStored(revisionSchema, join(hubFolder(), folder, name)) : undefined,
  )
  const named = (await Promise.all(kept)).filter((one) => one !== undefined)
  const commits = names.flatMap((name) => /^([0-9a-f]{40})\.json$/.exec(name)?.[1] ?? [])
  // A commit that is not the latest of any branch or tag is listed by its own hash.
  const others = commits.filter((commit) => named.every((one) => one.commits[0] !== commit))
  const references = [...named.map(({ revision }) => revision), ...others].sort().map((revision) => {
    return `hf:${folder.replace('--', '/')}${revision === MAIN ? '' : `@${revision}`}`
  })
  // A folder that is not named OWNER--NAME gives an invalid reference and is skipped.
  return (await Promise.all(references.map((text) => modelsOf(text).catch(() => [])))).flat()
}

/**
 * The models of a repository that are on this machine, at the newest commit that is stored here.
 * @param text reference to the repository without a file, such as `hf:OWNER/NAME@v1`
 */
async function modelsOf(text: string): Promise<readonly HubModelStatus[]> {
  const reference = parseHubReference(text)
  const [newest = ''] = await commitsOf(reference, reference.revision ?? MAIN)
  const repository = await manifestOf(reference, newest)
  if (repository === undefined) return []
  const { commit, licence, files } = repository
  const usual = usualModel(repository)
  const models = [...files.values()].filter(isModel).map(async (onnx): Promise<HubModelStatus[]> => {
    const here = await filesHere({ ...reference, file: onnx.path }, repository)
    if (here.length === 0) return []
    const id = onnx === usual ? text : `${text}:${onnx.path}`
    const bytes = here.reduce((sum, file) => sum + file.bytes, 0)
    const path = join(commitFolder(reference, commit), onnx.path)
    return [{ id, kind: 'hub', state: 'present', path, bytes, licence, revision: commit }]
  })
  return (await Promise.all(models)).flat()
}
