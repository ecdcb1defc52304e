import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { positionGrid } from '../../src/engine/positions.js'
import { sceneOf } from '../../src/engine/scene.js'
import { UsageError } from '../../src/errors.js'
import { type Exploration, explore } from '../../src/explore/explore.js'
import { openLiveUnit, type UseNetwork } from '../../src/explore/liveUnit.js'
import { openLiveUnits } from '../../src/explore/units.js'
import { openNetwork } from '../../src/features/openNetwork.js'
import { openLocks } from '../../src/files/lock.js'
import { modelsFolder } from '../../src/files/package.js'
import { chooseNetwork } from '../../src/networks/index.js'
import type { DroppedNetwork, Fault, KeptUnit, LiveObject, LiveStudy, OtherUnit } from '../../src/page/live.js'
import { patchOf } from '../../src/patches/patchInput.js'
import { fileName } from '../../src/results/fileName.js'
import { reproduce } from '../../src/study/run.js'
import { unitTitle } from '../../src/study/unitQueue.js'
import { contents } from '../support/commandLine.js'
import { ask, cosinesOf, MAP, numbers, post, SCENE, wholeMap } from '../support/liveServer.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const SIDE = 7
let page: Exploration

beforeAll(async () => {
  page = await explore({ models: [SCENE.network], results: 'not-written' })
})
afterAll(() => page.close())

describe('a live map', () => {
  it('has the cosines of compare, coarse positions first, and the answers of extract', async () => {
    await using network = await openNetwork(SCENE.network)
    const { layers } = await network.compare({ patch: 'car', size: 125, stride: 16 })
    const expected = layers.find(({ name }) => name === 'fc8')
    const messages = await wholeMap(page.address, MAP)
    const found = cosinesOf(messages)
    expect([...found.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: SIDE ** 2 }, (_, i) => i))
    const center = expected?.maps.subarray(2 * SIDE ** 2, 3 * SIDE ** 2) ?? []
    for (const [place, cosine] of found) expect(cosine).toBeCloseTo(center[place] as number, 5)
    expect(messages.at(-1)).toMatchObject({ kind: 'end' })
    const rows = messages.filter((one) => one.kind === 'rows')
    expect([...numbers(rows.find(({ places }) => places !== '')?.places ?? '', Uint32Array)].slice(0, 1)).toEqual([0])
    const named = Object.assign({}, ...rows.map(({ answers }) => answers?.names))
    const { answers } = await network.extract({ patch: 'car', size: 125, stride: 16 })
    expect(Object.keys(named)).toEqual(expect.arrayContaining(Object.keys(answers?.names ?? {})))
  })

  it('is there at once for another anchor, any position of the grid', async () => {
    await wholeMap(page.address, MAP)
    const messages = await wholeMap(page.address, { ...MAP, anchor: { row: 32, col: 80 } })
    expect(messages.filter(({ kind }) => kind === 'rows')).toHaveLength(1)
    expect(cosinesOf(messages).get(2 * SIDE + 5)).toBeCloseTo(1, 6)
    const [fault] = await wholeMap(page.address, { ...MAP, anchor: { row: 3, col: 3 } })
    expect(fault).toEqual({
      kind: 'fault',
      message: 'there is no position (3, 3) on this grid; choose one of the map',
    })
  })

  it('stops while nobody looks, and goes on where it was', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const works: Promise<unknown>[] = []
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 4 })
    try {
      const scene = sceneOf(await patchOf('car', 75, 224, 'hard'))
      const use: UseNetwork = (act) => {
        const work = act(handle)
        works.push(work)
        return work
      }
      const unit = openLiveUnit(network, use, scene, positionGrid(224, 75, 2))
      const followUntil = (isEnough: () => boolean) =>
        new Promise<void>((done, fail) => {
          const leave = unit.follow({
            onRows: () => {
              if (!isEnough()) return
              leave()
              done()
            },
            onFailure: fail,
          })
        })
      await followUntil(() => unit.rows().length > 40)
      // What was under way comes to its end.
      let before = -1
      while (before !== unit.rows().length) {
        before = unit.rows().length
        await wait(500)
      }
      expect(before).toBeLessThan(75 ** 2)
      const first = unit.rows().slice()
      await followUntil(() => unit.rows().length > before)
      expect(unit.rows().slice(0, before)).toEqual(first)
      unit.stop()
    } finally {
      await Promise.allSettled(works)
      await handle.close()
    }
  })

  it('begins nothing more once something has failed', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 16 })
    const works: Promise<unknown>[] = []
    try {
      const scene = sceneOf(await patchOf('car', 181, 224, 'hard'))
      // The first positions and the coarse ones; then there are two calls at a time.
      const use: UseNetwork = (act) => {
        const work = works.length === 2 ? Promise.reject(new Error('lost')) : act(handle)
        works.push(work)
        return work
      }
      const unit = openLiveUnit(network, use, scene, positionGrid(224, 181, 1), 300)
      const failure = await new Promise((fail) => {
        unit.follow({ onRows: () => undefined, onFailure: fail })
      })
      expect(failure).toEqual(new Error('lost'))
      await Promise.allSettled(works)
      await wait(0)
      expect([works.length, unit.finished()]).toEqual([4, 600])
      unit.stop()
    } finally {
      await handle.close()
    }
  })

  it('forgets the oldest where memory is short, but nothing that is looked at', () => {
    const unit = (bytes: number, isFollowed: boolean) =>
      ({ bytes, isFollowed: () => isFollowed, scene: { patch: { name: 'car' } } }) as ReturnType<typeof openLiveUnit>
    const units = openLiveUnits(100)
    const scene = (size: number) => ({ ...SCENE, size })
    units.add(scene(1), unit(60, false))
    units.add(scene(2), unit(30, true))
    expect(units.forgotten()).toEqual([])
    units.add(scene(3), unit(50, false))
    expect(units.forgotten()).toEqual([`car at 1 px through ${SCENE.network}`])
    units.add(scene(4), unit(90, false))
    expect(units.forgotten()).toEqual([`car at 3 px through ${SCENE.network}`])
    expect(units.find(scene(2))).toBeDefined()
  })
})

