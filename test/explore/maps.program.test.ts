import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { openNetwork } from '../../src/features/openNetwork.js'
import { fileName } from '../../src/files/fileName.js'
import { openLocks } from '../../src/files/lock.js'
import { modelsFolder } from '../../src/files/package.js'
import {
  type DroppedNetwork,
  KEEPS_OBJECTS,
  type KeptUnit,
  type LiveObject,
  type LiveStudy,
} from '../../src/page/live/live.js'
import type { ProgressEvent } from '../../src/progress.js'
import { reproduce } from '../../src/study/maps/reproduce.js'
import { unitTitle } from '../../src/study/maps/units.js'
import { machineMemory } from '../../src/support/machine.js'
import { randomNumbers } from '../../src/support/randomNumbers.js'
import { contents } from '../support/commandLine.js'
import { cosine } from '../support/features.js'
import { ask, cosinesOf, MAP, messagesIn, post, rowsIn, SCENE, wholeMap } from '../support/liveServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const DOG = join(modelsFolder(), 'patches', 'dog.png')
const NETWORK = join(modelsFolder(), 'tiny-alexnet.onnx')

const folder = temporaryFolder()
let page: Exploration

beforeEach(async () => {
  page = await explore({ models: [SCENE.network], results: folder('kept') })
})
afterEach(() => page.close())

async function send<T>(way: string, file: string, { address } = page): Promise<T> {
  return JSON.parse((await ask(`${address}${way}`, { method: 'POST', body: readFileSync(file) })).body) as T
}

async function studyOf({ address }: { readonly address: string }): Promise<LiveStudy> {
  return JSON.parse(/id="study">(.*?)<\/script>/.exec((await ask(address)).body)?.[1] ?? '')
}

async function keep(wanted: object, { address } = page) {
  return JSON.parse((await post(`${address}keep`, { ...SCENE, category: '', replaces: false, ...wanted })).body)
}

describe('an object that is kept', () => {
  it('is the unit that reproduce makes, to the byte, also in a network that was sent', async () => {
    const { network, recipe } = await send<DroppedNetwork>('networks?name=mine.onnx', NETWORK)
    expect([network.id, network.frame, network.classes]).toEqual(['mine', 224, 'fc8'])
    expect(recipe[0]).toMatch(
      /^Input: 224 × 224 pixels, RGB, divided by 255, minus [\d. ]+, divided by [\d. ]+ \(.+\)\.$/,
    )
    const { key, name } = await send<LiveObject>(`objects?name=${encodeURIComponent('my dog.png')}`, DOG)
    expect(name).toBe('my-dog')
    const scene = { network: 'mine', object: key, background: '#204060' }
    const messages = await wholeMap(page.address, { ...MAP, ...scene })
    expect(messages.slice(0, 2)).toEqual([{ kind: 'opening', seconds: expect.any(Number) }, { kind: 'opened' }])
    const kept = (await keep(scene)) as KeptUnit
    const model = folder('kept', 'networks', 'mine.onnx')
    const patches = folder('kept', 'objects', 'my-dog')
    expect(kept).toEqual({ kind: 'kept', network: 'mine', results: folder('kept'), units: 1 })
    expect(readFileSync(model).equals(readFileSync(NETWORK))).toBe(true)
    const options = {
      ...{ models: [model], patches, sizes: [125], stride: 16, background: '#204060', report: false },
      experiments: ['similarity'] as const,
    }
    await reproduce({ ...options, out: folder('made') })
    for (const part of ['units', 'pictures'])
      expect(await contents(folder('kept', part))).toEqual(await contents(folder('made', part)))
    expect((await reproduce({ ...options, out: folder('kept') })).computed).toBe(0)
    const differences = ['stride 16 instead of 8']
    expect(await keep({ ...scene, stride: 8 })).toEqual({ kind: 'other', network: 'mine', differences })
    expect(await keep({ ...scene, stride: 8, replaces: true })).toEqual(kept)
    // What the user says that it is becomes the unit's category.
    const said = { ...scene, stride: 8, category: 'coffee mug' }
    expect((await keep(said)).differences).toEqual(['category null instead of "coffee mug"'])
    expect(await keep({ ...said, replaces: true })).toEqual(kept)
    const again = { ...options, stride: 8, patches: join(patches, 'my-dog-coffee mug.json') }
    expect((await reproduce({ ...again, out: folder('kept') })).computed).toBe(0)
    // Somebody else is at it.
    const locks = openLocks(folder('kept'))
    expect(await locks.take(fileName(unitTitle('mine', 125, 'my-dog')))).toBe(true)
    const taken = await keep({ ...scene, replaces: true })
    await locks.close()
    expect(taken).toEqual({
      kind: 'fault',
      message: `another process is already computing these results in ${folder('kept')}; click Keep again when it has finished`,
    })
    // Another network has taken the name since.
    writeFileSync(model, 'another')
    expect((await keep({ ...scene, replaces: true })).message).toContain(
      'rename your file and add it to the page again',
    )
  })

  it('opens as a page that has an origin of its own', async () => {
    await keep({})
    const { status, headers, body } = await ask(`${page.address}page.html`)
    expect([status, body]).toEqual([200, expect.stringContaining('<title>Shift invariance of ')])
    expect(headers['content-security-policy']).toMatch(/^sandbox allow-scripts [a-z -]+; default-src 'none'; /)
    expect(headers['content-security-policy']).not.toMatch(/allow-same-origin|connect-src/)
  })

  it('is stored once of several that ask at a time, and never behind a link', async () => {
    await using another = await explore({ models: [SCENE.network], results: folder('kept') })
    const [{ key: object }] = [
      await send<LiveObject>('objects?name=my-dog.png', DOG),
      await send<LiveObject>('objects?name=my-dog.png', DOG, another),
    ]
    const [white, blue] = [
      { object, background: 'white' },
      { object, background: '#204060' },
    ]
    const answers = await Promise.all([keep(white), keep(blue)])
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['kept', 'other'])
    const both = await Promise.all([keep({ ...white, size: 75 }), keep({ ...blue, size: 75 }, another)])
    expect(both.filter(({ kind }) => kind === 'kept')).toHaveLength(1)
    const [refused] = both.filter(({ kind }) => kind !== 'kept')
    if (refused.kind === 'fault')
      expect(refused.message).toMatch(/^another process is already computing these results in /)
    else expect(refused.kind).toBe('other')
    mkdirSync(folder('elsewhere'))
    for (const way of ['objects/my-dog', 'objects']) {
      rmSync(folder('kept', way), { recursive: true })
      symlinkSync(folder('elsewhere'), folder('kept', way))
      expect((await keep({ object, replaces: true })).message).toBe(
        `${folder('kept', way)} is a symbolic link, which may point outside the results folder; remove the link, then keep the object again`,
      )
    }
    expect(readdirSync(folder('elsewhere'))).toEqual([])
  })
})

