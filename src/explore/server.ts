import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { stream } from 'hono/streaming'
import { z } from 'zod'
import { ShiftscopeError, wordingOf } from '../errors.js'
import { messageLine } from '../messageLine.js'
import { type Fault, LIVE_STRIDES } from '../page/live/live.js'
import { encodeMessage } from '../page/live/messageCoding.js'
import { livePage, liveScript } from '../page/live/page.js'
import type { Explorer } from './explorer.js'
import { fromOwnPage, isSecret, type ServerPlace } from './guard.js'
import { MOST_PICTURE_BYTES } from './objects.js'
import { pageWords } from './pageWords.js'

/** Largest size of a request's body in bytes. Pictures and networks have limits of their own. */
const MOST_BYTES = 64 * 1024

/** Largest number of responses (mostly maps) that are streamed at a time. Each browser tab shows up to two maps. */
const MOST_STREAMS = 12

/** Largest number of connections at a time. Browsers open a few per tab. */
const MOST_CONNECTIONS = 64

/** Time limit in seconds for a request to arrive completely. */
const REQUEST_SECONDS = 60

const pixel = z.int().min(-4096).max(4096)
const place = z.object({ row: pixel, col: pixel })
const scene = z.object({
  network: z.string().max(1000),
  object: z.int().min(0),
  size: z.int().min(1).max(4096),
  stride: z.literal([...LIVE_STRIDES]),
  background: z.string().regex(/^(white|#[0-9a-f]{6})$/),
})
const category = z.string().max(1000)
const bodies = {
  map: z.object({ ...scene.shape, category, layer: z.string().max(1000), anchor: place, cursor: place }),
  cursor: z.object({ ...scene.shape, cursor: place }),
  keep: z.object({ ...scene.shape, category, replaces: z.boolean() }),
  pull: z.object({ id: z.string().max(200) }),
}

const HEADERS = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'unsafe-inline'"],
    imgSrc: ["'self'", 'data:', 'blob:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  crossOriginResourcePolicy: 'same-origin',
  // This header would demand HTTPS, and the server speaks only plain HTTP.
  strictTransportSecurity: false,
  // The page of the results folder has a policy of its own.
  overwrite: false,
}

/** The page of the results folder has its script inside. It gets an origin of its own, so it cannot use the server. */
const KEPT_PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Origin-Agent-Cluster': '?0',
  'Content-Security-Policy':
    "sandbox allow-scripts allow-downloads allow-modals allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

/**
 * Makes the server of the live page. Every path starts with the secret, and only the page itself may send requests.
 * @param at function that returns where the server listens; called only after the server has started to listen
 */
export function liveServer(explorer: Explorer, secret: string, at: () => ServerPlace): Server {
  const app = new Hono()
  app.use(secureHeaders(HEADERS))
  app.use(fromOwnPage(at))
  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store')
    await next()
  })
  app.use('/:secret/*', async (context, next) => {
    if (!isSecret(context.req.param('secret'), secret)) return context.text(NO_SECRET, 403)
    await next()
  })
  app.route('/:secret/', liveRoutes(explorer))
  app.notFound((context) => context.text('there is nothing here\n', 404))
  app.onError((error, context) => {
    const { message, status } = faultOf(error)
    // A page that cannot be opened is shown in a tab of its own.
    if (context.req.method === 'GET') return context.text(`${message}\n`, status)
    return context.json<Fault>({ kind: 'fault', message }, status)
  })

  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: {
      requestTimeout: REQUEST_SECONDS * 1000,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: 16 * 1024,
    },
  }) as Server
  limitConnections(server)
  return server
}

