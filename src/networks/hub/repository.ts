import { z } from 'zod'
import { InputError } from '../../errors.js'
import { printable } from '../../support/text.js'
import { type HubReference, isCommit, isRepositoryPath } from '../reference/hubReference.js'
import { askHub, type HubConnection, notTheHub } from './connection.js'

/** The default branch. Every repository of the hub has it. */
export const MAIN = 'main'

const MOST_FILES = 10_000

const size = z.number().int().nonnegative()

/** A file as the hub lists it. Large files have a SHA-256. Other files have only git's hash. */
const repositoryFile = z.object({
  path: z.string().refine(isRepositoryPath),
  bytes: size,
  sha256: z.string().nullable(),
  blob: z.string(),
})
export type HubFile = Readonly<z.infer<typeof repositoryFile>>

export const repositorySchema = z.object({
  commit: z.string().refine(isCommit),
  /** Licence according to the model card (README.md), usually in lower case; NOASSERTION if the card states none. */
  licence: z.string(),
  files: z.array(repositoryFile).transform(filesByPath),
})
export type HubRepository = Readonly<z.infer<typeof repositorySchema>>

const fileSchema = z.object({
  rfilename: z.string(),
  size,
  blobId: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size }).nullish(),
})

/**
 * The hub's response to a request about a repository. The query `blobs` adds sizes and hashes of the files.
 * Reference: huggingface.co/docs/hub/api, GET /api/models/{repo_id}/revision/{revision}.
 */
const infoSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.unknown() }).optional().catch(undefined),
  tags: z.array(z.string()).optional().catch(undefined),
  siblings: z.array(fileSchema),
})

export async function readRepository(reference: HubReference, connection: HubConnection): Promise<HubRepository> {
  const { owner, name, revision } = reference
  const model = `${owner}/${name}`
  const way = `/api/models/${model}/revision/${encodeURIComponent(revision ?? MAIN)}?blobs=true`
  const info = infoOf(await askHub(new URL(`${connection.endpoint}${way}`), connection), connection)
  if (info.siblings.length > MOST_FILES)
    throw new InputError(
      `${model} has more than ${MOST_FILES} files, too many to search for the .onnx file; download it yourself and give its path`,
    )
  // Files whose paths lead out of the repository's folder are ignored.
  const files = info.siblings.filter(({ rfilename }) => isRepositoryPath(rfilename)).map(hubFile)
  const byPath = filesByPath(files)
  if (!isTree(byPath)) throw notTheHub(connection)
  return { commit: info.sha, licence: licenceOf(info), files: byPath }
}

/** Whether no file is also a folder that holds others. Git allows no other repository. */
function isTree(files: HubRepository['files']): boolean {
  return [...files.keys()].every((path) => {
    const parts = path.split('/')
    return parts.every((_, i) => i === 0 || !files.has(parts.slice(0, i).join('/')))
  })
}

function filesByPath(files: readonly HubFile[]): ReadonlyMap<string, HubFile> {
  return new Map(files.map((file) => [file.path, file]))
}

function infoOf(answer: Buffer, connection: HubConnection): z.infer<typeof infoSchema> {
  try {
    return infoSchema.parse(JSON.parse(answer.toString()))
  } catch (error) {
    throw notTheHub(connection, error)
  }
}

function hubFile({ rfilename, size, blobId, lfs }: z.infer<typeof fileSchema>): HubFile {
  return { path: rfilename, bytes: lfs?.size ?? size, sha256: lfs?.sha256 ?? null, blob: blobId }
}

function licenceOf({ cardData, tags = [] }: z.infer<typeof infoSchema>): string {
  const tag = tags.find((candidate) => candidate.startsWith('license:'))?.slice('license:'.length)
  const stated = [cardData?.license].flat()[0] ?? tag
  return typeof stated === 'string' && stated.trim() !== '' ? printable(stated.trim()) : 'NOASSERTION'
}