describe('a whole photograph', () => {
  const STRIDE = 8
  /** Positions along a side: −32, −24, … 0. */
  const WINDOWS = 5

  async function write(name: string, width: number, height: number): Promise<string> {
    const random = randomNumbers(3)
    const data = Buffer.from(Array.from({ length: 12 * 9 * 3 }, () => Math.floor(256 * random())))
    const coarse = sharp(data, { raw: { width: 12, height: 9, channels: 3 } })
    writeFileSync(folder(name), await coarse.resize(width, height, { fit: 'fill' }).jpeg().toBuffer())
    return folder(name)
  }

  it('has the features and answers of extract at each window, and is not kept', async () => {
    const file = await write('my photo.jpg', 400, 300)
    const { key, name, isPhotograph } = await send<LiveObject>('objects?name=my%20photo.jpg&photograph', file)
    expect([name, isPhotograph]).toEqual(['my-photo', true])
    expect((await send<LiveObject>('objects?name=again.jpg&photograph', file)).key).toBe(key)
    const scene = { object: key, size: 256, stride: STRIDE }
    const anchor = { row: -24, col: -8 }
    const messages = await wholeMap(page.address, { ...MAP, ...scene, anchor, cursor: { row: -32, col: 0 } })
    await using network = await openNetwork(SCENE.network)
    const { layers, answers } = await network.extract({ photograph: file, stride: STRIDE })
    const { data, dims } = layers.find((one) => one.name === 'fc8') as (typeof layers)[number]
    const row = (index: number) => data.subarray(index * dims, (index + 1) * dims)
    const expected = Array.from({ length: WINDOWS ** 2 }, (_, i) => cosine(row(i), row(WINDOWS + 3)))
    const found = cosinesOf(messages)
    expect(expected.map((_, i) => found.get(i))).toEqual(expected.map((one) => expect.closeTo(one, 5)))
    const strongest = new Map(
      rowsIn(messages).flatMap((one) => [...one.places].map((place, i) => [place, one.answers?.strongest[i]])),
    )
    expect([strongest.size, answers === undefined]).toEqual([WINDOWS ** 2, false])
    for (const [place, found] of strongest) {
      const scores = row(place)
      expect(found).toBe(scores.indexOf(Math.max(...scores)))
    }
    expect(await keep(scene)).toEqual({ kind: 'fault', message: KEEPS_OBJECTS })
    expect(existsSync(folder('kept', 'photographs'))).toBe(false)
  })

  it('is refused outside its positions, or if it is smaller than the frame', async () => {
    const faultOf = async (file: string, changes: object) => {
      const { key: object } = await send<LiveObject>(`objects?name=${basename(file)}&photograph`, file)
      return wholeMap(page.address, {
        ...MAP,
        object,
        size: 256,
        stride: STRIDE,
        anchor: { row: 0, col: 0 },
        ...changes,
      })
    }
    const large = await write('large.jpg', 300, 300)
    const fault = (message: string) => [{ kind: 'fault', message }]
    for (const anchor of [
      { row: 8, col: 0 },
      { row: -40, col: 0 },
      { row: 0, col: -3 },
    ])
      expect((await faultOf(large, { anchor })).slice(-1)).toEqual(
        fault(`there is no position (${anchor.row}, ${anchor.col}) on this grid; choose one on the map`),
      )
    expect(await faultOf(await write('small.jpg', 300, 200), {})).toEqual(
      fault('small is 300×200 px, but the network reads 224×224 px; use a larger photograph'),
    )
    expect(await faultOf(large, { size: 1024 })).toEqual([
      { kind: 'fault', message: expect.stringMatching(/^(margin 800 is not|features of)/) },
    ])
  })

  it('is offered from the start, and skipped with a note if it cannot be read', async () => {
    mkdirSync(folder('photographs'))
    await write('photographs/a.jpg', 300, 300)
    writeFileSync(folder('photographs', 'b.jpg'), 'nothing')
    const notes: string[] = []
    const onProgress = (event: ProgressEvent) => void (event.kind === 'note' && notes.push(event.line))
    await using other = await explore({ models: [SCENE.network], photographs: folder('photographs'), onProgress })
    const { objects } = await studyOf(other)
    expect(objects.filter(({ isPhotograph }) => isPhotograph)).toEqual([
      { key: 10, name: 'a', isPhotograph: true, category: '' },
    ])
    expect(notes).toContainEqual(expect.stringMatching(/^skipping b\.jpg: /))
  })
})

