/**
 * Measures what it costs to run ONNX Runtime sessions on the processor in child processes instead of worker threads.
 *
 *     node bench/sessions.mjs [--models a,b] [--weights ID=FILE]… [--stride N] [--rounds N]
 *
 * Both compute the features of a built-in patch of 75 pixels without reuse, with two workers of one thread each. Their
 * measurements alternate. Rates are medians in images per second; ratios are medians over pairs of consecutive
 * measurements.
 */
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'

// The child processes load this file first (--import), which makes each session run on one thread of the processor.
if (process.send !== undefined) {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node')
  const create = InferenceSession.create
  InferenceSession.create = (path, options) =>
    create(path, { ...options, executionProviders: ['cpu'], intraOpNumThreads: 1, executionMode: 'sequential' })
} else await measure()

async function measure() {
  process.env.NODE_OPTIONS = `--import ${import.meta.url}`
  const { openDevicePool } = await import('../dist/engine/queue/workerPool.js')
  const { deviceHandle, openThreads } = await import('../dist/engine/open/handle.js')
  const { positionGrid } = await import('../dist/engine/scene/positions.js')
  const { sceneOf } = await import('../dist/engine/scene/scene.js')
  const { chooseNetwork } = await import('../dist/networks/open/openNetwork.js')
  const { builtInPatches } = await import('../dist/patches/collection.js')
  const { readImage } = await import('../dist/patches/image.js')
  const { patchAtSize } = await import('../dist/patches/patch.js')
  const { values } = parseArgs({
    options: {
      models: { type: 'string', default: 'tiny-alexnet' },
      weights: { type: 'string', multiple: true, default: [] },
      stride: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '5' },
    },
  })
  const weights = Object.fromEntries(values.weights.map((pair) => pair.split('=')))
  const settings = { workers: 2, threads: 1, batch: 8 }
  const cpu = { name: 'cpu', index: 0 }
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
  const [source] = await builtInPatches()
  for (const model of values.models.split(',')) {
    const network = await chooseNetwork({ model, ...(weights[model] && { weights: weights[model] }) })
    const patch = patchAtSize(source.name, await readImage(source.path), 75, network.input.rows)
    const scene = sceneOf(patch)
    const { offsets } = positionGrid(network.input.rows, 75, Number(values.stride))
    const pool = await openDevicePool({ network, devices: [cpu, cpu], batch: settings.batch, onNote: console.log })
    const handles = [
      openThreads(network, settings),
      deviceHandle(pool, { processor: settings, rate: null, record: {} }),
    ]
    const rates = [[], []]
    const firstSeconds = []
    for (let round = -1; round < Number(values.rounds); round++) {
      for (const [i, handle] of handles.entries()) {
        const start = performance.now()
        const features = await handle.extract(scene, offsets, { whole: offsets })
        const seconds = (performance.now() - start) / 1000
        features.release()
        if (round === -1) firstSeconds.push(seconds)
        else rates[i].push(features.finished / seconds)
        const { failure } = handle.ran()
        if (failure) console.log(failure)
      }
    }
    const ratio = median(rates[0].map((rate, i) => rates[1][i] / rate))
    console.log(
      `${model}: threads ${median(rates[0]).toFixed(0)}, processes ${median(rates[1]).toFixed(0)} images/s, ratio ${ratio.toFixed(3)}; ` +
        `first time ${firstSeconds.map((seconds) => seconds.toFixed(2)).join(' and ')} s`,
    )
    for (const handle of handles) await handle.close()
  }
}
