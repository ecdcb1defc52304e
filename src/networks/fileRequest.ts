import { STATUS_CODES } from 'node:http'
import type { Dispatcher } from 'undici'
import { NetworkError, ShiftscopeError, UsageError } from '../errors.js'
import { type AllowedHosts, checkHost } from './allowedHosts.js'
import { isSecure } from './weightsOrigin.js'

/** The server was reached but does not give the file: another source may have it. */
export class RefusedRequest extends NetworkError {
  override readonly code = 'ERR_SHIFTSCOPE_REFUSED_REQUEST'
}

export interface FileRequest {
  readonly headers: Readonly<Record<string, string>>
  /** Credentials; sent only to the address's own origin. */
  readonly authorization?: string | undefined
  /** Another source to try, in the words of messages: "`mirror` with another address". */
  readonly elsewhere: string
  /** All hosts that may be asked, also by redirects; any host if there is no list. */
  readonly hosts?: AllowedHosts | undefined
  /** The error for an answer that is not the file; by default a RefusedRequest that names the address. */
  readonly refusal?: ((at: URL, response: FileResponse) => Error) | undefined
  /** Certificate authorities to trust, PEM, in place of those that Node.js knows. */
  readonly ca: string | undefined
  readonly signal: AbortSignal
}

export interface FileResponse {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection, even if the body has not been read. */
  readonly close: () => Promise<void>
}

const MOST_REDIRECTS = 5

/**
 * Requests a file and follows redirects. It uses the proxy that the environment names for the host.
 *
 * @returns the response; its status is 200, or 206 or 416 if a range was asked for. The caller must close it.
 * @throws RefusedRequest for any other status, and for a redirect that would leave https; NetworkError for a host that
 * is not allowed; UsageError for a proxy that cannot be used; otherwise the connection's own error: see
 * `connectionError`
 */
export async function requestFile(address: URL, options: FileRequest): Promise<FileResponse> {
  const answers = 'range' in options.headers ? [200, 206, 416] : [200]
  const { hosts } = options
  let at = address
  if (hosts !== undefined) checkHost(at, hosts)
  let authorization = options.authorization === undefined ? {} : { authorization: options.authorization }
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await requestOnce(at, { ...options, headers: { ...options.headers, ...authorization } })
    if (answers.includes(response.status)) return response
    await response.close()
    if (![301, 302, 303, 307, 308].includes(response.status)) throw (options.refusal ?? refusal(options))(at, response)
    const from = at
    at = redirectTarget(from, response.header('location'), options)
    if (hosts !== undefined) checkHost(at, hosts, from)
    if (at.origin !== address.origin) authorization = {}
  }
  throw new RefusedRequest(`${address} redirects more than ${MOST_REDIRECTS} times; use ${options.elsewhere}`)
}

/** A one-line error for a connection that failed or broke. An error that already is one is returned unchanged. */
export function connectionError(address: URL, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const code = codeOf(error)
  if (code === undefined) return error
  const proxy = proxyFor(address)
  const way = proxy === undefined ? address.host : `${address.host} through the proxy ${proxy.host}`
  if (/CERT|SIGNATURE|SIGNED|ALTNAME/.test(code)) {
    return new NetworkError(
      `${address.host} has a certificate that is not trusted (${code}); where a proxy signs connections, name its certificate in NODE_EXTRA_CA_CERTS`,
      { cause: error },
    )
  }
  const cause = CAUSES[code] ?? (error.message || code).split('\n')[0]
  return new NetworkError(
    `cannot fetch from ${way}: ${cause}; check the network and HTTPS_PROXY, then run the same command again`,
    { cause: error },
  )
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNREFUSED: 'no server answers',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'no server answers',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was cut',
}

/** The code of a connection's error; undefined for an error of the file system, which has a `syscall` on files. */
function codeOf(error: Error): string | undefined {
  if (error instanceof ShiftscopeError) return undefined
  const { code, syscall } = error as NodeJS.ErrnoException
  // Undici's parser gives some of its errors no code.
  if (error.name === 'HTTPParserError') return code ?? error.name
  const ofFile = syscall !== undefined && ['open', 'write', 'fsync', 'read', 'rename', 'mkdir', 'rm'].includes(syscall)
  return ofFile ? undefined : code
}

