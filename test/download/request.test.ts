import { getEventListeners, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createRawServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FileRequest, proxyFor, requestFile } from '../../src/download/request.js'
import { NetworkError, UsageError } from '../../src/errors.js'
import { certificate, fileAnswer, startServer, status } from '../support/fileServer.js'
import { messageOf } from '../support/messageOf.js'
import { withoutProxies } from '../support/offlineEnvironment.js'

withoutProxies()
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/**
 * The bytes that an address gives.
 * @param pause what to wait for before the body is read
 */
async function fetched(
  address: string,
  changes: Partial<FileRequest> = {},
  pause: () => Promise<unknown> = async () => undefined,
): Promise<Buffer> {
  const settings = { ca: certificate, elsewhere: 'another address', signal: undefined, stallSeconds: 30 }
  const response = await requestFile(new URL(address), { headers: {}, ...settings, ...changes })
  await pause()
  const pieces: Uint8Array[] = []
  for await (const piece of response.body) pieces.push(piece)
  await response.close()
  return Buffer.concat(pieces)
}

/**
 * The bytes of a server that gives this answer and closes the connection at once.
 * @param isLate whether the body is read only after the end has arrived
 */
async function fetchedFrom(lines: readonly string[], body: Uint8Array | string = '', isLate = false): Promise<Buffer> {
  const answer = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)])
  const server = createRawServer((socket) => socket.once('data', () => socket.end(answer))).listen(0)
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    return await fetched(`http://localhost:${port}/`, {}, () => (isLate ? setTimeout(100) : Promise.resolve()))
  } finally {
    server.close()
  }
}

describe('a server that closes the connection', () => {
  const whole = Buffer.alloc(65_536, 7)
  const length = `content-length: ${whole.length}`
  const answers = [
    ['HTTP/1.0 200 OK'],
    ['HTTP/1.0 200 OK', length],
    ['HTTP/1.1 200 OK', 'connection: close', length],
    ['HTTP/1.1 200 OK', length],
  ]

  it.each(answers.map((lines) => [lines]))('after the last byte gives the whole file: %j', async (lines) => {
    expect(await fetchedFrom(lines, whole)).toEqual(whole)
  })

  // Undici 6.26 to 7.30 ended the process where the end came before the file was read.
  it.each(answers.map((lines) => [lines]))('before the file is read gives the whole file: %j', async (lines) => {
    expect(await fetchedFrom(lines, whole, true)).toEqual(whole)
  })

  it('before the last byte is told as a cut connection', async () => {
    const lines = ['HTTP/1.1 200 OK', `content-length: ${whole.length + 1}`]
    expect(await messageOf(fetchedFrom(lines, whole), NetworkError)).toContain('the connection was cut')
  })

  it('after an answer that is not HTTP is told as a failure of the connection', async () => {
    const lines = ['HTTP/1.1 200 Text', ' 200 Text']
    expect(await messageOf(fetchedFrom(lines), NetworkError)).toMatch(
      /^cannot fetch from localhost:\d+: Parse Error: .*; check the internet connection/,
    )
  })

  it.each([
    ['a damaged body', ['HTTP/1.1 200 OK', 'transfer-encoding: chunked'], 'no length'],
    ['another protocol', ['HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: other'], ''],
  ])('after %s is told as a cut connection', async (_, lines, body) => {
    expect(await messageOf(fetchedFrom(lines, body), NetworkError)).toContain('the connection was cut')
  })

  it('after a header that every object has gives the file', async () => {
    expect(String(await fetchedFrom(['HTTP/1.1 200 OK', 'content-length: 2', '__proto__: 1'], 'ok'))).toBe('ok')
  })
})

it.each([404, 416])('an answer of %i that nobody reads is let go', async (code) => {
  const server = await startServer(status(code), 'http')
  const any = vi.spyOn(AbortSignal, 'any')
  const settings = { elsewhere: 'another', ca: undefined, signal: undefined, stallSeconds: 30 }
  await requestFile(new URL(server.address), { headers: { range: 'bytes=9-' }, ...settings }).then(
    (response) => response.close(),
    () => undefined,
  )
  const signal = any.mock.results[0]?.value as AbortSignal
  await vi.waitFor(() => expect(getEventListeners(signal, 'abort')).toHaveLength(0))
})

