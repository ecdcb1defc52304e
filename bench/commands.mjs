/**
 * Compares the speed of every command that runs a network with a bare loop, which runs the same network on a tensor in
 * memory with the same workers and batch size. Prints a table in Markdown.
 *
 *     node bench/commands.mjs MODEL OBJECTS PHOTOGRAPHS [--input RECIPE] [--photographs N] [--stride N] [--repeats N]
 *       [--only crop,explore]
 *
 * MODEL is an .onnx file or a checkpoint, OBJECTS a folder of pictures with transparency, and PHOTOGRAPHS a folder. If the
 * folder has fewer than N photographs, they are copied under other names and with other bytes after their end. Each
 * command runs as a user would run it, but in this process: its time includes reading its input, opening its sessions
 * and writing its results. The live page is open before its own row. Each run follows a run of the bare loop, whose sessions
 * are open. The last columns account for the processor time of an image, in milliseconds of one core: in the network (as in
 * the bare loop), in reading, decoding and resizing its photograph, and the rest, which is drawing, opening, judging
 * answers and writing. A ratio is the median over pairs of runs, of rates or of the processor time of all threads per image. The
 * memory is the highest during a command, with the bare loop and the commands before still in this process.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { openBareLoop } from '../dist/bench/bareLoop.js'
import { positionGrid } from '../dist/engine/scene/positions.js'
import { consistency, explore, extract, reproduce } from '../dist/index.js'
import { chooseNetwork } from '../dist/networks/open/openNetwork.js'
import { findPhotographs, readPhotograph } from '../dist/patches/photographs.js'
import { sourceSide } from '../dist/patches/sizes.js'
import { median, secondsOf } from '../dist/support/stopwatch.js'
import { showSquare, square } from './livePage.mjs'
import { runScript, wholeNumber } from './script.mjs'

const options = {
  input: { type: 'string' },
  photographs: { type: 'string', default: '200' },
  stride: { type: 'string', default: '4' },
  repeats: { type: 'string', default: '5' },
  only: { type: 'string' },
}
const CPU = { name: 'cpu', index: null }
const SETTINGS = { workers: 2, threads: 1, batch: 8 }
const SIZE = 75
/** Seconds of a run of the bare loop. */
const BARE_SECONDS = 3
const PROTOCOLS = ['crop', 'circular', 'embed', 'diagonal', 'subpixel']

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [model, objects, photographs] }) => {
  const given = { ...(values.input && { input: values.input }) }
  const network = await chooseNetwork({ model, ...given, weightsOption: '--weights FILE' })
  const layer = network.classes?.layer ?? network.layers.at(-1).name
  const ofLayer = { ...network, layers: network.layers.filter(({ name }) => name === layer) }
  const stride = wholeNumber(values.stride)
  const folder = mkdtempSync(join(tmpdir(), 'shiftscope-'))
  const bare = openBareLoop(ofLayer, SETTINGS, CPU)
  const list = join(folder, 'photographs.txt')
  const files = await photographPaths(photographs, wholeNumber(values.photographs), folder)
  writeFileSync(list, files.join('\n'))
  const common = { ...given, ...SETTINGS, device: 'cpu', layers: [layer] }
  const { offsets } = positionGrid(network.input.rows, SIZE, stride)
  const positions = offsets.length / 2
  const extracted = async (reuse) => {
    const found = await extract({ model, ...common, patch: await square(), size: SIZE, stride, reuse })
    return { images: found.images, gain: found.reuse?.predictedGain }
  }
  let runs = 0
  let page
  const commands = {
    'extract --reuse off': () => extracted('off'),
    extract: () => extracted('auto'),
    reproduce: async () => {
      const out = join(folder, String(++runs))
      const study = { ...given, ...SETTINGS, device: 'cpu', layers: [layer] }
      const { images } = await reproduce({
        models: [model],
        ...study,
        patches: objects,
        sizes: [SIZE],
        stride: 2 * stride,
        out,
      })
      return { images }
    },
    ...Object.fromEntries(
      PROTOCOLS.map((protocol) => [
        `consistency --protocols ${protocol}`,
        async () => {
          const { networks } = await consistency({
            model,
            ...given,
            ...SETTINGS,
            photographs: list,
            protocols: [protocol],
          })
          return { images: networks[0].images }
        },
      ]),
    ),
    // The last one, because the open page takes memory.
    explore: async () => {
      await showSquare(page, [{ ...ofLayer, id: network.id }], stride, true)
      return { images: positions }
    },
  }
  try {
    const head = ['images', 'images/s', 'bare loop', 'ratio', 'by processor time', 'predicted', 'memory']
    const account = ['ms per image', 'network', 'photograph', 'rest']
    console.log(`| ${[network.id, ...head, ...account].join(' | ')} |`)
    console.log(`|${' --- |'.repeat(1 + head.length + account.length)}`)
    const perPhotograph = await photographSeconds(files, network.input.rows)
    const only = values.only?.split(',')
    for (const [name, run] of Object.entries(commands)) {
      if (only && !only.includes(name.split(' ').at(-1))) continue
      if (name === 'explore') page = await explore({ models: [model], results: join(folder, 'kept'), ...SETTINGS })
      const ofPhotograph = name.startsWith('consistency') ? perPhotograph * files.length : 0
      console.log(await measuredRow(name, run, bare, wholeNumber(values.repeats), ofPhotograph))
    }
  } finally {
    await page?.close()
    await bare.close()
    rmSync(folder, { recursive: true })
  }
})

