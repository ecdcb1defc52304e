/**
 * Measures how soon the live page shows a new network and a new object.
 *
 *     node bench/explore.mjs [MODEL …] [--stride N] [--rounds N]
 *
 * MODEL is an id or the path of a checkpoint [default: tiny-alexnet]. `first map` is the time from sending a new object
 * to receiving the coarsest positions, with the network already open, or with a page that has not opened the network yet.
 * With several networks, it is also measured while all of them show the object. Each object replaces one whose map is not
 * complete. The whole map of a new object has one image per position. Prints medians and all values.
 */
import { parseArgs } from 'node:util'
import { positionGrid } from '../dist/engine/scene/positions.js'
import { explore, openNetwork } from '../dist/index.js'
import { SIZE, showSquare } from './livePage.mjs'

const { values, positionals } = parseArgs({
  options: { stride: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
})
const [stride, rounds] = [Number(values.stride), Number(values.rounds)]
const models = positionals.length > 0 ? positionals : ['tiny-alexnet']
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const shown = (numbers, digits) =>
  `${median(numbers).toFixed(digits)} (${numbers.map((one) => one.toFixed(digits)).join(', ')})`

/** Times until the first map of each network, for objects that follow each other. The networks are open. */
async function printFirsts(page, networks) {
  const show = (page, networks) => showSquare(page, networks, stride, false)
  const times = []
  for (let i = 0; i < 2 * rounds + 1; i++) times.push(await show(page, networks))
  for (const [i, { id }] of networks.entries()) {
    const beside = networks.length === 1 ? '' : ` of ${networks.length} networks`
    const firsts = times.map((of) => of[i].first)
    console.log(`${id}${beside}: first map after ${shown(firsts, 2)} s`)
  }
}

/** Time until the first map of a network that the page opens for it, and images per second until the whole map. */
async function printWhole(model, network) {
  const [opened, rates] = [[], []]
  for (let i = 0; i < rounds; i++) {
    const page = await explore({ models: [model], results: 'not-written' })
    opened.push((await showSquare(page, [network], stride, false))[0].first)
    const [{ whole }] = await showSquare(page, [network], stride, true)
    rates.push(positionGrid(network.input.rows, SIZE, stride).offsets.length / 2 / whole)
    await page.close()
  }
  console.log(`${network.id}, not open before: first map after ${shown(opened, 2)} s`)
  console.log(`${network.id}, whole map of a new object: ${shown(rates, 0)} images/s`)
}

const described = []
for (const model of models) {
  const { network, close } = await openNetwork(model)
  await close()
  described.push(network)
  await printWhole(model, network)
  const page = await explore({ models: [model], results: 'not-written' })
  await showSquare(page, [network], stride, false)
  await printFirsts(page, [network])
  await page.close()
}
if (models.length > 1) {
  const page = await explore({ models, results: 'not-written' })
  await showSquare(page, described, stride, false)
  await printFirsts(page, described)
  await page.close()
}
