/**
 * Compares the speed of `consistency` with a bare loop, which runs the same network on a tensor in memory with the same
 * workers and batch size.
 *
 *     node bench/consistency.mjs PHOTOGRAPHS [--model ID] [--weights FILE] [--protocols crop,diagonal] [--repeats N]
 *
 * The time of `consistency` includes reading and cutting the photographs and opening the sessions. Measurements of both
 * alternate; the ratio is the median over pairs of consecutive measurements.
 */
import { openBareLoop } from '../dist/bench/bareLoop.js'
import { consistency } from '../dist/index.js'
import { chooseNetwork } from '../dist/networks/index.js'
import { median } from '../dist/support/stopwatch.js'
import { runScript, wholeNumber } from './script.mjs'

const SECONDS = 5
const options = {
  model: { type: 'string', default: 'tiny-alexnet' },
  weights: { type: 'string' },
  protocols: { type: 'string', default: 'crop,diagonal' },
  repeats: { type: 'string', default: '5' },
}

await runScript({ options, allowPositionals: true }, async ({ values, positionals: [photographs] }) => {
  const { model, weights, repeats } = values
  const given = { model, ...(weights && { weights }) }
  const network = await chooseNetwork({ ...given, weightsOption: '--weights FILE' })
  const layers = network.layers.filter(({ name }) => name === network.classes?.layer)
  const settings = { workers: 2, threads: 1, batch: 8 }
  for (const protocol of values.protocols.split(',')) {
    const bare = openBareLoop({ ...network, layers }, settings, { name: 'cpu', index: null })
    try {
      await bare.measure(1)
      const pairs = []
      for (let repeat = 0; repeat < wholeNumber(repeats); repeat++) {
        const loop = await bare.measure(SECONDS)
        const run = await consistency({ ...given, photographs, protocols: [protocol], ...settings })
        pairs.push({ loop, rate: run.imagesPerSecond, images: run.images })
      }
      const ratio = median(pairs.map(({ loop, rate }) => rate / loop))
      const [loop, rate] = [median(pairs.map((pair) => pair.loop)), median(pairs.map((pair) => pair.rate))]
      console.log(
        `${network.id} ${protocol}: ${rate.toFixed(1)} images/s of ${pairs[0].images}, bare ${loop.toFixed(1)}, ratio ${ratio.toFixed(3)}`,
      )
    } finally {
      await bare.close()
    }
  }
})
