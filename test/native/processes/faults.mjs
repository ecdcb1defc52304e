/**
 * Ways to misuse the addon, in a process that they may take down: node --expose-gc faults.mjs CASE… Prints a line of what
 * became of each.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startJobs, startWorker } from './hostile/endings.mjs'

const addonPath = fileURLToPath(new URL('../../../native/build/Release/shiftscope.node', import.meta.url))
const addon = createRequire(import.meta.url)(addonPath)

const normalisation = { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' }
const large = { background: { rgb: [0, 0, 0] }, normalisation, blend: 'hard', frameRows: 65535, frameCols: 65535 }

const training = {
  ...{ rows: 64, dims: 4, problems: 10, C: 1, tolerance: 1e-3, passLimit: 20, threads: 1 },
  features: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * i)),
  labels: Int8Array.from({ length: 640 }, (_, i) => (i % 2 === 0 ? 1 : -1)),
  decisions: new Float64Array(640),
  stop: new Int32Array(new SharedArrayBuffer(4)),
}

/** Takes the memory of an array away for good. */
function lose({ buffer }) {
  structuredClone(buffer, { transfer: [buffer] })
  globalThis.gc()
}

/** When the jobs of other threads have computed for a while, however long that takes here. */
async function inTheMiddle() {
  const { user } = process.cpuUsage()
  while (process.cpuUsage().user - user < 3e5) await setTimeout(10)
}

/** The most that this process has taken; what Node.js says of it begins with what the parent had at the fork. */
function megabytes() {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kibibytes = /^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS
  return Math.round(Number(kibibytes) / 1024)
}

const cases = {
  async manyThreads() {
    for (const threads of [200_000, 2 ** 53 - 1]) await addon.trainSvm({ ...training, threads })
    return megabytes() < 500 ? 'trained' : `took ${megabytes()} MB`
  },

  /** The number of these features wraps to 0 where it is counted in 64 bits. */
  features2To64: () =>
    addon.cosineSimilarity(new Float32Array(0), 2 ** 50, 2 ** 14, new Float32Array(0), 0, 1, new Float32Array(0)),

  largeFrame: () =>
    new addon.Compositor({ ...large, patch: new Uint8Array(65535 * 4), patchRows: 65535, patchCols: 1 }),

  manyAnchors() {
    const anchors = new Float32Array(1e8)
    return addon.cosineSimilarity(anchors.subarray(0, 1), 1, 1, anchors, 1e8, 1, new Float32Array(1e8))
  },

  loseFeatures() {
    const features = training.features.slice()
    return addon.trainSvm(Object.defineProperty({ ...training, features }, 'C', { get: () => lose(features) ?? 1 }))
  },

  losePatch() {
    const patch = new Uint8Array(4)
    const mean = Object.defineProperty([0, 0, 0], 1, { get: () => lose(patch) ?? 0 })
    const changed = { normalisation: { ...normalisation, mean }, patch, patchRows: 1, patchCols: 1 }
    return new addon.Compositor({ ...large, ...changed, frameRows: 1, frameCols: 1 })
  },

  /** Found out only after it was read. */
  loseInJob() {
    const features = new Float32Array(2 ** 20).fill(1)
    const searched = addon.argmax(features, 2 ** 10, 2 ** 10, 1, new Int32Array(2 ** 10))
    globalThis.kept = structuredClone(features.buffer, { transfer: [features.buffer] })
    return searched
  },

  async endThread() {
    const { worker } = await startWorker(addonPath)
    await inTheMiddle()
    await worker.terminate()
    return 'goes on'
  },

  async endProcess() {
    startJobs(addonPath)
    process.on('exit', () => console.log('exits'))
    await inTheMiddle()
    process.exit(0)
  },
}

for (const name of process.argv.slice(2)) {
  try {
    console.log(String(await cases[name]()))
  } catch (error) {
    console.log(`${error.constructor.name}: ${error.message}`)
  }
}
