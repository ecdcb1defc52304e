/**
 * Shows where the processor time of a unit's extraction with reuse goes, beside the bare loop and its bound:
 *
 *     node bench/unit_parts.mjs [--model ID] [--weights FILE] [--sizes 75,125] [--stride N]
 *
 * All passes of the unit run in this thread, first without and then with ONNX Runtime's profile. The profile divides the
 * time of the sessions, which the first run measures, among the operators. Then the same unit runs with two workers. The
 * kernel's counters show how long these neither compute nor wait for a core, so other work of the machine does not count.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { openBareLoop } from '../dist/bench/bareLoop.js'
import { openThreads } from '../dist/engine/open/handle.js'
import { openThreadPool } from '../dist/engine/queue/workerPool.js'
import { cellBackend } from '../dist/engine/reuse/cellBackend.js'
import { sharedFloor } from '../dist/engine/reuse/expected.js'
import { Reuse } from '../dist/engine/reuse/reuse.js'
import { positionGrid } from '../dist/engine/scene/positions.js'
import { sceneOf } from '../dist/engine/scene/scene.js'
import { UsageError } from '../dist/errors.js'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'
import { builtInPatches } from '../dist/patches/collection.js'
import { patchesOfSource } from '../dist/patches/patch.js'
import { secondsOf } from '../dist/support/stopwatch.js'
import { runScript, wholeNumber, wholeNumbers } from './script.mjs'

const options = {
  model: { type: 'string', default: 'tiny-alexnet' },
  weights: { type: 'string' },
  sizes: { type: 'string', default: '75,125' },
  stride: { type: 'string', default: '1' },
}
const SETTINGS = { workers: 2, threads: 1, batch: 32 }
const BARE_SECONDS = 3
const { create } = ort.InferenceSession
/** The first group whose pattern fits an operator contains it. */
const GROUPS = [
  ['ONNX Runtime: products', /Gemm|MatMul|Conv/],
  ['ONNX Runtime: gathers', /^Gather$/],
  ['ONNX Runtime: other operators', /./],
]
const BETWEEN = 'ONNX Runtime: between operators'

await runScript({ options }, async ({ values: { model, weights, sizes, stride } }) => {
  const network = await chooseNetwork({ model, weights, weightsOption: '--weights FILE' })
  const [source] = await builtInPatches()
  for (const patch of await patchesOfSource(source, wholeNumbers(sizes), network.input.rows, 'hard')) {
    const scene = sceneOf(patch)
    const { offsets } = positionGrid(network.input.rows, patch.size, wholeNumber(stride))
    const images = offsets.length / 2
    const bare = await bareSeconds(network)
    const parts = await partsOfUnit(network, scene, offsets)
    const again = await bareSeconds(network)
    const rows = [
      ['bare loop', (bare + again) / 2],
      ['bound', (bare + again) / 2 / (await sharedFloor(network, scene, offsets))],
      ...parts.map(([name, seconds]) => [name, seconds / images]),
    ]
    console.log(`${network.id}, ${patch.size} px, microseconds of one core per image`)
    for (const [name, seconds] of rows) console.log(`${(seconds * 1e6).toFixed(0).padStart(6)}  ${name}`)
    console.log(`${((await idleShare(network, scene, offsets)) * 100).toFixed(1).padStart(6)}  % idle with two workers`)
  }
})

