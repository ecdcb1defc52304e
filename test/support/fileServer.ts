import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'

const TLS = fileURLToPath(new URL('../golden/tls', import.meta.url))

/** Text of the certificate of the tests' https servers. */
export const certificate = readFileSync(join(TLS, 'certificate.pem'), 'utf8')

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface FileServer {
  /** Address of the server, such as https://localhost:4711. */
  readonly address: string
  readonly port: number
  /** Received requests: path and the headers about ranges. */
  readonly requests: readonly ServedRequest[]
  /** Answer to every request from now on. */
  answer: Answer
}

interface ServedRequest {
  readonly path: string
  readonly range: string | undefined
  readonly ifRange: string | undefined
}

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Starts a server on this machine for one test. It stops when the test ends. */
export async function startServer(answer: Answer, kind: 'https' | 'http' = 'https'): Promise<FileServer> {
  const requests: ServedRequest[] = []
  const listener: Answer = (request, response) => {
    const { range, 'if-range': ifRange } = request.headers
    requests.push({ path: request.url ?? '', range, ifRange: ifRange as string | undefined })
    served.answer(request, response)
  }
  const tls = { key: readFileSync(join(TLS, 'key.pem')), cert: certificate }
  const server = kind === 'https' ? createHttpsServer(tls, listener) : createHttpServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const served: FileServer = { address: `${kind}://localhost:${port}`, port, requests, answer }
  return served
}

/** Answers with a file as usual servers do: with conditional ranges, an ETag and its length. */
export function fileAnswer(bytes: Uint8Array, etag = '"one"'): Answer {
  return ({ headers }, response) => {
    const start = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1]
    const condition = headers['if-range']
    if (start === undefined || (condition !== undefined && condition !== etag)) {
      response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes)
    } else {
      rangeAnswer(bytes, Number(start), etag)({ headers } as IncomingMessage, response)
    }
  }
}

/** Answers with the rest of a file, whatever condition the request has. */
export function rangeAnswer(bytes: Uint8Array, start: number, etag: string): Answer {
  return (_, response) => {
    if (start >= bytes.length) {
      response.writeHead(416, { etag, 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`
    response.writeHead(206, { etag, 'content-range': range, 'content-length': bytes.length - start })
    response.end(bytes.subarray(start))
  }
}

/** Answers with the beginning of a file. Then `after` decides what happens to the connection. */
export function beginning(
  bytes: Uint8Array,
  length: number,
  after: (response: ServerResponse) => void,
  headers: Readonly<Record<string, string | number>> = { etag: '"one"', 'content-length': bytes.length },
): Answer {
  return (_, response) => {
    response.writeHead(200, headers)
    response.write(bytes.subarray(0, length), () => after(response))
  }
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => response.writeHead(code, headers).end('not the file')
}
