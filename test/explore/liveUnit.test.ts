import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NetworkHandle } from '../../src/engine/open/handle.js'
import { positionGrid } from '../../src/engine/scene/positions.js'
import type { Scene } from '../../src/engine/scene/task.js'
import { type ExplorerOptions, openExplorer } from '../../src/explore/explorer.js'
import { LiveUnit, type UseNetwork } from '../../src/explore/liveUnit.js'
import { followUnit, mapMessages } from '../../src/explore/mapStream.js'
import { openLiveUnits } from '../../src/explore/units.js'
import type { Network } from '../../src/network.js'
import type { MapMessage, MapRows } from '../../src/page/live/live.js'
import { oneAtATime } from '../../src/support/oneAtATime.js'
import { cosinesOf, SCENE } from '../support/liveServer.js'

/** 4×4 positions 16 apart, then the four anchors that are none of them. */
const GRID = positionGrid(100, 37, 16)
const [POSITIONS, ALL] = [16, 20]
const SCENE_OF_CAR = { patch: { name: 'car' } } as Scene
const layers = Object.entries({ fc6: 2, fc8: 3 }).map(([name, dims]) => ({ name, dims }))
const scores = { meaning: 'probabilities', source: 'test' }
const NETWORK = { id: 'fake', layers, classes: { layer: 'fc8', names: ['cat', 'dog'], scores } } as unknown as Network

/** A feature that turns with the row, and probabilities that change with the column; images by themselves differ a little. */
function featuresAt(row: number, col: number, isEarly: boolean): readonly (readonly number[])[] {
  const angle = row / 50 + (isEarly ? 0.001 : 0)
  return [[Math.cos(angle), Math.sin(angle)], col < 40 ? [0.75, 0.25, 0] : [0, 0.125, 0.875]]
}

interface Call {
  /** As "row,col". */
  readonly places: readonly string[]
  readonly isEarly: boolean
  readonly signal: AbortSignal | undefined
  /** Gives the first row, before the others; its values may differ from those at the end, as on a device that then fails. */
  readonly begin: (difference?: number) => void
  readonly finish: () => void
  /** The engine will compute all rows in another way. */
  readonly restart: () => Promise<void>
  readonly fail: (error: Error) => void
}

/** A unit whose network computes when the test says so. */
function madeUnit(features = featuresAt, network = NETWORK, inTurn = oneAtATime()) {
  const calls: Call[] = []
  const extract: NetworkHandle['extract'] = (
    _,
    offsets,
    { whole, signal, onRows, onFailure = async () => undefined } = {},
  ) =>
    new Promise((done, fail) => {
      const rows = Array.from({ length: offsets.length / 2 }, (_, i) => [...offsets.subarray(2 * i, 2 * i + 2)])
      const isEarly = whole === undefined
      const made = rows.map(([row = 0, col = 0]) => features(row, col, isEarly))
      const matrices = [0, 1].map((layer) => Float32Array.from(made.flatMap((one) => one[layer] ?? [])))
      const layers = NETWORK.layers.map(({ name, dims }, i) => ({ name, dims, matrix: matrices[i] as Float32Array }))
      const begin = (difference = 0) =>
        onRows?.(
          Int32Array.of(0),
          matrices.map((matrix) => matrix.map((value) => value + difference)),
        )
      const finish = () => {
        onRows?.(Int32Array.from(rows.keys()), matrices)
        done({ layers, finished: rows.length, release: () => undefined })
      }
      calls.push({ places: rows.map(String), isEarly, signal, begin, finish, fail, restart: onFailure })
    })
  const use: UseNetwork = (act) => act({ extract } as NetworkHandle)
  return { unit: new LiveUnit(network, use, SCENE_OF_CAR, GRID, inTurn), calls }
}

/** Positions that have features, and these features in the first layer. */
async function computedIn(unit: LiveUnit) {
  const rows = [...Array(ALL).keys()].filter((row) => unit.kept.runOf(row) !== undefined)
  const features = await Promise.all(rows.map(async (row) => [...((await unit.featuresAt(row))[0] ?? [])]))
  return { rows, features }
}

/** All that can happen now has happened. */
const settle = () => new Promise((done) => setImmediate(done))

/** Computes whatever the unit asks for, to its end. */
async function computeAll(calls: readonly Call[], from = 0): Promise<void> {
  for (let i = from; i < calls.length; i++) {
    calls[i]?.finish()
    await settle()
  }
}

