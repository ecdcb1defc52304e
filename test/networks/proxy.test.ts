import { getEventListeners } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createRawServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NetworkError, UsageError } from '../../src/errors.js'
import type { AllowedHosts } from '../../src/networks/allowedHosts.js'
import { connectionError, proxyFor, requestFile } from '../../src/networks/fileRequest.js'
import { certificate, fileAnswer, startServer } from '../support/fileServer.js'
import { withoutProxies } from '../support/offlineEnvironment.js'

withoutProxies()

const proxyOf = (address: string, environment: Record<string, string>) =>
  proxyFor(new URL(address), environment)?.href.replace(/\/$/, '')

it('an answer that is not HTTP is told as a failure of the connection', async () => {
  const server = createRawServer((socket) => socket.end('HTTP/1.1 200 Text\r\n 200 Text\r\n\r\n')).listen(0)
  const address = new URL(`http://localhost:${(server.address() as AddressInfo).port}/`)
  try {
    const error = await requestFile(address, {
      headers: {},
      elsewhere: 'another',
      ca: undefined,
      signal: new AbortController().signal,
    }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expect(connectionError(address, error)).toBeInstanceOf(NetworkError)
    expect(connectionError(address, error).message).toMatch(/^cannot fetch from localhost:\d+: Response does not match/)
  } finally {
    server.close()
  }
})

it.each([404, 416])('an answer of %i that nobody reads is let go', async (status) => {
  const server = createServer((_, response) => response.writeHead(status).end('some bytes')).listen(0)
  const address = new URL(`http://localhost:${(server.address() as AddressInfo).port}/`)
  const { signal } = new AbortController()
  try {
    const request = { headers: { range: 'bytes=9-' }, elsewhere: 'another', ca: undefined, signal }
    await requestFile(address, request).then(
      (response) => response.close(),
      () => undefined,
    )
    await vi.waitFor(() => expect(getEventListeners(signal, 'abort')).toHaveLength(0))
  } finally {
    server.close()
  }
})

describe('the proxy of an address', () => {
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
    vi.unstubAllEnvs()
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
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    return { port: (proxy.address() as AddressInfo).port, targets }
  }

  async function fetched(address: string, hosts?: AllowedHosts): Promise<string> {
    const response = await requestFile(new URL(address), {
      headers: {},
      hosts,
      ca: certificate,
      elsewhere: 'another address',
      signal: new AbortController().signal,
    })
    const pieces: Uint8Array[] = []
    for await (const piece of response.body) pieces.push(piece)
    await response.close()
    return Buffer.concat(pieces).toString()
  }

  it('goes to the host, and to no other than without it', async () => {
    const server = await startServer(fileAnswer(Buffer.from('image')))
    const { port, targets } = await startProxy()
    const hosts = { names: ['localhost'], option: 'imageHosts' }
    vi.stubEnv('HTTPS_PROXY', `http://user:secret@localhost:${port}`)
    expect(await fetched(`${server.address}/a.jpg`, hosts)).toBe('image')
    await expect(fetched(`https://127.0.0.1:${server.port}/a.jpg`, hosts)).rejects.toThrow(/127.0.0.1 is not asked/)
    expect(targets).toEqual([`localhost:${server.port}`])
  })

  it('says when the proxy refuses, without telling the password', async () => {
    const server = await startServer(fileAnswer(Buffer.from('weights')))
    const { port } = await startProxy()
    vi.stubEnv('HTTPS_PROXY', `http://user:wrong@localhost:${port}`)
    const address = `${server.address}/a.pth`
    const error = await fetched(address).catch((reason) => connectionError(new URL(address), reason))
    expect(error).toBeInstanceOf(NetworkError)
    expect((error as Error).message).toContain(`through the proxy localhost:${port}`)
    expect((error as Error).message).toContain('407')
    expect((error as Error).message).not.toContain('wrong')
    expect(server.requests).toEqual([])
  })
})