describe('an object that is kept', () => {
  it('is the unit that reproduce makes of the command that is told, to the byte', async () => {
    const own = await explore({ models: [SCENE.network], results: folder('kept') })
    try {
      const png = readFileSync(join(modelsFolder(), 'patches', 'dog.png'))
      const added = await ask(`${own.address}objects?name=${encodeURIComponent('my dog.png')}`, {
        method: 'POST',
        body: png,
      })
      const { key, name } = JSON.parse(added.body) as LiveObject
      expect(name).toBe('my-dog')
      const scene = { ...SCENE, object: key, background: '#204060' }
      const kept = JSON.parse((await post(`${own.address}keep`, { ...scene, replaces: false })).body) as KeptUnit
      expect(kept.kind).toBe('kept')
      const options = {
        ...{ models: [SCENE.network], patches: folder('kept', 'objects', 'my-dog'), sizes: [125], stride: 16 },
        ...{ background: '#204060', experiments: ['similarity'] as const, report: false },
      }
      expect(kept.command).toBe(
        `shiftscope reproduce --models ${SCENE.network} --patches ${options.patches} --sizes 125 --stride 16 --background '#204060' --experiments similarity --out ${folder('kept')}`,
      )
      await reproduce({ ...options, out: folder('made') })
      expect(await contents(folder('kept', 'units'))).toEqual(await contents(folder('made', 'units')))
      expect(await contents(folder('kept', 'pictures'))).toEqual(await contents(folder('made', 'pictures')))
      const again = await reproduce({ ...options, out: folder('kept') })
      expect(again.computed).toBe(0)
      const other = JSON.parse(
        (await post(`${own.address}keep`, { ...scene, stride: 8, replaces: false })).body,
      ) as OtherUnit
      expect(other).toEqual({ kind: 'other', differences: ['stride 16, not 8'] })
      const replaced = JSON.parse(
        (await post(`${own.address}keep`, { ...scene, stride: 8, replaces: true })).body,
      ) as KeptUnit
      expect(replaced.folder).toBe(kept.folder)
      // Somebody else is at it.
      const locks = openLocks(folder('kept'))
      expect(await locks.take(fileName(unitTitle(SCENE.network, 125, 'my-dog')))).toBe(true)
      const taken = await post(`${own.address}keep`, { ...scene, replaces: true })
      await locks.close()
      expect([taken.status, (JSON.parse(taken.body) as Fault).message]).toEqual([
        422,
        `another process computes this unit in ${folder('kept')}; keep it again when that has finished`,
      ])
    } finally {
      await own.close()
    }
  })

  it('is stored once of several that ask at a time, and never behind a link', async () => {
    const settings = { models: [SCENE.network], results: folder('kept') }
    await using own = await explore(settings)
    await using another = await explore(settings)
    const png = readFileSync(join(modelsFolder(), 'patches', 'dog.png'))
    let object = 0
    for (const { address } of [own, another])
      object = JSON.parse((await ask(`${address}objects?name=dog2.png`, { method: 'POST', body: png })).body).key
    const keep = async (wanted: object, { address } = own) =>
      JSON.parse((await post(`${address}keep`, { ...SCENE, object, replaces: false, ...wanted })).body)
    const [white, blue] = [{ background: 'white' }, { background: '#204060' }]
    const answers = await Promise.all([keep(white), keep(blue)])
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['kept', 'other'])
    const both = await Promise.all([keep({ ...white, size: 75 }), keep({ ...blue, size: 75 }, another)])
    expect(both.filter(({ kind }) => kind === 'kept')).toHaveLength(1)
    const [refused] = both.filter(({ kind }) => kind !== 'kept')
    if (refused.kind === 'fault') expect(refused.message).toMatch(/^another process computes this unit in /)
    else expect(refused.kind).toBe('other')
    mkdirSync(folder('elsewhere'))
    for (const way of ['objects/dog2', 'objects']) {
      rmSync(folder('kept', way), { recursive: true })
      symlinkSync(folder('elsewhere'), folder('kept', way))
      expect((await keep({ replaces: true })).message).toBe(
        `${folder('kept', way)} is a link, which may lead out of the results folder; remove it and keep the object again`,
      )
    }
    expect(readdirSync(folder('elsewhere'))).toEqual([])
  })
})

