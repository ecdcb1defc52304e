import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { modelsFolder } from '../../src/files/package.js'
import { isTemporaryName } from '../../src/files/temporaries.js'
import type { DroppedNetwork, Fault } from '../../src/page/live/live.js'
import { type Asking, ask, MAP, post, SCENE, wholeMap } from '../support/liveServer.js'

/** For what a busy machine comes to late. */
const PATIENCE = { timeout: 20_000, interval: 100 }

let page: Exploration
let origin: string
/** The secret, between slashes. */
let secret: string

/** Of tests that ran before in this process. */
let foldersBefore: readonly string[] = []

beforeAll(async () => {
  foldersBefore = temporaryFolders()
  page = await explore({ models: [SCENE.network], results: 'not-written' })
  ;({ origin, pathname: secret } = new URL(page.address))
})
afterAll(async () => {
  await page.close()
  expect(sentFiles()).toEqual([])
})

// Whatever was tried, the page is served, and a map is made.
afterEach(async () => {
  expect((await ask(page.address)).status).toBe(200)
  expect((await wholeMap(page.address, MAP)).at(-1)).toMatchObject({ done: 7 * 7 })
})

describe('the live page', () => {
  it('answers what it should, and nothing else', async () => {
    const [foreign, nothing, noSecret] = [
      'requests from other pages',
      'there is nothing here',
      'this link is incomplete',
    ]
    const [byAddress, noRequest] = ['unknown host name; use the link', 'the request is invalid; reload the page']
    const at = (path: string) => ({ path })
    const from = (headers: Readonly<Record<string, string>>, way = '') => ({ path: `${secret}${way}`, headers })
    const map = (body: unknown, type = 'application/json') => ({
      ...{ path: `${secret}map`, method: 'POST', headers: { 'Content-Type': type } },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const rows: readonly (readonly [string, Asking, number, string])[] = [
      ['the link', at(secret), 200, '<title>Shiftscope, live</title>'],
      ['no secret', at('/'), 404, nothing],
      ['a wrong secret', at('/wrong/'), 403, noSecret],
      ['a map with a wrong secret', at('/wrong/map'), 403, noSecret],
      ['a secret of the right length', at(`/${'x'.repeat(32)}/`), 403, noSecret],
      ['most of the secret', at(`${secret.slice(0, -2)}/`), 403, noSecret],
      // Which hosts and pages are foreign, guard.test.ts shows.
      ['another host', from({ Host: `evil.example:${page.port}` }), 403, byAddress],
      ['another origin', from({ Origin: 'http://evil.example' }), 403, foreign],
      ['a form, which may be sent unasked', map(MAP, 'text/plain'), 400, noRequest],
      // What leads out of the secret's folder is without a secret.
      ['files above', at(`${secret}../../../../etc/passwd`), 403, noSecret],
      ['files above in code', at(`${secret}%2e%2e/%2e%2e/etc/passwd`), 403, noSecret],
      ['files above in more code', at(`${secret}..%2f..%2f..%2fetc%2fpasswd`), 404, nothing],
      ['files above the pictures', at(`${secret}pictures/..%2f..%2fpackage.json`), 404, nothing],
      ['files above by way of a picture', at(`${secret}pictures/0-75.png/../../../package.json`), 403, noSecret],
      ['files of the machine', at(`${secret}//etc/passwd`), 404, nothing],
      ['a name that goes on', at(`${secret}pictures/0-75.png%00`), 404, nothing],
      ['the kept page with a wrong secret', at('/wrong/page.html'), 403, noSecret],
      ['the kept page before Keep', at(`${secret}page.html`), 422, 'nothing is kept yet; click Keep first'],
      ['the kept page for another page', from({ 'Sec-Fetch-Site': 'cross-site' }, 'page.html'), 403, foreign],
      ['a picture', at(`${secret}pictures/0-75.png`), 200, '\ufffdPNG'],
      ['a picture of no object', at(`${secret}pictures/99999-75.png`), 422, 'this object is no longer in memory'],
      ['a picture of no size', at(`${secret}pictures/0-0.png`), 422, ''],
      ['a picture of the largest size', at(`${secret}pictures/0-224.png`), 200, '\ufffdPNG'],
      ['a picture larger than any frame', at(`${secret}pictures/0-225.png`), 422, ''],
      ['a map of nothing', map([]), 400, noRequest],
      ['half of JSON', map('{'), 400, noRequest],
      ['a negative number', map({ ...MAP, object: -1 }), 400, noRequest],
      ['a size that no frame has', map({ ...MAP, size: 4097 }), 400, noRequest],
      ['a stride that is not offered', map({ ...MAP, stride: 3 }), 400, noRequest],
      ['a file as background', map({ ...MAP, background: '/etc/passwd' }), 400, noRequest],
      ['an anchor by name', map({ ...MAP, anchor: 'center' }), 400, noRequest],
      ['a layer that is no text', map({ ...MAP, layer: 7 }), 400, noRequest],
      ['a long text', map({ ...MAP, layer: 'x'.repeat(70_000) }), 413, 'the upload is larger than 64 KiB'],
      [
        'a layer that is not here',
        map({ ...MAP, layer: 'fc9' }),
        200,
        'no layer fc9 on this page; choose one of its layers',
      ],
      [
        'a network that is not here',
        map({ ...MAP, network: '../a' }),
        200,
        'there is no network ../a on this page; choose',
      ],
      ['an object that is not here', map({ ...MAP, object: 77 }), 200, 'this object is no longer in memory; add it'],
      ['an object larger than the frame', map({ ...MAP, size: 225 }), 200, 'does not fit into the frame'],
    ]
    for (const [what, asking, status, part] of rows) {
      const answer = await ask(origin, asking)
      expect([what, answer.status, answer.body.includes(part) || answer.body]).toEqual([what, status, true])
    }
    const { headers } = await ask(page.address)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect([headers['referrer-policy'], headers['cache-control']]).toEqual(['no-referrer', 'no-store'])
  })

  it('takes no picture of 2 GB, whether that is told or not, no bomb, and nothing that is no picture', async () => {
    const before = process.memoryUsage().rss
    expect(await upload(['Content-Length: 2147483648'], 64)).toMatch(/^HTTP\/1\.1 413 /)
    expect(await upload(['Transfer-Encoding: chunked'], 40)).toMatch(/^HTTP\/1\.1 413 /)
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6)
    const none = 'it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG'
    for (const [body, message] of [
      [await png(8100), 'it has more than 64 million pixels; make it smaller'],
      [Buffer.from('no picture'), none],
      [Buffer.alloc(0), none],
    ] as const) {
      const refused = await ask(`${page.address}objects?name=bomb.png`, { method: 'POST', body })
      const fault = { kind: 'fault', message: `cannot read the picture: ${message}` }
      expect([refused.status, JSON.parse(refused.body)]).toEqual([422, fault])
    }
  })

  it('lets no picture wait for a drawing without end', async () => {
    const endless = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="5000" height="5000"><filter id="f"><feTurbulence numOctaves="1000000000"/></filter><rect width="5000" height="5000" filter="url(#f)"/></svg>',
    )
    const { socket, answer } = opened(head('objects?name=endless.svg', [`Content-Length: ${endless.length}`]))
    socket.write(endless)
    const added = await ask(`${page.address}objects?name=dot.png`, { method: 'POST', body: await png(1) })
    expect([added.body, answer()]).toEqual([expect.stringContaining('"name":"dot"'), ''])
    socket.destroy()
  })

  it('is served while 90 connections that send half a header are held open, and made again when they are ended', async () => {
    let isOver = false
    let ended = 0
    const sockets = new Set<Socket>()
    const hold = () => {
      const socket = connect(page.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1'))
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        ended++
        if (!isOver) setTimeout(hold, 50)
      })
    }
    for (let i = 0; i < 90; i++) hold()
    await vi.waitFor(() => expect(ended).toBeGreaterThan(90 - 64), PATIENCE)
    for (let i = 0; i < 10; i++)
      expect((await ask(page.address, { headers: { Connection: 'close' } })).status).toBe(200)
    isOver = true
    for (const socket of sockets) socket.destroy()
  })

  it('refuses files that are no networks it can open, and keeps the others under names that are names', async () => {
    const send = (name: string, body: Buffer) =>
      ask(`${page.address}networks?name=${encodeURIComponent(name)}`, { method: 'POST', body })
    const golden = (name: string) => readFileSync(new URL(`../golden/onnx/${name}.onnx`, import.meta.url))
    const [plain, external] = [golden('plain'), golden('external')]
    const outside = Buffer.from(external.toString('latin1').replaceAll('external.data', '../../../etc/p'), 'latin1')
    const none = 'n.onnx is not an ONNX model ('
    for (const [name, body, message] of [
      ['n.onnx', Buffer.alloc(0), none],
      ['n.onnx', Buffer.from('GIF89a no network'), none],
      ['n.onnx', plain.subarray(0, plain.length / 2), none],
      ['n.onnx', Buffer.alloc(1 << 20, 0xff), none],
      [
        'e.onnx',
        external,
        'e.onnx keeps weights in a second file, external.data, which the page cannot upload; start Shiftscope',
      ],
      ['e.onnx', outside, 'e.onnx '],
      ['two.onnx', golden('two-inputs'), 'two.onnx '],
      ['../../etc/x.sh', Buffer.from('#!/bin/sh'), 'etc-x.onnx is not'],
    ] as const) {
      const { status, body: answer } = await send(name, body)
      const fault = JSON.parse(answer) as Fault
      expect([name, status, fault.message.slice(0, message.length)]).toEqual([name, 422, message])
      expect(fault.message).not.toMatch(/tmp|\n/)
    }
    expect(sentFiles()).toEqual([])
    const embedded = readFileSync(join(modelsFolder(), `${SCENE.network}.onnx`))
    const other = Buffer.concat([plain, Buffer.from('\x72\x00', 'latin1')])
    const taken = createHash('sha256').update(other).digest('hex').slice(0, 6)
    const answers: DroppedNetwork[] = []
    for (const [name, body] of [
      ['../../etc/Passwd.onnx', plain],
      // The same file is the same network, also under another name, and if it was offered from the start.
      ['../../etc/Passwd.onnx', plain],
      ['else.onnx', plain],
      ['mine.onnx', embedded],
      [`${SCENE.network}.onnx`, embedded],
      ['ETC-passwd.onnx', other],
      ['resnet50.onnx', Buffer.concat([other, Buffer.from('\x72\x00', 'latin1')])],
    ] as const)
      answers.push(JSON.parse((await send(name, body)).body))
    const had = Array(2).fill('etc-Passwd')
    expect(answers.map(({ network }) => network.id)).toEqual([
      ...['etc-Passwd', ...had, SCENE.network, SCENE.network],
      ...[`ETC-passwd-${taken}`, 'resnet50'],
    ])
    expect(answers.map(({ recipe }) => recipe[0] === 'The page already had this file.')).toEqual([
      ...[false, true, true, true, true, false, false],
    ])
    expect(answers[5]?.recipe[0]).toBe(
      'Another network is called ETC-passwd. The end of this name is the start of the file’s SHA-256.',
    )
    expect(sentFiles()).toHaveLength(3)
  })

  it('takes no network of 2 GB, nor two at a time', async () => {
    const big = await upload(['Content-Length: 2147483648'], 64, 'networks?name=big.onnx')
    expect(big).toContain('is larger than the')
    const filesBefore = sentFiles().length
    const half = opened(`${head('networks?name=a.onnx', ['Content-Length: 99'])}half`).socket
    await vi.waitFor(() => expect(sentFiles().length).toBeGreaterThan(filesBefore), PATIENCE)
    const send = async () =>
      (await ask(`${page.address}networks?name=b.onnx`, { method: 'POST', body: 'no network' })).body
    expect(await send()).toContain('another file is still being opened; add this one again when it is done')
    half.destroy()
    await vi.waitFor(async () => expect(await send()).toContain('b.onnx is not an ONNX model'), PATIENCE)
  })

  it('has 50 maps asked for at once, computes some and refuses the rest; those whose reader goes end', async () => {
    const body = JSON.stringify({ ...MAP, stride: 1 })
    const request = head('map', ['Content-Type: application/json', `Content-Length: ${body.length}`]) + body
    const sockets = Array.from({ length: 50 }, () => opened(request).socket)
    const answers: Buffer[][] = await Promise.all(sockets.map((socket) => once(socket, 'data')))
    const statuses = answers.map(([data]) => String(data).slice(9, 12))
    expect(statuses.sort()).toEqual([...Array(12).fill('200'), ...Array(38).fill('429')])
    for (const socket of sockets) socket.destroy()
    // Their places become free.
    await vi.waitFor(async () => expect((await post(`${page.address}map`, MAP)).status).toBe(200), PATIENCE)
  })
})

