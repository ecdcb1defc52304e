import type { ListFileEntry } from '@huggingface/hub'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { printable } from '../../printable.js'
import { type HubConnection, hubFetch, notTheHub } from './connection.js'
import { type HubReference, isRepositoryPath } from './reference.js'

/** What the hub says of a file; it has the SHA-256 of large files, and of the others git's hash. */
export interface HubFile {
  /** In the repository. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string | null
  /** SHA-1 of git's blob. */
  readonly blob: string
}

/** A repository at one commit. */
export interface HubRepository {
  readonly commit: string
  /** As its card names it, mostly in small letters; NOASSERTION where it names none. */
  readonly licence: string
  readonly files: ReadonlyMap<string, HubFile>
}

/** The revision where none is named; every repository of the hub has it. */
export const MAIN = 'main'

const MOST_FILES = 10_000

const infoSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.unknown() }).optional().catch(undefined),
  tags: z.array(z.string()).optional().catch(undefined),
})

const size = z.number().int().nonnegative()
const fileSchema = z.object({
  path: z.string(),
  size,
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
})

/**
 * Asks the hub for commit, licence and files of a model.
 *
 * @throws InputError for a model or revision that there is not, that may not be read, or has too many files; NetworkError
 * when the hub cannot be reached or answers as no hub does; the signal's reason when stopped
 */
export async function readRepository(reference: HubReference, connection: HubConnection): Promise<HubRepository> {
  try {
    return await asked(reference, connection)
  } catch (error) {
    // Whatever the library or a schema stumbled over was in the answer.
    const isAnswer = error instanceof SyntaxError || error instanceof TypeError || error instanceof z.ZodError
    throw isAnswer ? notTheHub(connection, error) : error
  }
}

async function asked({ owner, name, revision }: HubReference, connection: HubConnection): Promise<HubRepository> {
  // A tenth of a second to load, which only those shall wait for who pull from the hub.
  const { listFiles, modelInfo } = await import('@huggingface/hub')
  const repo = { type: 'model', name: `${owner}/${name}` } as const
  const access = { hubUrl: connection.endpoint, fetch: hubFetch(connection) }
  const info = infoSchema.parse(
    await modelInfo({
      ...access,
      name: repo.name,
      revision: revision ?? MAIN,
      additionalFields: ['sha', 'cardData', 'tags'],
    }),
  )
  const files = new Map<string, HubFile>()
  let entries = 0
  for await (const entry of listFiles({ ...access, repo, recursive: true, revision: info.sha })) {
    if (++entries > MOST_FILES)
      throw new InputError(
        `${repo.name} has more than ${MOST_FILES} files, which are not looked through; download the .onnx file yourself and give its path`,
      )
    // A name that leads elsewhere is no file of this repository.
    if (entry.type === 'file' && isRepositoryPath(entry.path)) files.set(entry.path, hubFile(entry))
  }
  return { commit: info.sha, licence: licenceOf(info), files }
}

function hubFile(entry: ListFileEntry): HubFile {
  const { path, size, oid, lfs } = fileSchema.parse(entry)
  return { path, bytes: lfs?.size ?? size, sha256: lfs?.oid ?? null, blob: oid }
}

function licenceOf({ cardData, tags = [] }: z.infer<typeof infoSchema>): string {
  const tag = tags.find((candidate) => candidate.startsWith('license:'))?.slice('license:'.length)
  const stated = [cardData?.license].flat()[0] ?? tag
  return typeof stated === 'string' && stated.trim() !== '' ? printable(stated.trim()) : 'NOASSERTION'
}