describe('a network that is sent', () => {
  it('is opened as its file is, and kept with the command that makes the unit again', async () => {
    const file = join(modelsFolder(), 'tiny-alexnet-aa.onnx')
    await using own = await explore({ models: [SCENE.network], results: folder('kept') })
    const sent = await ask(`${own.address}networks?name=mine.onnx`, { method: 'POST', body: readFileSync(file) })
    const { network, recipe } = JSON.parse(sent.body) as DroppedNetwork
    expect([network.id, network.frame, network.classes]).toEqual(['mine', 224, 'fc8'])
    expect(recipe[0]).toMatch(
      /^Input: 224 × 224 pixels, RGB, divided by 255, minus [\d. ]+, divided by [\d. ]+ \(.+\)\.$/,
    )
    const scene = { ...SCENE, network: network.id }
    const messages = await wholeMap(own.address, { ...MAP, ...scene, layer: network.layers.at(-1)?.name ?? '' })
    expect(messages.map(({ kind }) => kind).slice(0, 2)).toEqual(['opening', 'opened'])
    expect(messages.at(-1)).toEqual({ kind: 'end' })
    const kept = JSON.parse((await post(`${own.address}keep`, { ...scene, replaces: false })).body) as KeptUnit
    const stored = folder('kept', 'networks', 'mine.onnx')
    expect(kept.command).toContain(`--models ${stored} --patches car`)
    expect(readFileSync(stored).equals(readFileSync(file))).toBe(true)
    const options = { models: [stored], patches: 'car', sizes: [SCENE.size], stride: SCENE.stride, report: false }
    await reproduce({ ...options, experiments: ['similarity'], out: folder('made') })
    expect(await contents(folder('kept', 'units'))).toEqual(await contents(folder('made', 'units')))
    // Another network has taken the name since.
    writeFileSync(stored, 'another')
    expect((await post(`${own.address}keep`, { ...scene, replaces: true })).body).toContain(
      'rename your file and drop it again',
    )
    // The same file under another name is another network; one of the catalog keeps its own name.
    const drop = async (name: string) => {
      const { body } = await ask(`${own.address}networks?name=${name}`, { method: 'POST', body: readFileSync(file) })
      return (JSON.parse(body) as DroppedNetwork).network.id
    }
    expect([await drop('mine.onnx'), await drop('Other.onnx'), await drop('mobilenet_v2.onnx')]).toEqual([
      'mine',
      'other',
      'mobilenet_v2-2',
    ])
  })
})

describe('a network that is not here', () => {
  it('is offered, and a fetch that fails says why in a line', async () => {
    vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
    mkdirSync(folder('mirror'))
    const own = await explore({ results: folder('results'), mirror: folder('mirror') })
    try {
      const { body } = await ask(own.address)
      const { missing, networks } = JSON.parse(/id="study">(.*?)<\/script>/.exec(body)?.[1] ?? '') as LiveStudy
      expect(networks.map(({ id }) => id)).toEqual(['tiny-alexnet', 'tiny-alexnet-aa', 'tiny-alexnet-noflip'])
      expect(missing.map(({ id }) => id)).toContain('mobilenet_v2')
      const answer = await post(`${own.address}pull`, { id: 'mobilenet_v2' })
      const fault = JSON.parse(answer.body.trim().split('\n').at(-1) ?? '') as Fault
      expect(fault).toEqual({ kind: 'fault', message: expect.stringContaining(folder('mirror')) })
    } finally {
      vi.unstubAllEnvs()
      await own.close()
    }
  })
})

describe('the library', () => {
  it('ends the server with its signal', async () => {
    const end = new AbortController()
    const own = await explore({ models: [SCENE.network], results: 'not-written', signal: end.signal })
    const map = post(`${own.address}map`, { ...MAP, stride: 1 })
    expect((await ask(own.address)).status).toBe(200)
    end.abort(new Error('enough'))
    await expect(map).rejects.toThrow()
    await own.close()
    await expect(ask(own.address)).rejects.toThrow('ECONNREFUSED')
    await expect(explore({ models: [SCENE.network], signal: end.signal })).rejects.toThrow('enough')
  })

  it('refuses what is no port, and one that is taken', async () => {
    await expect(explore({ port: 70_000 })).rejects.toThrow(UsageError)
    await expect(explore({ port: page.port, models: [SCENE.network] })).rejects.toThrow(
      `port ${page.port} of 127.0.0.1 is taken by another program; name another \`port\`, or none for any that is free`,
    )
  })
})
