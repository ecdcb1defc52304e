/**
 * Compares the extraction at all windows of a photograph with a bare loop, which runs the same network on a tensor in
 * memory with the same workers and batch size: without and with reuse, with the predicted gain and its bound.
 *
 *     node bench/windows.mjs PHOTOGRAPHS [--model ID] [--weights FILE] [--input RECIPE] [--margin PX] [--workers N]
 *       [--repeats N]
 *
 * Each repeat takes another photograph, so that the check of reuse counts. Gains are ratios of processor time and of
 * wall time.
 */
import { openBareLoop } from '../dist/bench/bareLoop.js'
import { openThreads } from '../dist/engine/open/handle.js'
import { chooseSettings } from '../dist/engine/open/settings.js'
import { expectedGain, sharedFloor } from '../dist/engine/reuse/expected.js'
import { positionGrid } from '../dist/engine/scene/positions.js'
import { sceneOf } from '../dist/engine/scene/scene.js'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'
import { findPhotographs, photographPatch } from '../dist/patches/photographs.js'
import { median, secondsOf } from '../dist/support/stopwatch.js'
import { runScript, wholeNumber } from './script.mjs'

const options = {
  model: { type: 'string', default: 'tiny-alexnet' },
  weights: { type: 'string' },
  input: { type: 'string' },
  margin: { type: 'string' },
  workers: { type: 'string', default: '2' },
  repeats: { type: 'string', default: '5' },
}
const CPU = { name: 'cpu', index: null }

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [photographs] }) => {
  const { model, weights, input } = values
  const given = { model, ...(weights && { weights }), ...(input && { input }) }
  const network = await chooseNetwork({ ...given, weightsOption: '--weights FILE' })
  const layers = network.layers.filter(({ name }) => name === network.classes?.layer)
  const settings = chooseSettings(network, Number.POSITIVE_INFINITY, {
    workers: wholeNumber(values.workers),
    threads: 1,
  })
  const margin = values.margin && wholeNumber(values.margin)
  await measureWindows({
    margin,
    network: { ...network, layers },
    settings,
    photographs,
    repeats: wholeNumber(values.repeats),
  })
})

async function measureWindows({ network, margin, settings, photographs, repeats }) {
  const frame = network.input.rows
  const files = (await findPhotographs(photographs)).slice(0, repeats + 1)
  const scenes = []
  for (const file of files) scenes.push(sceneOf(await photographPatch(file, frame, margin)))
  const { offsets } = positionGrid(frame, scenes[0].patch.size, 1)
  const images = offsets.length / 2
  const bare = openBareLoop(network, settings, CPU)
  const handles = {
    plain: openThreads(network, settings),
    reuse: openThreads(network, settings, { reusing: settings }),
  }
  const extractWith = async (handle, scene) => {
    const { release } = await handle.extract(scene, offsets)
    release()
    return images
  }
  try {
    let rate = await bare.measure(1)
    const [first, ...others] = scenes
    const opened = {
      plain: await timedPerImage(() => extractWith(handles.plain, first)),
      reuse: await timedPerImage(() => extractWith(handles.reuse, first)),
    }
    const repeated = []
    for (const scene of others) {
      repeated.push({
        bare: await timedPerImage(async () => {
          const taken = await secondsOf(async () => {
            rate = await bare.measure(images / rate)
          })
          return taken * rate
        }),
        plain: await timedPerImage(() => extractWith(handles.plain, scene)),
        reuse: await timedPerImage(() => extractWith(handles.reuse, scene)),
      })
    }
    const gain = (of, to, unit) => median(repeated.map((times) => times[of][unit] / times[to][unit])).toFixed(2)
    const rates = ['bare', 'plain', 'reuse'].map(
      (name) => `${name} ${median(repeated.map((times) => 1 / times[name].wall)).toFixed(1)}`,
    )
    console.log(`${network.id}: ${images} windows, images/s: ${rates.join(', ')}
  gain of reuse: ${gain('plain', 'reuse', 'cpu')} by processor time, ${gain('plain', 'reuse', 'wall')} by wall time
  with opening: ${(opened.plain.cpu / opened.reuse.cpu).toFixed(2)} by processor time (one measurement)
  over the bare loop: ${gain('bare', 'reuse', 'cpu')} by processor time, ${gain('bare', 'reuse', 'wall')} by wall time
  predicted ${(await expectedGain(network, first, offsets)).toFixed(2)}, bound ${(await sharedFloor(network, first, offsets)).toFixed(2)}`)
  } finally {
    await bare.close()
    for (const handle of Object.values(handles)) await handle.close()
  }
}

/** @returns per image, the seconds of wall time, and of processor time of all threads */
async function timedPerImage(work) {
  const before = process.cpuUsage()
  let images
  const wall = await secondsOf(async () => {
    images = await work()
  })
  return { wall: wall / images, cpu: processorSeconds(before) / images }
}

/** Processor time of all threads since `process.cpuUsage()` returned `before`. */
function processorSeconds(before) {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