/** Paths of `count` photographs of different content. */
async function photographPaths(source, count, folder) {
  const files = await findPhotographs(source)
  return Array.from({ length: count }, (_, i) => {
    const { path } = files[i % files.length]
    if (i < files.length) return path
    const copy = join(folder, `${i}-${basename(path)}`)
    writeFileSync(copy, Buffer.concat([readFileSync(path), Buffer.from(String(i))]))
    return copy
  })
}

/** Processor seconds in which a photograph is read. Those that are too small count, too. */
async function photographSeconds(paths, frameSide) {
  const size = { frameSide, side: sourceSide(frameSide) }
  const before = process.cpuUsage()
  for (const path of paths) await readPhotograph({ name: path, path }, size, 'torchvision').catch(() => undefined)
  return processorSeconds(before) / paths.length
}

/** @param photographs processor seconds in which a run reads photographs */
async function measuredRow(name, run, bare, repeats, photographs) {
  const pairs = []
  for (let repeat = 0; repeat < repeats; repeat++)
    pairs.push({ loop: await measuredBare(bare), run: await measuredRun(run) })
  const middle = (of) => median(pairs.map(of))
  const ratio = middle(({ loop, run }) => run.rate / loop.rate)
  const ofProcessor = middle(({ loop, run }) => loop.cpu / run.cpu)
  const [all, network] = [middle(({ run }) => run.cpu), middle(({ loop }) => loop.cpu)]
  const ofPhotograph = photographs / pairs[0].run.images
  const account = [all, network, ofPhotograph, all - network - ofPhotograph]
  const cells = [
    `\`${name}\``,
    pairs[0].run.images,
    middle(({ run }) => run.rate).toFixed(0),
    middle(({ loop }) => loop.rate).toFixed(0),
    `**${ratio.toFixed(2)}**`,
    ofProcessor.toFixed(2),
    pairs[0].run.gain?.toFixed(2) ?? '',
    `${middle(({ run }) => run.megabytes).toFixed(0)} MB`,
    ...account.map((seconds) => (1000 * seconds).toFixed(2)),
  ]
  return `| ${cells.join(' | ')} |`
}

async function measuredBare(bare) {
  const before = process.cpuUsage()
  let rate
  const seconds = await secondsOf(async () => {
    rate = await bare.measure(BARE_SECONDS)
  })
  return { rate, cpu: processorSeconds(before) / (rate * seconds) }
}

/** Runs a command, and measures its time and processor time per image, and the highest memory of the process. */
async function measuredRun(run) {
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  const before = process.cpuUsage()
  let found
  try {
    const seconds = await secondsOf(async () => {
      found = await run()
    })
    const { images } = found
    return { ...found, rate: images / seconds, cpu: processorSeconds(before) / images, megabytes: most / 1e6 }
  } finally {
    clearInterval(watch)
  }
}

/** Processor time of all threads since `process.cpuUsage()` returned `before`. */
function processorSeconds(before) {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
