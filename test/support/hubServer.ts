import { createHash } from 'node:crypto'
import { sha256 } from '../../src/files/sha256.js'
import { type Answer, type FileServer, fileAnswer, startServer, status } from './fileServer.js'

/** A repository as the hub serves it. */
export interface ServedRepository {
  /** Name of the repository, such as microsoft/resnet-50. */
  readonly name: string
  readonly commit: string
  readonly files: Readonly<Record<string, Uint8Array>>
  /** Whether a file lies in the store and is known by its SHA-256. Other files are known by git's hash. */
  readonly large: (path: string) => boolean
  readonly revisions: readonly string[]
  readonly card: unknown
  readonly tags: readonly string[]
  /** Token that is needed to read it; undefined if everybody may. */
  readonly token: string | undefined
}

export interface HubServer {
  /** Value for HF_ENDPOINT. */
  readonly address: string
  readonly hub: FileServer
  /** Server of another origin, to which the hub redirects requests for large files. */
  readonly store: FileServer
  /** Authorization header of every request, after the word `hub` or `store`. */
  readonly authorizations: readonly string[]
  /** The served repository. A test may replace it by a newer commit. */
  repository: ServedRepository
  /** Answer to the request of a file, by its path; undefined for the usual answer. */
  fileAnswer: (path: string, bytes: Uint8Array) => Answer | undefined
  /** Answer to any request, tried before all others; undefined for the usual answer. */
  override: (url: URL) => Answer | undefined
}

export function gitBlob(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

export const COMMIT = 'c0ffee'.padEnd(40, '0')

/** Starts a hub with one repository and its store. Both stop when the test ends. */
export async function startHub(
  given: Partial<ServedRepository> & Pick<ServedRepository, 'files'>,
  kind: 'https' | 'http' = 'https',
): Promise<HubServer> {
  const authorizations: string[] = []
  const recorded =
    (origin: string, answer: Answer): Answer =>
    (request, response) => {
      authorizations.push(`${origin} ${request.headers.authorization ?? 'none'}`)
      answer(request, response)
    }
  const served = (path: string): Answer => {
    const bytes = state.repository.files[path] as Uint8Array
    return state.fileAnswer(path, bytes) ?? fileAnswer(bytes, `"${sha256(bytes).slice(0, 16)}"`)
  }
  const store = await startServer(
    recorded('store', (request, response) => {
      const { pathname } = new URL(request.url ?? '', 'https://localhost')
      served(decodeURIComponent(pathname.slice(1)))(request, response)
    }),
    kind,
  )
  const hub = await startServer(
    recorded('hub', (request, response) => {
      const url = new URL(request.url ?? '', hub.address)
      const answer = state.override(url) ?? answerOf(state, url, request.headers.authorization, served)
      answer(request, response)
    }),
    kind,
  )
  const state: HubServer = {
    address: hub.address,
    hub,
    store,
    authorizations,
    repository: {
      name: 'owner/name',
      commit: COMMIT,
      large: (path) => path.endsWith('.onnx'),
      revisions: ['main', 'refs/pr/1', 'v1.0'],
      card: { license: 'apache-2.0' },
      tags: [],
      token: undefined,
      ...given,
    },
    fileAnswer: () => undefined,
    override: () => undefined,
  }
  return state
}

function answerOf(
  { repository, store }: HubServer,
  url: URL,
  authorization: string | undefined,
  served: (path: string) => Answer,
): Answer {
  const { name, commit, revisions, token } = repository
  const way = url.pathname
  const isOpen = token === undefined || authorization === `Bearer ${token}`
  const refused = status(authorization === undefined ? 401 : 404, { 'x-error-code': 'RepoNotFound' })
  if (!isOpen) return refused
  const revision = RegExp(`^/api/models/${name}/revision/([^/]+)$`).exec(way)?.[1]
  if (revision !== undefined) {
    const isKnown = [commit, ...revisions].includes(decodeURIComponent(revision))
    return isKnown ? json(infoOf(repository)) : status(404, { 'x-error-code': 'RevisionNotFound' })
  }
  const resolved = `/${name}/resolve/${commit}/`
  if (!way.startsWith(resolved)) return refused
  const path = decodeURIComponent(way.slice(resolved.length))
  if (!(path in repository.files)) return status(404, { 'x-error-code': 'EntryNotFound' })
  if (!repository.large(path)) return served(path)
  return status(302, { location: `${store.address}/${encodeURIComponent(path)}?signature=secret` })
}

/** The hub's description of a model that is requested with `blobs=true`. */
function infoOf({ name, commit, card, tags, files, large }: ServedRepository): unknown {
  const siblings = Object.entries(files).map(([path, bytes]) => ({
    rfilename: path,
    size: bytes.length,
    blobId: gitBlob(large(path) ? Buffer.from(`pointer to ${path}`) : bytes),
    ...(large(path) ? { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 }, xetHash: 'x' } : {}),
  }))
  return { _id: '1', id: name, sha: commit, private: false, gated: false, cardData: card, tags, likes: 0, siblings }
}

export function json(document: unknown): Answer {
  return (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}