describe('the library', () => {
  it('offers the networks that are not here, says why a fetch fails, and ends the server with its signal', async () => {
    vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
    mkdirSync(folder('mirror'))
    const end = new AbortController()
    const settings = { results: folder('results'), mirror: folder('mirror'), signal: end.signal }
    const { address, close } = await explore(settings)
    const { missing, networks } = await studyOf({ address })
    expect(networks.map(({ id }) => id)).toEqual(['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip'])
    expect(missing.map(({ id }) => id)).toContain('mobilenet_v2')
    const answer = await post(`${address}pull`, { id: 'mobilenet_v2' })
    expect(messagesIn(answer).at(-1)).toEqual({
      kind: 'fault',
      message: expect.stringContaining(folder('mirror')),
    })
    const map = post(`${address}map`, { ...MAP, stride: 1 })
    expect((await ask(address)).status).toBe(200)
    end.abort(new Error('enough'))
    await expect(map).rejects.toThrow()
    await close()
    vi.unstubAllEnvs()
    await expect(ask(address)).rejects.toThrow('ECONNREFUSED')
    await expect(explore(settings)).rejects.toThrow('enough')
  })

  it('offers networks under their names, and refuses two of one name', async () => {
    const settings = { results: folder('named'), port: 0 }
    await using named = await explore({ ...settings, models: ['old=tiny-alexnet', 'new=tiny-alexnet-aa'] })
    const { networks } = await studyOf(named)
    expect(networks.map(({ id }) => id)).toEqual(['old', 'new'])
    await expect(explore({ ...settings, models: ['a=tiny-alexnet', 'a=tiny-alexnet-aa'] })).rejects.toThrow(UsageError)
  })

  it('lets the features of one object take a sixteenth of the machine’s memory', async () => {
    expect((await studyOf(page)).mostBytes).toBe(machineMemory() / 16)
  })

  it('refuses what is no port, and one that is taken', async () => {
    for (const port of [70_000, -1, 1.5]) await expect(explore({ port })).rejects.toThrow(UsageError)
    await expect(explore({ port: page.port, models: [SCENE.network], results: folder('kept') })).rejects.toThrow(
      `port ${page.port} of 127.0.0.1 is taken by another program; name another \`port\`, or leave it out to use any free one`,
    )
  })
})