describe('the proxy of an address', () => {
  const proxyOf = (address: string, environment: Record<string, string>) =>
    proxyFor(new URL(address), environment)?.href.replace(/\/$/, '')

  it.each<[string, Record<string, string>, string | undefined]>([
    ['https://a.org/', {}, undefined],
    ['https://a.org/', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
    ['https://a.org/', { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://q:2' }, 'http://q:2'],
    ['https://a.org/', { ALL_PROXY: 'https://p:1' }, 'https://p:1'],
    ['https://a.org/', { all_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:2' }, 'http://q:2'],
    ['https://a.org/', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['https://a.org/', { HTTPS_PROXY: 'p:1' }, 'http://p:1'],
    ['http://a.org/', { http_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:2' }, 'http://p:1'],
    ['http://a.org/', { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q:2' }, undefined],
    ['http://a.org/', { http_proxy: 'http://p:1', no_proxy: 'a.org' }, undefined],
    ['http://a.org/', { http_proxy: 'http://p:1', no_proxy: 'a.org:80' }, undefined],
    ['http://a.org/', { http_proxy: 'http://p:1', no_proxy: 'a.org:443' }, 'http://p:1'],
    ['http://localhost/', { http_proxy: 'http://p:1', ALL_PROXY: 'http://p:1' }, undefined],
    ['http://127.0.0.1/', { http_proxy: 'http://p:1' }, undefined],
    ['http://[::1]/', { http_proxy: 'http://p:1' }, undefined],
  ])('%s with %o goes through %s', (address, environment, proxy) => {
    expect(proxyOf(address, environment)).toBe(proxy)
  })

  it.each([
    ['https://a.org/', 'a.org', true],
    ['https://b.a.org/', 'a.org', true],
    ['https://b.a.org/', '.a.org', true],
    ['https://b.a.org/', '*.a.org', true],
    ['https://ba.org/', 'a.org', false],
    ['https://a.org/', 'x.org, A.ORG', true],
    ['https://a.org/', 'a.org:443', true],
    ['https://a.org:8443/', 'a.org:443', false],
    ['https://[::1]:8443/', '[::1]:8443', true],
    ['https://[::1]/', '::1', true],
    ['https://a.org/', '*', true],
    ['https://a.org/', 'org.a', false],
  ])('%s with NO_PROXY=%s: exempt %s', (address, list, exempt) => {
    const environment = { HTTPS_PROXY: 'http://p:1', NO_PROXY: list }
    expect(proxyOf(address, environment)).toBe(exempt ? undefined : 'http://p:1')
  })

  it('is refused when it is of another kind, without telling its password', () => {
    const environment = { ALL_PROXY: 'socks5://user:secret@p:1' }
    expect(() => proxyOf('https://a.org/', environment)).toThrow(UsageError)
    expect(() => proxyOf('https://a.org/', environment)).not.toThrow(/secret/)
  })
})

describe('a request through a proxy', () => {
  const proxies: Server[] = []
  afterEach(() => {
    for (const proxy of proxies.splice(0)) {
      proxy.closeAllConnections()
      proxy.close()
    }
  })

  /** A proxy that lets those in who come with the user's name and password. */
  async function startProxy(): Promise<{ port: number; targets: string[] }> {
    const targets: string[] = []
    const proxy = createServer()
    proxies.push(proxy)
    proxy.on('connect', ({ url, headers }, socket) => {
      if (headers['proxy-authorization'] !== `Basic ${Buffer.from('user:secret').toString('base64')}`) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
        return
      }
      targets.push(url ?? '')
      const target = connect(Number(url?.split(':').at(-1)), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        target.pipe(socket).pipe(target)
      })
      target.on('error', () => socket.destroy())
      socket.on('error', () => target.destroy())
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    return { port: (proxy.address() as AddressInfo).port, targets }
  }

  it('goes to the host, and to no other than without it', async () => {
    const server = await startServer(fileAnswer(Buffer.from('image')))
    const { port, targets } = await startProxy()
    const hosts = { names: ['localhost'], option: 'imageHosts' }
    vi.stubEnv('HTTPS_PROXY', `http://user:secret@localhost:${port}`)
    expect(String(await fetched(`${server.address}/a.jpg`, { hosts }))).toBe('image')
    const other = fetched(`https://127.0.0.1:${server.port}/a.jpg`, { hosts })
    await expect(other).rejects.toThrow(/127.0.0.1 is not an allowed host/)
    expect(targets).toEqual([`localhost:${server.port}`])
  })

  it('says when the proxy refuses, without telling the password', async () => {
    const server = await startServer(fileAnswer(Buffer.from('weights')))
    const { port } = await startProxy()
    vi.stubEnv('HTTPS_PROXY', `http://user:wrong@localhost:${port}`)
    const message = await messageOf(fetched(`${server.address}/a.pth`), NetworkError)
    expect(message).toMatch(RegExp(`through the proxy localhost:${port}: .*407`))
    expect(message).not.toContain('wrong')
    expect(server.requests).toEqual([])
  })
})
