import { oddText } from './documents.js'
import { mutate } from './mutation.js'
import type { Random } from './random.js'

type Headers = Readonly<Record<string, string | number | undefined>>

/** An answer of a server as bytes of HTTP, mostly in order; what a header is undefined for is left out. */
export function drawResponse(random: Random, status: number, headers: Headers, body: string | Uint8Array): Uint8Array {
  const code = random.chance(0.95)
    ? status
    : random.pick([100, 200, 204, 206, 301, 302, 304, 401, 403, 404, 416, 429, 500, 503, 999])
  const content = Buffer.from(body)
  const length = random.chance(0.95)
    ? content.length
    : random.pick([0, content.length + 1, content.length - 1, -1, 2 ** 53, 'x'])
  const all = {
    'content-type': 'application/json',
    'content-length': length,
    ...headers,
    ...(random.chance(0.1) && oddHeaders(random)),
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  const head = `HTTP/1.1 ${code} Text\r\n${lines.join('\r\n')}\r\n\r\n`
  const whole = Buffer.concat([Buffer.from(head, 'latin1'), content])
  return random.chance(0.03) ? mutate(whole, random, [whole]) : whole
}

function oddHeaders(random: Random): Headers {
  const value = () =>
    oddText(random)
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 500)
  return random.pick<Headers>([
    {
      link: random.pick([
        '',
        '<>; rel="next"',
        '<{origin}/next>; rel="next"',
        '<http://[>; rel="next"',
        `<${value()}>; rel="next"`,
        '<https://example.org/>; rel="next"',
      ]),
    },
    { location: random.pick(['{origin}/again', '/again', 'http://example.org', 'http://[', value()]) },
    { 'x-error-code': random.pick(['GatedRepo', 'RevisionNotFound', 'RepoNotFound', 'EntryNotFound', value()]) },
    { 'content-encoding': random.pick(['gzip', 'br', value()]) },
    { 'transfer-encoding': 'chunked' },
    { etag: value() },
  ])
}
