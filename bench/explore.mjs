/**
 * Measures how soon the live page shows a new object, and compares the speed of its map with that of `extract` at the
 * same positions.
 *
 *     node bench/explore.mjs [MODEL …] [--stride N] [--rounds N]
 *
 * MODEL is an id or the path of a checkpoint [default: tiny-alexnet]. `first map` is the time from sending a new object
 * to receiving the coarsest positions, with the network already open. With several networks, it is also measured while
 * all of them show the object. Each object replaces one whose map is not complete. Rates are for whole maps;
 * measurements of the page and of `extract` alternate. Prints medians and all values.
 */
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { explore, openNetwork } from '../dist/index.js'
import { messageDecoder } from '../dist/page/messageCoding.js'

const { values, positionals } = parseArgs({
  options: { stride: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
})
const [stride, rounds, size] = [Number(values.stride), Number(values.rounds), 75]
const models = positionals.length > 0 ? positionals : ['tiny-alexnet']
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const shown = (numbers, digits) =>
  `${median(numbers).toFixed(digits)} (${numbers.map((one) => one.toFixed(digits)).join(', ')})`

/** Processor time of all threads of this process, in seconds. */
function processorSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A square of a random colour, which the page has not seen before. */
async function object() {
  const background = { r: Math.floor(Math.random() * 256), g: Math.floor(Math.random() * 256), b: 60 }
  return sharp({ create: { width: 90, height: 70, channels: 3, background } })
    .png()
    .toBuffer()
}

/** Sends an object to the page, and returns its key. */
async function add({ address }, png) {
  const response = await fetch(`${address}objects?name=square`, { method: 'POST', body: png })
  return (await response.json()).key
}

/**
 * Seconds until the first positions of a map, and until its end. Without `isWhole`, stops after the first positions.
 * @param since when the object was sent
 */
async function map({ address }, { id, layers, input }, key, since, isWhole) {
  const anchor = { row: Math.floor((input.rows - size) / 2), col: Math.floor((input.cols - size) / 2) }
  const scene = { network: id, object: key, size, stride, background: 'white' }
  const left = new AbortController()
  const response = await fetch(`${address}map`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...scene, layer: layers.at(-1).name, anchor, cursor: anchor }),
    signal: left.signal,
  })
  const seconds = () => (performance.now() - since) / 1000
  const decode = messageDecoder()
  let first
  for await (const piece of response.body) {
    for (const message of decode(piece)) {
      if (message.kind === 'fault') throw new Error(message.message)
      if (message.kind === 'rows') first ??= seconds()
    }
    if (first !== undefined && !isWhole) break
  }
  const whole = seconds()
  left.abort()
  return { first, whole }
}

/** Shows a new object in all networks at a time; see `map`. */
async function show(page, networks, isWhole) {
  const png = await object()
  const since = performance.now()
  const key = await add(page, png)
  return Promise.all(networks.map((network) => map(page, network, key, since, isWhole)))
}

/** Times until the first map of each network, for objects that follow each other. */
async function printFirsts(page, networks) {
  await show(page, networks, false)
  const times = []
  for (let i = 0; i < 2 * rounds + 1; i++) times.push(await show(page, networks, false))
  for (const [i, { id }] of networks.entries()) {
    const beside = networks.length === 1 ? '' : ` of ${networks.length} networks`
    const firsts = times.map((of) => of[i].first)
    console.log(`${id}${beside}: first map after ${shown(firsts, 2)} s`)
  }
}

const described = []
for (const model of models) {
  const network = await openNetwork(model)
  const { id } = network.network
  described.push(network.network)
  const page = await explore({ models: [model], results: 'not-written' })
  await network.extract({ patch: await object(), size, stride: 32 })
  await printFirsts(page, [network.network])
  const rates = { extract: [], page: [], ratio: [], processor: [] }
  for (let i = 0; i < rounds; i++) {
    const before = processorSeconds()
    const { imagesPerSecond, images } = await network.extract({ patch: await object(), size, stride })
    const between = processorSeconds()
    const [{ whole }] = await show(page, [network.network], true)
    rates.processor.push((processorSeconds() - between) / (between - before))
    rates.extract.push(imagesPerSecond)
    rates.page.push(images / whole)
    rates.ratio.push(images / whole / imagesPerSecond)
  }
  console.log(
    `${id}: extract ${shown(rates.extract, 0)}, page ${shown(rates.page, 0)} images per second, ratio ${shown(rates.ratio, 2)}`,
  )
  console.log(`${id}: processor time of the page (with this client) ÷ that of extract: ${shown(rates.processor, 2)}`)
  await page.close()
  await network.close()
}
if (models.length > 1) {
  const page = await explore({ models, results: 'not-written' })
  await printFirsts(page, described)
  await page.close()
}
