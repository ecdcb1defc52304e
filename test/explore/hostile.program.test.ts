import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { openSentFiles } from '../../src/explore/sentFiles.js'
import { isTemporaryName } from '../../src/files/temporaries.js'
import type { DroppedNetwork, Fault } from '../../src/page/live.js'
import { ask, MAP, post, SCENE, wholeMap } from '../support/liveServer.js'

/** For what a busy machine comes to late. */
const PATIENCE = { timeout: 20_000, interval: 200 }

let page: Exploration
let origin: string

/** Of tests that ran before in this process. */
let foldersBefore: readonly string[] = []

beforeAll(async () => {
  foldersBefore = temporaryFolders()
  page = await explore({ models: [SCENE.network], results: 'not-written' })
  origin = new URL(page.address).origin
})
afterAll(async () => {
  await page.close()
  expect(sentFiles()).toEqual([])
})

// Whatever was tried, the page is served, and a map is made.
afterEach(async () => {
  expect((await ask(page.address)).status).toBe(200)
  expect((await wholeMap(page.address, MAP)).at(-1)).toMatchObject({ kind: 'end' })
})

describe('the live page', () => {
  it('is served to whoever has the link, and lets nothing else in', async () => {
    const { status, body, headers } = await ask(page.address)
    expect([status, body.includes('<title>Shiftscope, live</title>')]).toEqual([200, true])
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['referrer-policy']).toBe('no-referrer')
    for (const way of ['/', '/wrong/', '/wrong/map', `/${'x'.repeat(32)}/`, page.address.slice(origin.length, -2)]) {
      const refused = await ask(origin + way)
      expect([way, refused.status >= 403 && refused.status <= 404, refused.body.length < 200]).toEqual([
        way,
        true,
        true,
      ])
    }
  })

  it('is no other page’s business', async () => {
    const from = (headers: Record<string, string>) => ask(page.address, { headers }).then(({ status }) => status)
    expect(await from({ Host: 'evil.example' })).toBe(403)
    expect(await from({ Host: `evil.example:${page.port}` })).toBe(403)
    expect(await from({ Host: `127.0.0.1.evil.example:${page.port}` })).toBe(403)
    expect(await from({ Host: `127.0.0.1:${page.port + 1}` })).toBe(403)
    expect(await from({ Host: `localhost:${page.port}` })).toBe(200)
    expect(await from({ Origin: 'http://evil.example' })).toBe(403)
    expect(await from({ Origin: 'null' })).toBe(403)
    expect(await from({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' })).toBe(403)
    expect(await from({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' })).toBe(200)
    // What a form of another page could send without being asked.
    const plain = await ask(`${page.address}map`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: JSON.stringify(MAP),
    })
    expect(plain.status).toBe(400)
  })

  it('has no files but its own', async () => {
    const tricks = [
      '../../../../../../etc/passwd',
      '..%2f..%2f..%2fetc%2fpasswd',
      '%2e%2e/%2e%2e/etc/passwd',
      'pictures/..%2f..%2fpackage.json',
      'pictures/0-75.png/../../../package.json',
      '//etc/passwd',
      'pictures/0-75.png%00',
      'live.js%2f..%2f..',
    ]
    for (const trick of tricks) {
      const { status, body } = await rawGet(`${new URL(page.address).pathname}${trick}`)
      expect([trick, status === 403 || status === 404]).toEqual([trick, true])
      expect(body).not.toMatch(/root:|"version"/)
    }
    expect((await ask(`${page.address}pictures/0-75.png`)).headers['content-type']).toBe('image/png')
    expect((await ask(`${page.address}pictures/99999-75.png`)).status).toBe(422)
    expect((await ask(`${page.address}pictures/0-0.png`)).status).toBe(422)
    // No larger than any frame.
    expect((await ask(`${page.address}pictures/0-224.png`)).status).toBe(200)
    expect((await ask(`${page.address}pictures/0-225.png`)).status).toBe(422)
  })

  it('refuses what is no request of the page, in a line', async () => {
    const bad: object[] = [
      {},
      [],
      { ...MAP, object: -1 },
      { ...MAP, size: 1e9 },
      { ...MAP, stride: 3 },
      { ...MAP, background: '/etc/passwd' },
      { ...MAP, anchor: 'center' },
      { ...MAP, layer: 7 },
    ]
    for (const body of bad) expect((await post(`${page.address}map`, body)).status).toBe(400)
    expect(
      (await ask(`${page.address}map`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' }))
        .status,
    ).toBe(400)
    const lines = [
      [{ ...MAP, layer: 'fc9' }, /has no layer fc9 here; choose one of its layers$/],
      [{ ...MAP, network: '../tiny' }, /^there is no network \.\.\/tiny here; choose one of the list$/],
      [{ ...MAP, object: 77 }, /^this object is not here any more; add it again$/],
      [{ ...MAP, size: 225 }, /does not fit into the frame/],
    ] as const
    for (const [body, line] of lines) {
      const messages = await wholeMap(page.address, body)
      expect(messages.at(-1)).toEqual({ kind: 'fault', message: expect.stringMatching(line) })
    }
  })

  it('takes no picture of 2 GB, whether that is told or not, and no bomb', async () => {
    const before = process.memoryUsage().rss
    expect(await upload(page, ['Content-Length: 2147483648'], 64)).toMatch(/^HTTP\/1\.1 413 /)
    expect(await upload(page, ['Transfer-Encoding: chunked'], 40)).toMatch(/^HTTP\/1\.1 413 /)
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6)
    const bomb = await sharp({ create: { width: 8100, height: 8100, channels: 3, background: 'white' } })
      .png({ compressionLevel: 9 })
      .toBuffer()
    expect(bomb.length).toBeLessThan(2e6)
    const lines = [
      [bomb, 'cannot read the picture: it has more than 64 million pixels; make it smaller'],
      [
        Buffer.from('no picture'),
        'cannot read the picture: it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG',
      ],
      [Buffer.alloc(0), 'cannot read the picture: it is not a picture; give PNG, JPEG, WebP, GIF, TIFF, AVIF or SVG'],
    ] as const
    for (const [body, message] of lines) {
      const refused = await ask(`${page.address}objects?name=bomb.png`, { method: 'POST', body })
      expect([refused.status, JSON.parse(refused.body)]).toEqual([422, { kind: 'fault', message }])
    }
    const transparent = await sharp({ create: { width: 9, height: 9, channels: 4, background: '#0000' } })
      .png()
      .toBuffer()
    const nothing = await ask(`${page.address}objects?name=x`, { method: 'POST', body: transparent })
    expect(nothing.body).toContain('the picture shows no object: it has no opaque pixels (alpha of 128 or more)')
  })

  it('gives up a drawing without end, for which no picture waits', async () => {
    const add = async (name: string, body: Buffer) =>
      (await ask(`${page.address}objects?name=${name}`, { method: 'POST', body })).body
    const png = await sharp({ create: { width: 7, height: 7, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    const endless = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="5000" height="5000"><filter id="f"><feTurbulence numOctaves="1000000000"/></filter><rect width="5000" height="5000" filter="url(#f)"/></svg>',
    )
    let isGivenUp = false
    const hostile = add('endless.svg', endless).finally(() => {
      isGivenUp = true
    })
    expect(await add('red.png', png)).toContain('"name":"red"')
    expect(isGivenUp).toBe(false)
    expect(await hostile).toContain('cannot read the picture: it takes longer than 10 s; draw it as PNG')
  })

  it('is served while 90 connections that send half a header are held open, and made again when they are ended', async () => {
    let isOver = false
    let ended = 0
    const sockets = new Set<Socket>()
    const hold = () => {
      const socket = connect(page.port, '127.0.0.1', () => socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1`))
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        ended++
        if (!isOver) setTimeout(hold, 50)
      })
    }
    for (let i = 0; i < 90; i++) hold()
    await wait(500)
    for (let i = 0; i < 20; i++)
      expect((await ask(page.address, { headers: { Connection: 'close' } })).status).toBe(200)
    expect(ended).toBeGreaterThan(90 - 64)
    isOver = true
    for (const socket of sockets) socket.destroy()
  })

  it('refuses a file that is no network it can open, in a line that names it, and keeps those that are under names that are names', async () => {
    const send = (name: string, body: Buffer) =>
      ask(`${page.address}networks?name=${encodeURIComponent(name)}`, { method: 'POST', body })
    const golden = (name: string) => readFileSync(new URL(`../golden/onnx/${name}.onnx`, import.meta.url))
    const plain = golden('plain')
    const outside = Buffer.from(
      golden('external').toString('latin1').replaceAll('external.data', '../../../etc/p'),
      'latin1',
    )
    const none = 'n.onnx is not an ONNX model ('
    const elsewhere =
      'e.onnx keeps its weights in another file, external.data, which cannot be sent along; give its path: '
    const refused = [
      ['n.onnx', Buffer.alloc(0), none],
      ['n.onnx', Buffer.from('GIF89a no network'), none],
      ['n.onnx', plain.subarray(0, plain.length / 2), none],
      ['n.onnx', Buffer.alloc(1 << 20, 0xff), none],
      ['e.onnx', golden('external'), `${elsewhere}shiftscope explore --models e.onnx`],
      ['e.onnx', outside, 'e.onnx '],
      ['two.onnx', golden('two-inputs'), 'two.onnx '],
      ['../../etc/x.sh', Buffer.from('#!/bin/sh'), 'etc-x.onnx is not'],
    ] as const
    for (const [name, body, message] of refused) {
      const { status, body: answer } = await send(name, body)
      const fault = JSON.parse(answer) as Fault
      expect([name, status, fault.message.slice(0, message.length)]).toEqual([name, 422, message])
      expect(fault.message).not.toMatch(/tmp|\n/)
    }
    expect(sentFiles()).toEqual([])
    const names = ['../../etc/passwd.onnx', 'passwd<b>.onnx', `${SCENE.network}.onnx`, '.onnx']
    const bodies = names.map((_, i) => Buffer.concat([plain, Buffer.from([0x2a, i, ...Array(i).fill(65)])]))
    const ids: string[] = []
    for (const [i, name] of names.entries()) {
      const { network } = JSON.parse((await send(name, bodies[i] as Buffer)).body) as DroppedNetwork
      ids.push(network.id)
    }
    expect(ids).toEqual(['etc-passwd', 'passwd-b', `${SCENE.network}-2`, 'network'])
    // The same file of the same name is the same network.
    expect((await send(names[0] as string, bodies[0] as Buffer)).body).toContain('"id":"etc-passwd"')
    expect(sentFiles()).toHaveLength(names.length)
  })

  it('takes no network of 2 GB, nor two at a time', async () => {
    const before = process.memoryUsage().rss
    expect(await upload(page, ['Content-Length: 2147483648'], 64, 'networks?name=big.onnx')).toContain(
      'does not fit into',
    )
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6)
    const filesBefore = sentFiles().length
    const half = connect(page.port, '127.0.0.1')
    half.on('error', () => undefined)
    half.write(
      `POST ${new URL(page.address).pathname}networks?name=a.onnx HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nContent-Length: 99\r\n\r\nhalf`,
    )
    await vi.waitFor(() => expect(sentFiles().length).toBeGreaterThan(filesBefore), PATIENCE)
    const meanwhile = await ask(`${page.address}networks?name=b.onnx`, { method: 'POST', body: 'no network' })
    expect(meanwhile.body).toContain('another file is being opened; send this one once that has ended')
    half.destroy()
    await vi.waitFor(async () => {
      const { body } = await ask(`${page.address}networks?name=b.onnx`, { method: 'POST', body: 'no network' })
      expect(body).toContain('b.onnx is not an ONNX model')
    }, PATIENCE)
    // However it is sent.
    const files = openSentFiles()
    async function* endless() {
      for (;;) yield Buffer.alloc(1 << 16)
    }
    const sent = { name: 'endless.onnx', bytes: 0, pieces: endless() }
    await expect(files.take(sent, 'x.onnx', 1e6, async () => 'open')).rejects.toThrow('fit into the 1 MB that are left')
    await files.remove()
  })

  it('gives names that are names, whatever a file is called', async () => {
    const picture = (red: number) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background: { r: red, g: 0, b: 0 } } })
        .png()
        .toBuffer()
    const named = async (name: string, red: number) => {
      const { body } = await ask(`${page.address}objects?name=${encodeURIComponent(name)}`, {
        method: 'POST',
        body: await picture(red),
      })
      return (JSON.parse(body) as { name: string }).name
    }
    expect(await named('../../etc/passwd.png', 1)).toBe('etc-passwd')
    expect(await named('<script>alert(1)</script>.png', 2)).toBe('script-alert-1-script')
    expect(await named('', 3)).toBe('object')
    expect(await named('.png', 4)).toBe('object-2')
    expect(await named('x'.repeat(5000), 5)).toBe('x'.repeat(60))
    // The same picture is the same object.
    expect(await named('else.png', 3)).toBe('object')
  })

  it('has 50 maps asked for at once, computes some and refuses the rest; those whose reader goes end', async () => {
    const slow = { ...MAP, stride: 1 }
    const sockets = Array.from({ length: 50 }, () => {
      const body = JSON.stringify(slow)
      const socket = connect(page.port, '127.0.0.1')
      socket.write(
        `POST ${new URL(page.address).pathname}map HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      return socket
    })
    const statuses = await Promise.all(
      sockets.map(async (socket) => {
        const [data] = (await once(socket, 'data')) as [Buffer]
        return data.toString().slice(9, 12)
      }),
    )
    expect(statuses.filter((status) => status === '200').length).toBeGreaterThan(0)
    expect(statuses.filter((status) => status !== '200' && status !== '429')).toEqual([])
    expect(statuses).toContain('429')
    for (const socket of sockets) socket.destroy()
    // Their places become free.
    let again = 429
    for (let attempt = 0; again === 429 && attempt < 100; attempt++) {
      again = (await post(`${page.address}map`, MAP)).status
      await wait(50)
    }
    expect(again).toBe(200)
  })
})

/** Files that this process has been sent. */
function sentFiles(): readonly string[] {
  const sent = temporaryFolders().filter((name) => !foldersBefore.includes(name))
  return sent.flatMap((name) => readdirSync(join(tmpdir(), name))).filter((name) => name.endsWith('.onnx'))
}

function temporaryFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => isTemporaryName(name) && name.includes(`-${process.pid}-`))
}

/** A request for a way as it is written, which no client would send. */
async function rawGet(way: string): Promise<{ readonly status: number; readonly body: string }> {
  const socket = connect(page.port, '127.0.0.1')
  socket.write(`GET ${way} HTTP/1.1\r\nHost: 127.0.0.1:${page.port}\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const data of socket) text += String(data)
  return { status: Number(text.slice(9, 12)), body: text }
}

/** Sends so many mebibytes of a picture, as far as they are taken. @returns the beginning of the answer */
async function upload(
  { address, port }: Exploration,
  headers: readonly string[],
  mebibytes: number,
  way = 'objects?name=big.png',
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const head = [`POST ${new URL(address).pathname}${way} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  let answer = ''
  socket.on('data', (data) => {
    answer += String(data)
  })
  socket.on('error', () => undefined)
  const piece = Buffer.alloc(1 << 20, 7)
  const isChunked = headers.some((header) => header.startsWith('Transfer-Encoding'))
  for (let i = 0; i < mebibytes && answer === '' && socket.writable; i++) {
    if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`)
    if (!socket.write(piece)) await drained(socket)
    if (isChunked) socket.write('\r\n')
  }
  for (let attempt = 0; answer === '' && attempt < 100; attempt++) await wait(50)
  socket.destroy()
  return answer
}

/** Room for more, or the end of it. */
function drained(socket: Socket): Promise<void> {
  return new Promise((done) => {
    const events = ['drain', 'error', 'close']
    const go = () => {
      for (const event of events) socket.off(event, go)
      done()
    }
    for (const event of events) socket.on(event, go)
  })
}
