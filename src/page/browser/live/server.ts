import type { Fault } from '../../live/live.js'
import { messageDecoder } from '../../live/messageCoding.js'

const GONE = 'The server does not answer. It has stopped, or its machine is asleep. Start Shiftscope again.'

/** @throws Error with the server's message */
export async function ask(path: string, body: object | Blob, signal?: AbortSignal): Promise<Response> {
  const isBlob = body instanceof Blob
  const response = await fetch(path, {
    method: 'POST',
    body: isBlob ? body : JSON.stringify(body),
    headers: { 'Content-Type': isBlob ? 'application/octet-stream' : 'application/json' },
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    throw signal?.aborted ? error : new Error(GONE)
  })
  if (response.ok) return response
  const fault = (await response.json().catch(() => undefined)) as Fault | undefined
  throw new Error(fault?.message ?? `The server refused the request (${response.status}).`)
}

export async function* messagesOf<T>(response: Response, signal?: AbortSignal): AsyncGenerator<T, void, undefined> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decode = messageDecoder<T>()
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw signal?.aborted ? error : new Error(GONE)
    })
    if (done) return
    yield* decode(value)
  }
}