async function requestOnce(address: URL, { headers, ca, signal }: FileRequest): Promise<FileResponse> {
  // Loaded here, since most commands fetch nothing.
  const { request } = await import('undici')
  const dispatcher = await dispatcherFor(address, ca)
  // The rest of an abandoned connection may fail later, when nobody listens any more.
  const close = () => dispatcher.destroy().catch(() => undefined)
  try {
    const response = await request(address, {
      dispatcher,
      signal,
      headers: { 'user-agent': 'shiftscope', 'accept-encoding': 'identity', ...headers },
    })
    const header = (name: string) => [response.headers[name] ?? null].flat()[0] ?? null
    const { statusCode: status, body } = response
    body.on('error', () => undefined)
    const closeAll = () => {
      // Otherwise a body that nobody has read keeps its connection in memory.
      body.destroy()
      return close()
    }
    return { status, header, body, close: closeAll }
  } catch (error) {
    await close()
    if (!(error instanceof TypeError)) throw error
    // Undici fails on a header whose name is a property of every object, such as __proto__.
    const remedy = 'check the address and HTTPS_PROXY, then run the same command again'
    throw new NetworkError(`cannot fetch from ${address.host}: its answer is damaged; ${remedy}`, { cause: error })
  }
}

/** It has no time limits of its own, because the caller limits the time of the whole request, including the proxy. */
async function dispatcherFor(address: URL, ca: string | undefined): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import('undici')
  const limits = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0 }
  const tls = ca === undefined ? {} : { ca }
  const proxy = proxyFor(address)
  if (proxy === undefined) return new Agent({ ...limits, connect: { ...tls, timeout: 0 } })
  return new ProxyAgent({ ...limits, uri: proxy.href, requestTls: tls })
}

function redirectTarget(from: URL, location: string | null, { elsewhere }: FileRequest): URL {
  const target = location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (target === undefined) throw new RefusedRequest(`${from} redirects to nowhere; use ${elsewhere}`)
  const staysSecure = from.protocol === 'https:' ? target.protocol === 'https:' : isSecure(target)
  if (staysSecure) return target
  throw new RefusedRequest(`${from} redirects to ${target.origin}, which is not encrypted; use ${elsewhere}`)
}

function refusal({ elsewhere }: FileRequest): (at: URL, response: FileResponse) => RefusedRequest {
  return (at, { status }) => {
    const remedy = isPassing(status) ? 'try again later' : `see whether ${elsewhere} has the file`
    return new RefusedRequest(`${at} answers ${statusText(status)}; ${remedy}`)
  }
}

/** Whether the status means that the server cannot answer now but may do so later. */
export function isPassing(status: number): boolean {
  return status === 429 || status >= 500
}

/** The status with its name, such as "404 Not Found". */
export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
}

/**
 * The proxy for an address. For https, it is $https_proxy or else $all_proxy, in lower or upper case. For http, it is
 * $http_proxy (only in lower case, as in curl) or else $all_proxy; http within this machine uses no proxy. Addresses
 * that $no_proxy lists use none, either.
 *
 * @throws UsageError if the variable holds anything but the address of an http or https proxy
 */
export function proxyFor(address: URL, environment: NodeJS.ProcessEnv = process.env): URL | undefined {
  const variable = (name: string) => environment[name] || environment[name.toUpperCase()] || ''
  const isHttps = address.protocol === 'https:'
  if ((!isHttps && isSecure(address)) || isExempt(address, variable('no_proxy'))) return undefined
  const value = (isHttps ? variable('https_proxy') : environment.http_proxy) || variable('all_proxy')
  if (value === '') return undefined
  const text = value.includes('://') ? value : `http://${value}`
  const proxy = URL.canParse(text) ? new URL(text) : undefined
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy
  throw new UsageError('HTTPS_PROXY or ALL_PROXY is not an http:// or https:// proxy; set it to one, or leave it empty')
}

/**
 * Whether a list such as "example.org,.local,[::1]:8443" covers an address. As in curl, a name covers itself and all
 * names below it, and "*" covers everything.
 */
function isExempt(address: URL, list: string): boolean {
  const host = withoutBrackets(address.hostname)
  const port = address.port || '443'
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((item) => item !== '')
    .some((item) => {
      if (item === '*') return true
      const parts = /^(\[.*\]|[^:]*):(\d+)$/.exec(item)
      if (parts !== null && parts[2] !== port) return false
      const name = withoutBrackets(parts?.[1] ?? item).replace(/^\*?\./, '')
      return host === name || host.endsWith(`.${name}`)
    })
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}