async function processorSeconds(work) {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** Processor time of the bare loop per image. */
async function bareSeconds(network) {
  const bare = openBareLoop(network, SETTINGS, { name: 'cpu', index: null })
  try {
    await bare.measure(1)
    let images = 0
    const spent = await processorSeconds(async () => {
      const taken = await secondsOf(async () => {
        images = await bare.measure(BARE_SECONDS)
      })
      images *= taken
    })
    return spent / images
  } finally {
    await bare.close()
  }
}

/** Seconds of each part of a unit, the largest first, and their sum. */
async function partsOfUnit(network, scene, offsets) {
  const plain = await runPasses(network, scene, offsets)
  const { operators } = await runPasses(network, scene, offsets, mkdtempSync(join(tmpdir(), 'shiftscope-')))
  const profiled = [...operators.values()].reduce((sum, time) => sum + time, 0)
  const parts = [...operators].map(([name, time]) => [name, (time / profiled) * plain.sessions])
  parts.push(['JavaScript: keys and indices', plain.all - plain.sessions - plain.put])
  parts.push(['copies into the matrices', plain.put])
  return [['with reuse, in one thread', plain.all], ...parts.toSorted((a, b) => b[1] - a[1])]
}

/**
 * Runs a unit's passes one by one in this thread.
 * @param folder an empty folder for profiles; without it, the sessions are not profiled
 */
async function runPasses(network, scene, offsets, folder) {
  const spent = { sessions: 0, put: 0, all: 0 }
  const timed = (part, work) => {
    const before = process.cpuUsage()
    const add = () => {
      const { user, system } = process.cpuUsage(before)
      spent[part] += (user + system) / 1e6
    }
    const result = work()
    if (result instanceof Promise) return result.finally(add)
    add()
    return result
  }
  const sessions = []
  ort.InferenceSession.create = async (path, given) => {
    const profile = folder && { enableProfiling: true, profileFilePrefix: join(folder, `${sessions.length}`) }
    const session = await create.call(ort.InferenceSession, path, { ...given, ...profile })
    const run = session.run.bind(session)
    session.run = (...feeds) => timed('sessions', () => run(...feeds))
    sessions.push(session)
    return session
  }
  const settings = { ...SETTINGS, workers: 1 }
  const pool = openThreadPool(network, settings)
  const reuse = new Reuse(pool, settings, (data) => workersHere(data, timed))
  try {
    // The first extraction opens the sessions and checks reuse.
    for (let round = 0; round < 2; round++) {
      for (const part of Object.keys(spent)) spent[part] = 0
      const features = await reuse.extract(scene, offsets)
      if (features === undefined) throw new UsageError(`${network.id} does not reuse values for this unit`)
      features.release()
    }
    if (folder) for (const session of sessions) session.endProfiling()
    return { ...spent, operators: folder ? operatorSeconds(folder) : new Map() }
  } finally {
    ort.InferenceSession.create = create
    await reuse.close()
    await pool.workers.close()
    if (folder) rmSync(folder, { recursive: true })
  }
}

/** A worker that computes passes in this thread. It stores the features as `write` of src/engine/worker.ts does. */
function workersHere(data, timed) {
  let backend
  let last = Promise.resolve()
  const run = async ({ parts, target: { matrices, rows } }) => {
    backend ??= await cellBackend(data)
    const put = (first, images, layers) =>
      timed('put', () => {
        for (const [i, features] of layers.entries()) {
          const dims = features.length / images
          for (const [image, row] of rows.subarray(first, first + images).entries())
            matrices[i].set(features.subarray(image * dims, (image + 1) * dims), row * dims)
        }
      })
    await timed('all', () => backend(parts, put))
    return { kind: 'written' }
  }
  const runNext = (task) => {
    last = last.then(() => run(task))
    return last
  }
  return { count: 1, inFlight: 1, run: runNext, rest: async () => undefined, close: async () => undefined }
}

/** Seconds of each group of operators. A loop's time does not include that of the operators in its body. */
function operatorSeconds(folder) {
  const sums = new Map([...GROUPS.map(([name]) => [name, 0]), [BETWEEN, 0]])
  const add = (name, microseconds) => sums.set(name, sums.get(name) + microseconds / 1e6)
  for (const file of readdirSync(folder)) {
    for (const { cat, name, dur, args } of JSON.parse(readFileSync(join(folder, file), 'utf8'))) {
      if (name === 'model_run') add(BETWEEN, dur)
      if (cat !== 'Node' || !name.endsWith('_kernel_time') || args.op_name === 'Scan') continue
      const [group] = GROUPS.find(([, operators]) => operators.test(args.op_name))
      add(group, dur)
      add(BETWEEN, -dur)
    }
  }
  return sums
}

/** Share of the time in which the two busiest threads, the workers, neither compute nor wait for a core. */
async function idleShare(network, scene, offsets) {
  const handle = openThreads(network, SETTINGS, { reusing: SETTINGS })
  try {
    const extract = async () => (await handle.extract(scene, offsets)).release()
    await extract()
    const before = threadSeconds()
    const wall = await secondsOf(extract)
    const busy = [...threadSeconds()].map(([thread, seconds]) => seconds - (before.get(thread) ?? 0))
    const [first, second] = busy.toSorted((a, b) => b - a)
    return 1 - (first + second) / 2 / wall
  } finally {
    await handle.close()
  }
}

/** For each thread of this process, the seconds for which it has run or waited for a core. */
function threadSeconds() {
  const folder = '/proc/self/task'
  const spent = (thread) =>
    readFileSync(join(folder, thread, 'schedstat'), 'utf8')
      .split(' ')
      .map(Number)
  return new Map(
    readdirSync(folder).map((thread) => {
      const [ran, waited] = spent(thread)
      return [thread, (ran + waited) / 1e9]
    }),
  )
}