function liveRoutes(explorer: Explorer): Hono {
  const page = new Hono()
  const answerStream = streamedAnswers()
  page.get('/', async (context) => context.html(livePage(await explorer.study())))
  page.get('/live.js', (context) => context.body(liveScript(), 200, { 'Content-Type': 'text/javascript' }))
  page.get('/pictures/:picture{\\d{1,12}-\\d{1,4}\\.png}', async (context) => {
    const [key, size] = context.req.param('picture').replace('.png', '').split('-').map(Number)
    const png = await explorer.picture(key!, size!)
    return context.body(new Uint8Array(png), 200, { 'Content-Type': 'image/png' })
  })
  page.get('/page.html', async (context) => {
    const html = await explorer.keptPage()
    return context.body(new Uint8Array(html), 200, KEPT_PAGE_HEADERS)
  })
  page.post('/objects', limited(MOST_PICTURE_BYTES), async (context) => {
    const name = (context.req.query('name') ?? '').slice(0, 1000)
    const bytes = new Uint8Array(await context.req.arrayBuffer())
    const isPhotograph = context.req.query('photograph') !== undefined
    return context.json(await explorer.addObject(bytes, name, context.req.raw.signal, isPhotograph))
  })
  page.post('/networks', async (context) => {
    const name = (context.req.query('name') ?? '').slice(0, 1000)
    const bytes = Number(context.req.header('content-length') ?? 0)
    // This body needs no limit here, because it is never in memory as a whole. It is written to disk as it arrives, and
    // its size is checked there.
    const pieces = context.req.raw.body ?? Readable.from([])
    return context.json(await explorer.addNetwork({ name, bytes, pieces }, context.req.raw.signal))
  })
  page.post('/map', limited(MOST_BYTES), async (context) => {
    const request = await bodyOf(context, bodies.map)
    return answerStream(context, (signal) => explorer.map(request, signal))
  })
  page.post('/cursor', limited(MOST_BYTES), async (context) => {
    const { cursor, ...wanted } = await bodyOf(context, bodies.cursor)
    explorer.lookAt(wanted, cursor)
    return context.body(null, 204)
  })
  page.post('/keep', limited(MOST_BYTES), async (context) => {
    return context.json(await explorer.keep(await bodyOf(context, bodies.keep), context.req.raw.signal))
  })
  page.post('/pull', limited(MOST_BYTES), async (context) => {
    const { id } = await bodyOf(context, bodies.pull)
    return answerStream(context, (signal) => explorer.pull(id, signal))
  })
  return page
}

/**
 * Returns a function that answers a request with a stream of messages (see `encodeMessage`). A stream ends after the
 * last message, or when nobody reads it any more. At most MOST_STREAMS run at the same time.
 */
function streamedAnswers() {
  let streams = 0
  return (context: Context, messages: (signal: AbortSignal) => AsyncIterable<object>): Response => {
    if (streams >= MOST_STREAMS)
      return context.json<Fault>(
        { kind: 'fault', message: 'too many maps at a time; close other tabs of this page' },
        429,
      )
    streams++
    context.header('Content-Type', 'application/octet-stream')
    return stream(context, async (out) => {
      const gone = new AbortController()
      out.onAbort(() => gone.abort())
      const send = (message: object) => out.write(encodeMessage(message))
      try {
        for await (const message of messages(gone.signal)) {
          if (gone.signal.aborted) break
          await send(message)
        }
      } catch (error) {
        if (!gone.signal.aborted) await send({ kind: 'fault', message: faultOf(error).message } satisfies Fault)
      } finally {
        gone.abort()
        streams--
      }
    })
  }
}

/**
 * Limits the number of connections. If there are too many, a new one replaces the oldest one that is not being
 * answered. So connections that never finish a request cannot keep others out.
 */
function limitConnections(server: Server): void {
  const connections = new Set<Socket>()
  /** Connections that have no request to answer, the oldest first. */
  const waiting = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    if (connections.size >= MOST_CONNECTIONS) {
      const [oldest = socket] = waiting
      oldest.destroy()
      connections.delete(oldest)
      waiting.delete(oldest)
      if (oldest === socket) return
    }
    connections.add(socket)
    waiting.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      waiting.delete(socket)
    })
  })
  server.on('request', ({ socket }, response) => {
    waiting.delete(socket)
    response.once('close', () => {
      if (connections.has(socket)) waiting.add(socket)
    })
  })
}

const NO_SECRET = 'this link is incomplete; use the one that Shiftscope printed when it started\n'

function limited(maxSize: number) {
  return bodyLimit({
    maxSize,
    onError: (context) =>
      context.json<Fault>(
        { kind: 'fault', message: `the upload is larger than ${maxSize >> 10} KiB; choose a smaller picture` },
        413,
      ),
  })
}

/**
 * Parses the body of a request. Its type must be JSON, because browsers let other pages send this type
 * only if the server permits it.
 */
async function bodyOf<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  if (!/^application\/json\b/.test(context.req.header('content-type') ?? '')) throw new BadRequest()
  const json: unknown = await context.req.json().catch(() => undefined)
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new BadRequest()
  return parsed.data
}

class BadRequest extends Error {}

function faultOf(error: unknown): { readonly message: string; readonly status: 400 | 422 | 500 } {
  if (error instanceof BadRequest) return { message: 'the request is invalid; reload the page', status: 400 }
  return {
    message: messageLine(pageWords(wordingOf(error)).split('\n')[0]!),
    status: error instanceof ShiftscopeError ? 422 : 500,
  }
}
