import http, { type ClientRequest, type IncomingMessage, STATUS_CODES } from 'node:http'
import https from 'node:https'
import { isIP, type Socket } from 'node:net'
import tls from 'node:tls'
import { NetworkError, RUN_AGAIN, ShiftscopeError, throwIfStopped, UsageError, words } from '../errors.js'
import type { Wording } from '../message.js'
import { type AllowedHosts, checkHost } from './allowedHosts.js'
import { isSecure } from './secureAddress.js'

/** The server was reached but does not give the file. Another source may have it. */
export class RefusedRequest extends NetworkError {
  override readonly code = 'ERR_SHIFTSCOPE_REFUSED_REQUEST'
}

export interface FileRequest {
  readonly headers: Readonly<Record<string, string>>
  /** Value of the Authorization header. Redirects to other origins do not get it. */
  readonly authorization?: string | undefined
  /** Names another source, such as "`mirror` with another address". Error messages put "use" before this text. */
  readonly elsewhere: Wording
  readonly hosts?: AllowedHosts | undefined
  /**
   * Makes the error to throw if the server does not send the file; by default, a RefusedRequest that names the address.
   */
  readonly refusal?: ((at: URL, response: FileResponse) => Error) | undefined
  /** Certificate authorities to trust instead of those of Node.js, as PEM text. */
  readonly ca: string | undefined
  readonly signal: AbortSignal | undefined
  /** Longest time to wait without receiving data, in seconds. */
  readonly stallSeconds: number
}

export interface FileResponse {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection, even if the body has not been read. */
  readonly close: () => Promise<void>
}

const MOST_REDIRECTS = 5

/**
 * Requests a file and follows redirects. Uses the proxy that the environment names, if any.
 * @returns a response with status 200; if a range was requested, the status may also be 206 or 416. The caller must
 * close it. Reading its body may throw NetworkErrors and the signal's reason, too.
 * @throws RefusedRequest for any other status (unless `refusal` makes the error), too many redirects, or a redirect to
 * an address that is not encrypted
 * @throws NetworkError if the connection fails, or if no data come for too long
 * @throws the signal's reason after an abort
 */
export async function requestFile(address: URL, request: FileRequest): Promise<FileResponse> {
  const { signal, stallSeconds } = request
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), stallSeconds * 1000)
  // Throws the signal's reason after an abort.
  const failure = (error: unknown): Error => {
    clearTimeout(timer)
    throwIfStopped(signal)
    if (!silence.signal.aborted) return connectionError(address, error)
    return new NetworkError(words`${address.host} sent nothing for ${stallSeconds} s; ${RUN_AGAIN} to continue`, {
      cause: error,
    })
  }
  async function* watched(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of pieces) {
        timer.refresh()
        yield piece
      }
    } catch (error) {
      throw failure(error)
    }
  }
  const either = AbortSignal.any([silence.signal, ...(signal ? [signal] : [])])
  try {
    const { body, close, ...response } = await requestRedirected(address, { ...request, signal: either })
    timer.refresh()
    const closeAll = () => {
      clearTimeout(timer)
      return close()
    }
    return { ...response, body: watched(body), close: closeAll }
  } catch (error) {
    throw failure(error)
  }
}

async function requestRedirected(address: URL, options: FileRequest): Promise<FileResponse> {
  const answers = 'range' in options.headers ? [200, 206, 416] : [200]
  const { hosts } = options
  let at = address
  if (hosts !== undefined) checkHost(at, hosts)
  let authorization = options.authorization === undefined ? {} : { authorization: options.authorization }
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await requestOnce(at, { ...options, headers: { ...options.headers, ...authorization } })
    if (answers.includes(response.status)) return response
    await response.close()
    if (![301, 302, 303, 307, 308].includes(response.status))
      throw options.refusal?.(at, response) ?? refused(at, response.status, options.elsewhere)
    const from = at
    at = redirectTarget(from, response.header('location'), options)
    if (hosts !== undefined) checkHost(at, hosts, from)
    if (at.origin !== address.origin) authorization = {}
  }
  throw RefusedRequest.of`${address} redirects more than ${MOST_REDIRECTS} times; use ${options.elsewhere}`
}

/** Turns an error of the connection into a NetworkError that says what to do. Other errors are returned unchanged. */
export function connectionError(address: URL, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const code = codeOf(error)
  if (code === undefined) return error
  const proxy = proxyFor(address)
  const way = proxy === undefined ? address.host : `${address.host} through the proxy ${proxy.host}`
  if (/CERT|SIGNATURE|SIGNED|ALTNAME/.test(code)) {
    return new NetworkError(
      `the certificate of ${address.host} is not trusted (${code}); if you use a proxy that replaces certificates, set NODE_EXTRA_CA_CERTS to a file with the proxy’s certificate`,
      { cause: error },
    )
  }
  const cause = CAUSES[code] ?? (error.message || code).split('\n')[0]
  return new NetworkError(
    words`cannot fetch from ${way}: ${cause}; check the internet connection and HTTPS_PROXY, then ${RUN_AGAIN}`,
    { cause: error },
  )
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up',
  ECONNREFUSED: 'no server answers',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'no server answers',
}