/** Files that this process has been sent. */
function sentFiles(): readonly string[] {
  const sent = temporaryFolders().filter((name) => !foldersBefore.includes(name))
  const files = sent.flatMap((name) => readdirSync(join(tmpdir(), name), { recursive: true }).map(String))
  return files.filter((name) => name.endsWith('.onnx'))
}

function temporaryFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => isTemporaryName(name) && name.includes(`-${process.pid}-`))
}

/** The head of a request that sends something. */
function head(way: string, headers: readonly string[]): string {
  return [`POST ${secret}${way} HTTP/1.1`, `Host: 127.0.0.1:${page.port}`, ...headers, '', ''].join('\r\n')
}

/** A connection on which something was sent, and what has come back. */
function opened(sent: string) {
  const socket = connect(page.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += String(data)
  })
  socket.on('error', () => undefined)
  socket.write(sent)
  return { socket, answer: () => answer }
}

/** A PNG that states a size, and has the pixels of a single one. */
async function png(side: number): Promise<Buffer> {
  const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  for (const at of [16, 20]) bytes.writeUInt32BE(side, at)
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
  return bytes
}

/** Sends so many mebibytes, as far as they are taken. @returns the beginning of the answer */
async function upload(headers: readonly string[], mebibytes: number, way = 'objects?name=big.png'): Promise<string> {
  const { socket, answer } = opened(head(way, headers))
  const piece = Buffer.alloc(1 << 20, 7)
  const isChunked = headers.some((header) => header.startsWith('Transfer-Encoding'))
  const sent = isChunked ? Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')]) : piece
  const closed = once(socket, 'close').catch(() => undefined)
  for (let i = 0; i < mebibytes && answer() === '' && socket.writable; i++) {
    if (!socket.write(sent)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
  }
  for (let attempt = 0; answer() === '' && attempt < 100; attempt++) await wait(50)
  socket.destroy()
  return answer()
}
