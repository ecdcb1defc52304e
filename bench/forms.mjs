/**
 * Compares reuse in several forms of one network, with a file for each form:
 *
 *   python3 bench/forms/make_forms.py NETWORK.onnx FOLDER
 *   npm run build && node bench/forms.mjs FOLDER [--size 64] [--stride 4] [--layers A,B] [--planned] [--json]
 *
 * Every image shows a built-in object. The forms are compared with the form `plain`, if there is one. Each speed, in
 * images per second, is the median of several measurements. Those with and without reuse alternate, and the sessions
 * are open before the first one. The difference is the largest relative distance between features with and without
 * reuse, over all positions and layers. The last column says why every image is computed in full. `--planned` measures
 * only the seconds until the graph for reuse is found. If the machine has other work, look at the ratio of processor
 * times (CPU off/on) instead of that of speeds.
 */
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { printJson, printTable } from '../dist/cli/output/output.js'
import { largestDistance } from '../dist/engine/features/distance.js'
import { openThreads } from '../dist/engine/open/handle.js'
import { chooseSettings } from '../dist/engine/open/settings.js'
import { plannedReuse } from '../dist/engine/reuse/expected.js'
import { reusedNetwork } from '../dist/engine/reuse/reusedNetwork.js'
import { positionGrid } from '../dist/engine/scene/positions.js'
import { sceneOf } from '../dist/engine/scene/scene.js'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'
import { builtInPatches } from '../dist/patches/collection.js'
import { patchesOfSource } from '../dist/patches/patch.js'
import { median, secondsOf } from '../dist/support/stopwatch.js'
import { runScript, wholeNumber } from './script.mjs'

const PLAIN = 'plain.onnx'

const options = {
  size: { type: 'string', default: '64' },
  stride: { type: 'string', default: '4' },
  repeats: { type: 'string', default: '3' },
  workers: { type: 'string', default: '2' },
  layers: { type: 'string' },
  pool: { type: 'string' },
  planned: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
}

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [folder] }) => {
  const { layers, pool, planned, json } = values
  const [size, stride, repeats, workers] = ['size', 'stride', 'repeats', 'workers'].map((name) =>
    wholeNumber(values[name]),
  )
  const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
  // The form that the others are compared with comes first.
  names.sort((a, b) => Number(b === PLAIN) - Number(a === PLAIN))
  const rows = []
  for (const name of names) {
    const model = join(folder, name)
    const network = await chooseNetwork({ model, ...(layers && { layers: layers.split(',') }), ...(pool && { pool }) })
    const [source] = await builtInPatches()
    const side = Math.min(size, Math.floor(network.input.rows / 2))
    const [patch] = await patchesOfSource(source, [side], network.input.rows, 'hard')
    const scene = sceneOf(patch)
    const { offsets } = positionGrid(network.input.rows, side, stride)
    const opening = await secondsOf(() => reusedNetwork(network))
    const plan = await plannedReuse(network, scene, offsets)
    const { reason = null } = plan
    const gain = reason === null ? plan.plan.predictedGain : 1
    const settings = chooseSettings(network, Number.POSITIVE_INFINITY, { workers, threads: 1 })
    const measured = planned ? {} : await measure(network, settings, scene, offsets, repeats)
    rows.push({ form: basename(name, '.onnx'), images: offsets.length / 2, opening, gain, reason, ...measured })
  }
  if (json) return printJson(rows)
  const [plain] = names[0] === PLAIN ? rows : []
  const ofPlain = (value) => (plain === undefined ? '' : value(plain).toFixed(3))
  const speeds = ({ on, off, cpu, difference, reuse }) => [
    ...[Math.round(on), Math.round(off), (on / off).toFixed(2)],
    cpu.toFixed(2),
    ofPlain((other) => cpu / other.cpu),
    difference.toExponential(1),
    reuse === undefined ? 'too few images' : (reuse.reason ?? ''),
  ]
  printTable(
    [
      ...['form', 'predicted', 'of plain', 'opening s'],
      ...(planned ? ['reason'] : ['on', 'off', 'on/off', 'CPU off/on', 'of plain', 'difference', 'reason']),
    ],
    rows.map((row) => [
      ...[row.form, row.gain.toFixed(2), ofPlain((other) => row.gain / other.gain), row.opening.toFixed(2)],
      ...(planned ? [row.reason ?? ''] : speeds(row)),
    ]),
  )
})

/** Images per second with and without reuse, the ratio of processor times, and how much the features differ. */
async function measure(network, settings, scene, offsets, repeats) {
  const handles = {
    on: openThreads(network, settings, { reusing: settings }),
    off: openThreads(network, settings),
  }
  const images = offsets.length / 2
  try {
    const speeds = { on: [], off: [] }
    const times = { on: [], off: [] }
    const features = {}
    for (let repeat = -1; repeat < repeats; repeat++) {
      for (const [name, handle] of Object.entries(handles)) {
        features[name]?.release()
        const before = process.cpuUsage()
        const seconds = await secondsOf(async () => {
          features[name] = await handle.extract(scene, offsets)
        })
        const { user, system } = process.cpuUsage(before)
        // The first run also opens the sessions.
        if (repeat < 0) continue
        speeds[name].push(images / seconds)
        times[name].push((user + system) / 1e6)
      }
    }
    const differences = features.on.layers.map(({ matrix, dims }, i) =>
      largestDistance(matrix, features.off.layers[i].matrix, dims),
    )
    return {
      on: median(speeds.on),
      off: median(speeds.off),
      cpu: median(times.off) / median(times.on),
      difference: Math.max(...differences),
      reuse: handles.on.ran().reuse.at(-1),
    }
  } finally {
    for (const handle of Object.values(handles)) await handle.close()
  }
}
