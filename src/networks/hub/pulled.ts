import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { sha256 } from '../../files/sha256.js'
import { printable } from '../../support/printable.js'
import { cacheFolder } from '../cache.js'
import { type HubReference, isHubReference, isRepositoryPath, parseHubReference } from './reference.js'
import { MAIN } from './repository.js'

/**
 * What was pulled for a reference. The files lie in `hub/OWNER--NAME/COMMIT/` of the cache, and beside the folders of the
 * commits a record for each reference, so that processes that pull different ones never write into the same file.
 */
const recordSchema = z.object({
  reference: z.string().refine(isHubReference),
  revision: z.string(),
  file: z.string().nullable(),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  licence: z.string(),
  /** Paths in the repository, the model's first. */
  files: z
    .array(z.object({ path: z.string().refine(isRepositoryPath), bytes: z.number(), sha256: z.string() }).readonly())
    .min(1)
    .readonly(),
})
export type HubRecord = Readonly<z.infer<typeof recordSchema>>

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
  /** With which it was pulled, and is used. */
  readonly id: string
  readonly kind: 'hub'
  readonly state: 'present'
  readonly path: string
  /** Of the ONNX file and the files that hold its weights. */
  readonly bytes: number
  readonly licence: string
  readonly revision: string
}

type RepositoryName = Pick<HubReference, 'owner' | 'name'>

function repositoryFolder({ owner, name }: RepositoryName): string {
  return join(hubFolder(), `${owner}--${name}`)
}

function hubFolder(): string {
  return join(cacheFolder(), 'hub')
}

/** Where the files of a repository's commit lie. */
export function commitFolder(repository: RepositoryName, commit: string): string {
  return join(repositoryFolder(repository), commit)
}

/** For the reference, and for the one by its commit, which stays when a branch moves on. */
export async function writeRecords(
  { text, owner, name, revision, file }: HubReference,
  pulled: Pick<HubRecord, 'commit' | 'licence' | 'files'>,
): Promise<void> {
  const byCommit = `hf:${owner}/${name}@${pulled.commit}${file === null ? '' : `:${file}`}`
  const records: readonly HubRecord[] = [
    { reference: byCommit, revision: pulled.commit, file, ...pulled },
    { reference: text, revision: revision ?? MAIN, file, ...pulled },
  ]
  for (const record of records) {
    const key = sha256(JSON.stringify([record.revision, record.file])).slice(0, 16)
    const path = join(repositoryFolder({ owner, name }), `${key}.json`)
    const content = JSON.stringify(record)
    // A cache that has everything need not be writable.
    if ((await readFile(path, 'utf8').catch(() => '')) !== content) await writeFileAtomic(path, content)
  }
}

/**
 * What was pulled for a reference; undefined where nothing was, or its files are not here.
 */
export async function findRecord(reference: HubReference): Promise<HubRecord | undefined> {
  const revision = reference.revision ?? MAIN
  const records = await recordsIn(repositoryFolder(reference))
  const fitting = records.filter((record) => record.revision === revision)
  // Who names the file that is meant where none is named means the same.
  return (
    fitting.find(({ file }) => file === reference.file) ??
    fitting.find(({ files }) => files[0]?.path === reference.file)
  )
}

async function recordsIn(folder: string): Promise<readonly HubRecord[]> {
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => /^[0-9a-f]{16}\.json$/.test(name))
  const records = await Promise.all(names.sort().map((name) => recordIn(folder, name)))
  return records.filter((record) => record !== undefined)
}

async function recordIn(folder: string, name: string): Promise<HubRecord | undefined> {
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
    const sizes = await Promise.all(record.files.map(({ path }) => stat(join(folder, record.commit, path))))
    return record.files.every(({ bytes }, index) => bytes === sizes[index]?.size) ? record : undefined
  } catch {
    return undefined
  }
}

/**
 * Finds a pulled model, without the network.
 *
 * @throws UsageError for what is no reference; InputError when the model is not here
 */
export async function hubModelFile(text: string): Promise<HubModelFile> {
  const reference = parseHubReference(text)
  const record = await findRecord(reference)
  if (record === undefined) {
    const shown = printable(text)
    throw new InputError(`${shown} is not here; run "shiftscope models pull ${shown}"`)
  }
  const folder = commitFolder(reference, record.commit)
  const path = modelPath(folder, record)
  return { path, folders: [...new Set([dirname(path), folder])], licence: record.licence, commit: record.commit }
}

function modelPath(folder: string, { files }: HubRecord): string {
  return join(folder, (files[0] as HubRecord['files'][number]).path)
}

/** The models of the hub that are here. */
export async function listHubModels(): Promise<readonly HubModelStatus[]> {
  const folders = await readdir(hubFolder()).catch((): string[] => [])
  const records = await Promise.all(
    folders.sort().map(async (name) => {
      const folder = join(hubFolder(), name)
      const records = await recordsIn(folder)
      return records.filter((record) => isShown(record, records)).map((record) => statusOf(folder, record))
    }),
  )
  return records.flat()
}

/** A record by the commit repeats another one, until the branch of that has moved on. */
function isShown(record: HubRecord, records: readonly HubRecord[]): boolean {
  const isSame = ({ commit, files }: HubRecord) => commit === record.commit && files[0]?.path === record.files[0]?.path
  return record.revision !== record.commit || !records.some((other) => other.revision !== other.commit && isSame(other))
}

function statusOf(folder: string, record: HubRecord): HubModelStatus {
  return {
    id: record.reference,
    kind: 'hub',
    state: 'present',
    path: modelPath(join(folder, record.commit), record),
    bytes: record.files.reduce((sum, { bytes }) => sum + bytes, 0),
    licence: record.licence,
    revision: record.commit,
  }
}
