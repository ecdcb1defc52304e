import { type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { MapMessage, MapRequest, MapRows } from '../../src/page/live/live.js'
import { messageDecoder } from '../../src/page/live/messageCoding.js'

/** An object and a network that is fast to compute. */
export const SCENE = { network: 'tiny-alexnet-aa', object: 0, size: 125, stride: 16, background: 'white' } as const
const CENTER = { row: 49, col: 49 }
export const MAP: MapRequest = { ...SCENE, category: '', layer: 'fc8', anchor: CENTER, cursor: { row: 0, col: 0 } }

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
  readonly bytes: Uint8Array
  readonly headers: IncomingMessage['headers']
}

/** Sends a request to a server, as a page does or as a client that pretends to be a page. */
export function ask(address: string, { method = 'GET', headers = {}, body, path }: Asking = {}): Promise<Answer> {
  return new Promise((answer, fail) => {
    const asked = request(address, { method, headers, ...(path && { path }) }, (response) => {
      const { statusCode: status = 0, headers } = response
      buffer(response).then((bytes) => answer({ status, bytes, body: bytes.toString(), headers }), fail)
    })
    asked.on('error', fail)
    asked.end(body)
  })
}

export function post(address: string, body: object) {
  const headers = { 'Content-Type': 'application/json' }
  return ask(address, { method: 'POST', headers, body: JSON.stringify(body) })
}

export function messagesIn({ bytes }: Answer): readonly MapMessage[] {
  return messageDecoder<MapMessage>()(bytes)
}

/** Requests a map, and returns all messages. */
export async function wholeMap(address: string, map: MapRequest): Promise<readonly MapMessage[]> {
  return messagesIn(await post(`${address}map`, map))
}

export function rowsIn(messages: readonly MapMessage[]): readonly MapRows[] {
  return messages.filter((one) => one.kind === 'rows')
}

/** Cosine of each position by its index; a later message replaces an earlier one. */
export function cosinesOf(messages: readonly MapMessage[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  for (const message of rowsIn(messages)) {
    for (const [i, place] of message.places.entries()) found.set(place, message.cosines[i] as number)
  }
  return found
}