const nobody = () => ({ onRows: vi.fn(), onFailure: vi.fn() })

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** All messages of a map, while the unit computes. */
async function messagesOf(unit: LiveUnit, calls: readonly Call[], wanted: Parameters<typeof mapMessages>[1]) {
  const messages: MapMessage[] = []
  let isOver = false
  const read = async () => {
    for await (const message of mapMessages(unit, wanted, new AbortController().signal)) messages.push(message)
  }
  const over = read().finally(() => {
    isOver = true
  })
  // Its failure is looked at below.
  over.catch(() => undefined)
  for (let i = 0; !isOver; i++) {
    calls[i]?.finish()
    await settle()
    await vi.advanceTimersByTimeAsync(200)
  }
  await over
  return messages
}

describe('a live unit', () => {
  it('drops the rows of a device that failed after it had handed them out', async () => {
    const { unit, calls } = madeUnit()
    unit.follow(nobody())
    await settle()
    calls[0]?.finish()
    await settle()
    calls[1]?.begin(0.5)
    expect([calls[1]?.places[0], (await unit.featuresAt(0))[0]?.[0]]).toEqual(['0,0', 1.5])
    await calls[1]?.restart()
    expect([unit.kept.runOf(0), unit.kept.finished]).toEqual([undefined, 0])
    calls[1]?.finish()
    expect([(await computedIn(unit)).features[0], unit.kept.finished]).toEqual([[1, 0], ALL])
  })

  it('computes the coarsest position and the anchors first, then all', async () => {
    const { unit, calls } = madeUnit()
    expect(unit.bytes).toBe(ALL * 5 * 4)
    const follower = nobody()
    unit.follow(follower)
    await settle()
    expect(calls).toMatchObject([{ places: ['0,0', '0,63', '31,31', '63,0', '63,63'], isEarly: true }])
    calls[0]?.finish()
    await settle()
    expect([(await computedIn(unit)).rows, unit.kept.finished]).toEqual([[0, 16, 17, 18, 19], 0])
    // Anchors between the positions of the grid have a run of their own.
    expect(unit.kept.runs.map(({ rows }) => [...rows])).toEqual([[0], [16, 17, 18, 19]])
    follower.onRows.mockClear()
    calls[1]?.begin()
    expect([unit.kept.finished, follower.onRows]).toEqual([1, expect.toSatisfy((told) => told.mock.calls.length === 1)])
    await computeAll(calls, 1)
    expect(calls.slice(1).map(({ places }) => places.length)).toEqual([ALL])
    expect([unit.kept.isWhole, unit.kept.finished]).toEqual([true, ALL])
    // Those that came before their turn have the features of their turn.
    const { rows, features } = await computedIn(unit)
    const expected = rows.map((row) => featuresAt(GRID.offsets[2 * row] as number, 0, false)[0] ?? [])
    expect(features).toEqual(expected.map((one) => [...Float32Array.from(one)]))
    expect(follower.onFailure).not.toHaveBeenCalled()
    unit.follow(follower)
    await settle()
    expect(calls).toHaveLength(2)
  })

  it('computes the coarsest positions of all units before the rest of any', async () => {
    const inTurn = oneAtATime()
    const [first, second] = [madeUnit(featuresAt, NETWORK, inTurn), madeUnit(featuresAt, NETWORK, inTurn)]
    for (const { unit } of [first, second]) unit.follow(nobody())
    await settle()
    expect([first.calls.length, second.calls.length]).toEqual([1, 0])
    first.calls[0]?.finish()
    await settle()
    expect([first.calls.length, second.calls.length]).toEqual([1, 1])
    second.calls[0]?.finish()
    await settle()
    expect([first.calls.length, second.calls.length]).toEqual([2, 2])
  })

  it('computes what is around the cursor before its turn, and one row at once', async () => {
    const { unit, calls } = madeUnit()
    unit.lookAt({ row: 47, col: 2 })
    expect(calls).toEqual([])
    unit.follow(nobody())
    await settle()
    unit.lookAt({ row: 47, col: 2 })
    await settle()
    expect(calls[1]).toMatchObject({ isEarly: true })
    expect(calls[1]?.places).toEqual([16, 32, 48].flatMap((row) => [0, 16, 32].map((col) => `${row},${col}`)))
    const row = unit.featuresAt(3)
    await settle()
    expect(calls[2]?.places).toEqual(['0,48'])
    calls[2]?.finish()
    expect(await row).toEqual(featuresAt(0, 48, true).map((one) => Float32Array.from(one)))
  })

  it('stops when the last has left, and goes on where it was', async () => {
    const { unit, calls } = madeUnit()
    const leave = [unit.follow(nobody()), unit.follow(nobody())]
    await settle()
    calls[0]?.finish()
    await settle()
    leave[0]?.()
    expect([unit.isFollowed(), calls[1]?.signal?.aborted]).toEqual([true, false])
    leave[1]?.()
    expect([unit.isFollowed(), calls[1]?.signal?.aborted]).toEqual([false, true])
    // What was under way comes to its end, of which nobody is told; only then does it go on.
    const late = nobody()
    unit.follow(late)
    expect(calls).toHaveLength(2)
    calls[1]?.fail(new Error('stopped'))
    await settle()
    expect([calls.length, late.onFailure.mock.calls]).toEqual([3, []])
    await computeAll(calls, 2)
    expect(unit.kept.isWhole).toBe(true)
    unit.stop()
    expect(unit.isFollowed()).toBe(false)
  })

  it('tells its followers of a failure, and keeps what it has', async () => {
    const { unit, calls } = madeUnit()
    const follower = nobody()
    unit.follow(follower)
    await settle()
    calls[0]?.finish()
    await settle()
    calls[1]?.begin()
    calls[1]?.fail(new Error('lost'))
    await settle()
    expect(follower.onFailure).toHaveBeenCalledWith(new Error('lost'))
    expect([calls.length, unit.kept.finished]).toEqual([2, 1])
  })

  it('tells who waits for changes of a failure and of the end', async () => {
    const { unit, calls } = madeUnit()
    const gone = new AbortController()
    const [first, second] = [followUnit(unit, gone.signal), followUnit(unit, new AbortController().signal)]
    const outcome = vi.fn()
    first.next(100).catch(outcome)
    gone.abort(new Error('gone'))
    await vi.advanceTimersByTimeAsync(99)
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toHaveBeenLastCalledWith(new Error('gone'))
    second.next(0).catch(outcome)
    await vi.advanceTimersByTimeAsync(0)
    calls[0]?.fail(new Error('lost'))
    await settle()
    expect(outcome).toHaveBeenLastCalledWith(new Error('lost'))
    first.end()
    second.end()
    expect(unit.isFollowed()).toBe(false)
  })
})

