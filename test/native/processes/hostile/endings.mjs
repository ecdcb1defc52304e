import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/**
 * Jobs of every kind, in flight when this returns; the trainings last for minutes, and an error tells of one that did not.
 *
 * @param {string} addonPath
 */
export function startJobs(addonPath) {
  const addon = createRequire(addonPath)(addonPath)
  const ignore = () => {}
  const tooShort = () => {
    throw new Error('a training came to its end before it was ended')
  }
  const [rows, dims, problems] = [3000, 600, 150]
  const features = new Float32Array(rows * dims).map((_, i) => Math.sin(i * i))
  const one = features.slice(0, dims)
  const training = {
    ...{ features, rows, dims, problems, C: 1e9, tolerance: 1e-300, passLimit: 2 ** 40, threads: 2 },
    labels: new Int8Array(problems * rows).map((_, i) => (Math.sin(i * i * 7) > 0 ? 1 : -1)),
  }
  for (let i = 0; i < 2; i++) {
    const own = { decisions: new Float64Array(problems * rows), stop: new Int32Array(new SharedArrayBuffer(4)) }
    addon.trainSvm({ ...training, ...own }).then(tooShort, ignore)
  }
  const compositor = new addon.Compositor({
    ...{ patch: new Uint8Array(4 * 81), patchRows: 9, patchCols: 9, frameRows: 200, frameCols: 200, blend: 'hard' },
    background: { rgb: [0, 0, 0] },
    normalisation: { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'rgb' },
  })
  const out = new Float32Array(64 * 3 * 200 * 200)
  const jobs = [
    ...Array.from({ length: 6 }, () => compositor.composite(new Int32Array(128), out)),
    addon.cosineSimilarity(features, rows, dims, one, 1, 2, new Float32Array(rows)),
    addon
      .uploadFeatures(one, 1, dims, 0)
      .then(({ handle }) => addon.cosineSimilarity(handle, 1, dims, one, 1, 1, new Float32Array(1))),
    addon.argmax(features, rows, dims, 2, new Int32Array(rows)),
  ]
  for (const job of jobs) job.then(ignore, ignore)
}

/** A worker with such jobs in flight. @param pause after which it ends itself, in milliseconds */
export async function startWorker(addonPath, pause = undefined) {
  const code = `import(${JSON.stringify(import.meta.url)}).then(({ startJobs }) => {
    startJobs(${JSON.stringify(addonPath)})
    require('node:worker_threads').parentPort.postMessage('started')
    if (${pause !== undefined}) setTimeout(process.exit, ${pause})
  })`
  const worker = new Worker(code, { eval: true })
  const exited = new Promise((resolve) => worker.once('exit', resolve))
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  return { worker, exited }
}

/** Ends threads, and at last the process, while their jobs go on. */
export async function endings(random, addonPath) {
  const { exited } = await startWorker(addonPath, random.below(200))
  await exited
  const { worker } = await startWorker(addonPath)
  await setTimeout(random.below(200))
  await worker.terminate()
  startJobs(addonPath)
  await startWorker(addonPath)
  await setTimeout(random.below(300))
  process.exit(0)
}
