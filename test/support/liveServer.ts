import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { MapMessage, MapRequest, MapRows } from '../../src/page/live.js'

/** An object and a network that is fast to compute. */
export const SCENE = { network: 'tiny-alexnet-aa', object: 0, size: 125, stride: 16, background: 'white' } as const
const CENTER = { row: 49, col: 49 }
export const MAP: MapRequest = { ...SCENE, layer: 'fc8', anchor: CENTER, cursor: { row: 0, col: 0 } }

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Path that is sent unchanged, as no usual client would send it. */
  readonly path?: string
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: IncomingMessage['headers']
}

/** Sends a request to a server, as a page does or as a client that pretends to be a page. */
export function ask(address: string, { method = 'GET', headers = {}, body, path }: Asking = {}): Promise<Answer> {
  return new Promise((answer, fail) => {
    const asked = request(address, { method, headers, ...(path && { path }) }, (response) => {
      const { statusCode: status = 0, headers } = response
      text(response).then((body) => answer({ status, body, headers }), fail)
    })
    asked.on('error', fail)
    asked.end(body)
  })
}

export function post(address: string, body: object) {
  const headers = { 'Content-Type': 'application/json' }
  return ask(address, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Requests a map, and returns all messages. */
export async function wholeMap(address: string, map: MapRequest): Promise<readonly MapMessage[]> {
  const { body } = await post(`${address}map`, map)
  return JSON.parse(`[${body.trim().replaceAll('\n', ',')}]`)
}

/** Cosine of each position by its index; a later message replaces an earlier one. */
export function cosinesOf(messages: readonly MapMessage[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  for (const message of messages.filter((one): one is MapRows => one.kind === 'rows')) {
    const places = numbers(message.places, Uint32Array)
    const cosines = numbers(message.cosines, Float32Array)
    for (const [i, place] of places.entries()) found.set(place, cosines[i] as number)
  }
  return found
}

export function numbers<T>(text: string, type: new (buffer: ArrayBuffer) => T): T {
  return new type(Uint8Array.from(Buffer.from(text, 'base64')).buffer)
}
