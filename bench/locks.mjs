/**
 * Measures the cost of sharing a study's units between processes, and simulates how many processes are worthwhile.
 *
 *     node bench/locks.mjs [FOLDER]
 *
 * First it times locks, heartbeats and listing folders in FOLDER [default: a temporary folder], among different numbers
 * of other locks and units. Then it simulates studies of 100,000 units with up to 4000 workers, which are processes. A
 * unit takes as many file operations as in the code (`src/study/items/workQueue.ts`, `src/files/lock.ts`). The simulated file
 * server answers each operation after a latency, and handles a limited number of operations per second. Efficiency is
 * the share of time that workers spend on units.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocks } from '../dist/files/lock.js'

const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'locks-'))
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

async function milliseconds(rounds, work) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await work(round)
    times.push(performance.now() - start)
  }
  return median(times)
}

console.log('measured here (medians, ms)')
console.log('locks of others     take and release   names of all   all read   heartbeat')
for (const others of [0, 10, 100, 1000, 5000]) {
  const place = join(folder, `locks-${others}`)
  const other = openLocks(place)
  for (let i = 0; i < others; i++) await other.take(`unit ${i}`)
  const locks = openLocks(place)
  await locks.take('first')
  const taking = await milliseconds(20, async (round) => {
    await locks.take(`mine ${round}`)
    await locks.release(`mine ${round}`)
  })
  const names = await milliseconds(20, () => locks.names())
  const held = await milliseconds(3, () => locks.held())
  const beat = await milliseconds(20, () =>
    writeFile(join(place, '.locks', 'first~0'), ' '.repeat(2048), { flag: 'r+' }),
  )
  const row = [taking, names, held, beat].map((value) => value.toFixed(2).padStart(14))
  console.log(`${String(others).padStart(16)}${row.join('')}`)
}
console.log('\nunits in a folder   reading its names (ms)')
for (const units of [1000, 10_000, 100_000]) {
  const place = join(folder, `units-${units}`)
  await mkdir(place)
  for (let i = 0; i < units; i += 1000)
    await Promise.all(Array.from({ length: 1000 }, (_, k) => mkdir(join(place, `patch ${i + k}`))))
  const reading = await milliseconds(5, () => readdir(place))
  console.log(`${String(units).padStart(17)}${reading.toFixed(1).padStart(25)}`)
}
await rm(folder, { recursive: true })

/** File names that a server sends in one answer when a folder is listed. */
const NAMES_AT_ONCE = 500
const reading = (names) => 1 + Math.ceil(names / NAMES_AT_ONCE)

/**
 * File operations of one unit. `before` it is computed: listing `.locks` three times (once for the names of all locks,
 * twice to take one), creating the lock and reading two small files. `after`: writing the unit's files, reading and
 * removing the lock.
 */
const operationsOf = (workers) => ({ before: 3 * reading(workers) + 10, after: 12 })
const HEARTBEAT = { seconds: 20, operations: 4 }
/** A worker lists the finished units at most once in this time. */
const READING_SECONDS = 10

/**
 * Simulates one study, event by event.
 * @returns share of time that workers spend on units
 */
function efficiency({ workers, units, seconds, latency, capacity, folders }) {
  let serverFree = 0
  // Heartbeats and listings take a constant part of the server's capacity.
  const background = (workers * HEARTBEAT.operations) / HEARTBEAT.seconds
  const listing = (workers * reading(units / folders)) / Math.max(READING_SECONDS, seconds)
  const rate = Math.max(capacity * 0.02, capacity - background - listing)
  const asked = (time, operations) => {
    serverFree = Math.max(serverFree, time) + operations / rate
    return Math.max(time + operations * latency, serverFree)
  }
  const { before, after } = operationsOf(workers)
  // In each event, a worker either asks for a unit or has finished one.
  const events = openHeap()
  for (let worker = 0; worker < workers; worker++) events.push({ time: Math.random() * seconds, isDone: false })
  let end = 0
  for (let begun = 0; ; ) {
    const event = events.pop()
    if (event === undefined) return (units * seconds) / (workers * end)
    if (event.isDone) {
      end = asked(event.time, after)
      events.push({ time: end, isDone: false })
    } else if (begun < units) {
      begun++
      events.push({ time: asked(event.time, before) + seconds * (0.8 + 0.4 * Math.random()), isDone: true })
    }
  }
}

/** A binary heap; the earliest event is first. */
function openHeap() {
  const heap = []
  const swap = (a, b) => {
    ;[heap[a], heap[b]] = [heap[b], heap[a]]
  }
  return {
    push(event) {
      heap.push(event)
      for (let at = heap.length - 1; at > 0 && heap[(at - 1) >> 1].time > heap[at].time; at = (at - 1) >> 1)
        swap(at, (at - 1) >> 1)
    },
    pop() {
      if (heap.length < 2) return heap.pop()
      const [first] = heap
      heap[0] = heap.pop()
      for (let at = 0; ; ) {
        const left = 2 * at + 1
        const child = left + 1 < heap.length && heap[left + 1].time < heap[left].time ? left + 1 : left
        if (left >= heap.length || heap[at].time <= heap[child].time) return first
        swap(at, child)
        at = child
      }
    },
  }
}

const SERVERS = {
  'this machine': { latency: 0.00005, capacity: 20_000 },
  'NFS 1 ms, 5000/s': { latency: 0.001, capacity: 5000 },
  'NFS 5 ms, 1000/s': { latency: 0.005, capacity: 1000 },
}
console.log('\nsimulated: share of time that workers spend on 100,000 units')
for (const [name, server] of Object.entries(SERVERS)) {
  console.log(`\n${name.padEnd(20)}${[10, 100, 1000, 4000].map((count) => `${count} workers`.padStart(14)).join('')}`)
  for (const seconds of [1, 10, 100]) {
    const row = [10, 100, 1000, 4000].map((workers) =>
      efficiency({ workers, units: 100_000, seconds, folders: 12, ...server })
        .toFixed(3)
        .padStart(14),
    )
    console.log(`  units of ${String(seconds).padStart(3)} s    ${row.join('')}`)
  }
}