/** The code of a connection's error, such as `ECONNRESET`. Undefined for Shiftscope's own errors. */
function codeOf(error: Error): string | undefined {
  return error instanceof ShiftscopeError ? undefined : (error as NodeJS.ErrnoException).code
}

/**
 * Node's own client is used without time limits, because `requestFile` limits how long the server and the proxy may be
 * silent.
 */
async function requestOnce(address: URL, { headers, ca, signal }: FileRequest): Promise<FileResponse> {
  const proxy = proxyFor(address)
  const socket = proxy === undefined ? undefined : await tunnelTo(address, proxy, signal)
  const trusted = ca === undefined ? {} : { ca }
  const request = clientOf(address).get(address, {
    ...trusted,
    ...(socket === undefined ? { agent: false } : { createConnection: () => encrypted(socket, address, trusted) }),
    ...(signal && { signal }),
    headers: { 'user-agent': 'shiftscope', 'accept-encoding': 'identity', ...headers },
  })
  const [response] = await answerTo(request, 'response')
  return {
    status: response.statusCode ?? 0,
    header: (name) => [response.headers[name] ?? null].flat()[0] ?? null,
    body: response,
    close: async () => void request.destroy(),
  }
}

/** Opens a connection to the host of an address through a proxy. */
async function tunnelTo(address: URL, proxy: URL, signal: AbortSignal | undefined): Promise<Socket> {
  const host = `${address.hostname}:${address.port || (address.protocol === 'https:' ? 443 : 80)}`
  const login = [proxy.username, proxy.password].map(decodeURIComponent).join(':')
  const request = clientOf(proxy).request(proxy, {
    method: 'CONNECT',
    path: host,
    auth: null,
    agent: false,
    ...(signal && { signal }),
    headers: {
      host,
      ...(login !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
  })
  const [{ statusCode = 0 }, socket] = await answerTo(request.end(), 'connect')
  if (statusCode === 200) return socket
  socket.destroy()
  throw Object.assign(new Error(`the proxy answers ${statusText(statusCode)}`), { code: 'EPROXY' })
}

/** Waits for an answer, and for its connection with `connect`. Reading the body throws errors that come later. */
function answerTo(request: ClientRequest, event: 'response' | 'connect'): Promise<readonly [IncomingMessage, Socket]> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    // Node reports no error where a server changes the protocol unasked.
    request.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    request.on(event, (response: IncomingMessage, socket: Socket) => {
      response.on('error', () => undefined)
      resolve([response, socket])
    })
  })
}

function clientOf({ protocol }: URL): typeof http | typeof https {
  return protocol === 'https:' ? https : http
}

/** The connection itself, or for an https address an encrypted connection through it. */
function encrypted(socket: Socket, { protocol, hostname }: URL, trusted: { readonly ca?: string }): Socket {
  if (protocol !== 'https:') return socket
  const host = withoutBrackets(hostname)
  return tls.connect({ ...trusted, socket, host, servername: isIP(host) === 0 ? host : '' })
}

function redirectTarget(from: URL, location: string | null, { elsewhere }: FileRequest): URL {
  const target = location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (target === undefined) throw RefusedRequest.of`${from} redirects to nowhere; use ${elsewhere}`
  const staysSecure = from.protocol === 'https:' ? target.protocol === 'https:' : isSecure(target)
  if (staysSecure) return target
  throw RefusedRequest.of`${from} redirects to ${target.origin}, which is not encrypted; use ${elsewhere}`
}

function refused(at: URL, status: number, elsewhere: Wording): RefusedRequest {
  const remedy = isPassing(status) ? 'try again later' : words`use ${elsewhere}`
  return RefusedRequest.of`${at} answers ${statusText(status)}; ${remedy}`
}

/** Whether the status is temporary, so that the same request may succeed later. */
export function isPassing(status: number): boolean {
  return status === 429 || status >= 500
}

export function statusText(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd()
}

/**
 * The proxy to use for an address; undefined for none.
 * - An https address uses $https_proxy or else $all_proxy, in lower or upper case.
 * - An http address uses $http_proxy (only in lower case, as in curl) or else $all_proxy.
 * - An http address on this machine, or an address that $no_proxy lists, uses no proxy.
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
  throw new UsageError('HTTPS_PROXY or ALL_PROXY is not an http:// or https:// address; correct it, or leave it empty')
}

/**
 * Whether a list such as "example.org,.local,[::1]:8443" contains an address. As in curl, a name also covers all its
 * subdomains, and "*" covers every host.
 */
function isExempt(address: URL, list: string): boolean {
  const host = withoutBrackets(address.hostname)
  const port = address.port || (address.protocol === 'https:' ? '443' : '80')
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