describe('messages of a map', () => {
  const wanted = { layer: 'fc6', category: '', anchor: { row: 32, col: 16 }, cursor: { row: 0, col: 0 } }

  it('hold the cosines with the anchor, and what the network answers', async () => {
    const { unit, calls } = madeUnit()
    const messages = await messagesOf(unit, calls, wanted)
    const last = messages.at(-1) as MapRows
    expect(last.done).toBe(POSITIONS)
    const found = cosinesOf(messages)
    const cosines = Array.from({ length: POSITIONS }, (_, i) => Math.cos((Math.floor(i / 4) * 16 - 32) / 50))
    expect(cosines.map((_, i) => found.get(i))).toEqual(cosines.map((one) => expect.closeTo(one, 6)))
    const isLeft = [...last.places].map((place) => (place % 4) * 16 < 40)
    const { strongest = [], probability = [], ofCenter = [], center, atAnchor } = last.answers ?? {}
    expect([...strongest]).toEqual(isLeft.map((left) => (left ? 0 : 2)))
    expect([...probability]).toEqual(isLeft.map((left) => (left ? 0.75 : 0.875)))
    expect([...ofCenter]).toEqual(isLeft.map((left) => (left ? 0.75 : 0)))
    expect([found.size, center]).toEqual([POSITIONS, 0])
    expect(atAnchor).toEqual({ class: 0, probability: 0.75, ofCenter: 0.75 })
    // A class is named once, by its index where it has no name.
    const names = messages.flatMap((one) => (one.kind === 'rows' ? Object.entries(one.answers?.names ?? {}) : []))
    expect(names.flat()).toEqual(['0', 'cat', '2', '2'])
    const computed = calls.length
    const again = await messagesOf(unit, calls, { ...wanted, layer: 'fc8', anchor: { row: 63, col: 63 } })
    expect([again.map(({ kind }) => kind), calls.length]).toEqual([['rows'], computed])
    expect((again[0] as MapRows).answers?.atAnchor).toEqual({ class: 2, probability: 0.875, ofCenter: 0 })
    expect([...cosinesOf(again)].filter(([place]) => place % 4 === 3).map(([, cosine]) => cosine)).toEqual([1, 1, 1, 1])
  })

  it('need no open network once all features are in memory', async () => {
    const { unit, calls } = madeUnit()
    await messagesOf(unit, calls, wanted)
    const use = vi.fn()
    const networks = { openingSeconds: () => 0, use }
    const units = { find: () => unit, forgotten: () => [] }
    const { map } = openExplorer({ networks, units, objects: {} } as unknown as ExplorerOptions)
    const messages: MapMessage[] = []
    for await (const one of map({ ...SCENE, ...wanted }, new AbortController().signal)) messages.push(one)
    expect([messages[0]?.kind, cosinesOf(messages).size, use.mock.calls]).toEqual(['rows', POSITIONS, []])
  })

  it.each([
    ['a category of which it knows a class', 'dog', [1]],
    ['a class in other letters', 'Cat', [0]],
    ['another class', 'mug', undefined],
    ['not said', '', undefined],
  ])('tell which classes are right for an object that is %s', async (_, category, right) => {
    const { unit, calls } = madeUnit()
    const [message] = await messagesOf(unit, calls, { ...wanted, category })
    expect((message as MapRows).answers?.right).toEqual(right)
  })

  it('have no answers where no classes are known', async () => {
    const { classes: _, ...network } = NETWORK
    const { unit, calls } = madeUnit(featuresAt, network as Network)
    const messages = await messagesOf(unit, calls, wanted)
    expect(messages.map((message) => 'answers' in message)).toEqual(messages.map(() => false))
  })

  it.each<[object, string]>([
    [{ layer: 'fc9' }, 'fake has no layer fc9 on this page; choose one of its layers'],
    [{ anchor: { row: 8, col: 16 } }, 'there is no position (8, 16) on this grid; choose one on the map'],
    [{ anchor: { row: 16, col: 8 } }, 'there is no position (16, 8) on this grid'],
    [{ anchor: { row: 64, col: 0 } }, 'there is no position (64, 0) on this grid'],
    [{ anchor: { row: 0, col: 64 } }, 'there is no position (0, 64) on this grid'],
    [{ anchor: { row: -16, col: 0 } }, 'there is no position (-16, 0) on this grid'],
  ])('refuse %j', async (changes, message) => {
    const { unit, calls } = madeUnit()
    await expect(messagesOf(unit, calls, { ...wanted, ...changes })).rejects.toThrow(message)
    expect(unit.isFollowed()).toBe(false)
  })

  it.each([
    ['all zero', 0],
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
  ])('name a feature that is %s', async (fault, value) => {
    const isFaulty = (row: number, col: number) => row === 16 && col === 48
    const { unit, calls } = madeUnit((...at) => [isFaulty(at[0], at[1]) ? [value, value] : [1, 0], [1, 0, 0]])
    const message = `fake fc6: the feature at one or more positions is ${fault}, so its cosine is undefined; choose another`
    await expect(messagesOf(unit, calls, wanted)).rejects.toThrow(message)
  })
})

