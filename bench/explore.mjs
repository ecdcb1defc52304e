/**
 * Measures how soon the live page shows a new object.
 *
 *     node bench/explore.mjs [MODEL …] [--stride N] [--rounds N]
 *
 * MODEL is an id or the path of a checkpoint [default: tiny-alexnet]. `first map` is the time from sending a new object
 * to receiving the coarsest positions, with the network already open. With several networks, it is also measured while
 * all of them show the object. Each object replaces one whose map is not complete. Prints medians and all values.
 */
import { parseArgs } from 'node:util'
import { explore, openNetwork } from '../dist/index.js'
import { showSquare, square } from './livePage.mjs'

const { values, positionals } = parseArgs({
  options: { stride: { type: 'string', default: '2' }, rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
})
const [stride, rounds] = [Number(values.stride), Number(values.rounds)]
const models = positionals.length > 0 ? positionals : ['tiny-alexnet']
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const shown = (numbers, digits) =>
  `${median(numbers).toFixed(digits)} (${numbers.map((one) => one.toFixed(digits)).join(', ')})`

/** Times until the first map of each network, for objects that follow each other. */
async function printFirsts(page, networks) {
  const show = (page, networks) => showSquare(page, networks, stride, false)
  await show(page, networks)
  const times = []
  for (let i = 0; i < 2 * rounds + 1; i++) times.push(await show(page, networks))
  for (const [i, { id }] of networks.entries()) {
    const beside = networks.length === 1 ? '' : ` of ${networks.length} networks`
    const firsts = times.map((of) => of[i].first)
    console.log(`${id}${beside}: first map after ${shown(firsts, 2)} s`)
  }
}

const described = []
for (const model of models) {
  const network = await openNetwork(model)
  described.push(network.network)
  const page = await explore({ models: [model], results: 'not-written' })
  await network.extract({ patch: await square(), size: 75, stride: 32 })
  await printFirsts(page, [network.network])
  await page.close()
  await network.close()
}
if (models.length > 1) {
  const page = await explore({ models, results: 'not-written' })
  await printFirsts(page, described)
  await page.close()
}
