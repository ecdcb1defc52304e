/**
 * One way to misuse the addon, in a process that it may take down: node --expose-gc faults.mjs <case>. Prints what became
 * of it.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { startJobs } from './hostile/endings.mjs'

const addonPath =
  process.env.SHIFTSCOPE_ADDON ??
  fileURLToPath(new URL('../../../native/build/Release/shiftscope.node', import.meta.url))
const addon = createRequire(import.meta.url)(addonPath)

const normalisation = { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' }

function training(rows, dims, problems) {
  return {
    ...{ rows, dims, problems, C: 1, tolerance: 1e-3, passLimit: 20, threads: 1 },
    features: Float32Array.from({ length: rows * dims }, (_, i) => Math.sin(i * i)),
    labels: Int8Array.from({ length: rows * problems }, (_, i) => (i % 2 === 0 ? 1 : -1)),
    decisions: new Float64Array(rows * problems),
    stop: new Int32Array(new SharedArrayBuffer(4)),
  }
}

/** Takes the memory of an array away for good. */
function lose({ buffer }) {
  structuredClone(buffer, { transfer: [buffer] })
  for (let i = 0; i < 3; i++) globalThis.gc()
}

/** When the jobs of other threads have computed for a while, however long that takes here. */
async function inTheMiddle() {
  const { user } = process.cpuUsage()
  while (process.cpuUsage().user - user < 1e6) await setTimeout(10)
}

/** The most that this process has taken; what Node.js says of it begins with what the parent had at the fork. */
const megabytes = () => {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kibibytes = /^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS
  return Math.round(Number(kibibytes) / 1024)
}

const cases = {
  /** Of 2^50 rows of 2^14 floats each. */
  compareNothing: () =>
    addon.cosineSimilarity(new Float32Array(0), 2 ** 50, 2 ** 14, new Float32Array(0), 0, 1, new Float32Array(0)),

  async trainOnManyThreads() {
    for (const threads of [200_000, 2 ** 50, 2 ** 53 - 1]) await addon.trainSvm({ ...training(64, 4, 10), threads })
    return megabytes() < 500 ? 'trained' : `took ${megabytes()} MB`
  },

  prepareTooMuch: () =>
    new addon.Compositor({
      ...{ patch: new Uint8Array(65535 * 4), patchRows: 65535, patchCols: 1, frameRows: 65535, frameCols: 65535 },
      ...{ background: { rgb: [0, 0, 0] }, normalisation, blend: 'hard' },
    }),

  compareTooMuch() {
    const anchors = new Float32Array(1e8)
    return addon.cosineSimilarity(anchors.subarray(0, 1), 1, 1, anchors, 1e8, 1, new Float32Array(1e8))
  },

  async searchWhatChanges() {
    const shared = new Float32Array(new SharedArrayBuffer(4 * 4096 * 64))
    const writer = new Worker(new URL('./hostile/writer.mjs', import.meta.url), { workerData: shared.buffer })
    await new Promise((resolve) => writer.once('online', resolve))
    const last = shared.length - 1
    while (shared[last] === 0) await setImmediate()
    const out = new Int32Array(64)
    for (let times = 0; times < 5000; times++) await addon.argmax(shared, 64, 4096, 1, out)
    await writer.terminate()
    return out.every((index) => index >= 0 && index < 4096) ? 'searched' : String(out)
  },

  async changeLabels() {
    const options = training(60_000, 20, 4)
    let isOver = false
    const trained = addon.trainSvm(options).finally(() => {
      isOver = true
    })
    while (!isOver) await setImmediate(options.labels.fill(0))
    await trained
    return 'trained'
  },

  loseFeatures() {
    const [rows, dims] = [20_000, 800]
    const options = { ...training(rows, 1, 2), dims, features: new Float32Array(rows * dims).fill(1) }
    Object.defineProperty(options, 'C', { get: () => lose(options.features) ?? 1 })
    return addon.trainSvm(options)
  },

  losePatch() {
    const patch = new Uint8Array(1e8)
    return new addon.Compositor({
      ...{ patch, patchRows: 5000, patchCols: 5000, frameRows: 5000, frameCols: 5000, blend: 'hard' },
      background: { rgb: [0, 0, 0] },
      normalisation: { ...normalisation, mean: Object.defineProperty([0, 0, 0], 1, { get: () => lose(patch) ?? 0 }) },
    })
  },

  async shrink() {
    const buffer = new ArrayBuffer(2 ** 28, { maxByteLength: 2 ** 28 })
    const features = new Float32Array(buffer, 0, 2 ** 26).fill(1)
    const compare = () =>
      addon.cosineSimilarity(
        features,
        2 ** 16,
        2 ** 10,
        new Float32Array(2 ** 10).fill(1),
        1,
        1,
        new Float32Array(2 ** 16),
      )
    const compared = Promise.all(Array.from({ length: 12 }, compare))
    buffer.resize(0)
    await compared
  },

  /** Found out only after it was read. */
  loseInJob() {
    const features = new Float32Array(2 ** 20).fill(1)
    const searched = addon.argmax(features, 2 ** 10, 2 ** 10, 1, new Int32Array(2 ** 10))
    globalThis.kept = structuredClone(features.buffer, { transfer: [features.buffer] })
    return searched
  },

  async exitProcess() {
    startJobs(addonPath)
    process.on('exit', () => console.log('exits'))
    await inTheMiddle()
    process.exit(0)
  },

  async terminateWorker() {
    const code = `import(${JSON.stringify(new URL('./hostile/endings.mjs', import.meta.url).href)}).then((module) => {
      module.startJobs(${JSON.stringify(addonPath)})
      require('node:worker_threads').parentPort.postMessage('started')
    })`
    const worker = new Worker(code, { eval: true })
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await inTheMiddle()
    await worker.terminate()
    return 'terminated'
  },
}

try {
  console.log(String(await cases[process.argv[2]]()))
} catch (error) {
  console.log(`${error.constructor.name}: ${error.message}`)
}