describe('live units', () => {
  const unitOf = (bytes: number, isFollowed: boolean) =>
    ({ bytes, isFollowed: () => isFollowed, scene: SCENE_OF_CAR, stop: vi.fn() }) as unknown as LiveUnit
  const scene = (size: number) => ({ ...SCENE, size })

  it('forget the longest unused where memory is short, but nothing that is looked at', () => {
    const units = openLiveUnits(100)
    const [first, second] = [unitOf(60, false), unitOf(30, true)]
    units.add(scene(1), first)
    units.add(scene(2), second)
    units.add(scene(3), unitOf(10, false))
    expect([units.forgotten(), units.find(scene(1)), units.find(scene(9))]).toEqual([[], first, undefined])
    units.add(scene(4), unitOf(10, false))
    expect(units.forgotten()).toEqual([`car at 3 px through ${SCENE.network}`])
    units.add(scene(5), unitOf(90, false))
    expect(units.forgotten()).toEqual([1, 4].map((size) => `car at ${size} px through ${SCENE.network}`))
    expect([units.forgotten(), units.find(scene(2))]).toEqual([[], second])
    expect([units.isUsed(SCENE.network), units.isUsed('other')]).toEqual([true, false])
    units.stop()
    expect(second.stop).toHaveBeenCalledOnce()
  })
})
