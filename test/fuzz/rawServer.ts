import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A server of this machine that answers each connection's first request with bytes, whatever they are, and ends. */
export interface RawServer {
  readonly origin: string
  /** What a path is answered with; `{origin}` in it stands for the server's own. */
  answer: (path: string) => string | Uint8Array
  readonly close: () => Promise<void>
}

export async function startRawServer(): Promise<RawServer> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (request) => {
      const [, path = ''] = /^GET (\S+)/.exec(request.toString('latin1')) ?? []
      const answer = started.answer(path)
      const text = Buffer.from(answer).toString('latin1').replaceAll('{origin}', started.origin)
      socket.end(Buffer.from(text, 'latin1'))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const started: RawServer = {
    origin: `http://127.0.0.1:${port}`,
    answer: () => '',
    close: async () => {
      server.close()
      await once(server, 'close')
    },
  }
  return started
}
