import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openNetwork } from '../../../src/features/openNetwork.js'
import { chooseGenerator } from '../../../src/networks/generator.js'
import { inspectModel } from '../../../src/networks/inspection.js'
import { goldenFiles } from '../goldens.js'
import { drawLoop, drawModel } from '../graphs.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import { type FuzzCase, placeFiles, type Reader } from '../reader.js'

/** ONNX files that are run: inspected, opened as a network, or as a generator. */
export const networks: Reader = {
  name: 'networks',
  isExpensive: true,
  mostGrowth: 1024,
  // A trial run may take three minutes.
  mostSeconds: 240,
  open: (folder) => {
    const corpus = goldenFiles('onnx', /\.onnx$/)
    const path = join(folder, 'case.onnx')
    return {
      draw: (random) => drawCase(random, corpus),
      read: async (drawn) => {
        placeFiles(folder, drawn)
        // What was found of an equal graph before would be taken from there.
        rmSync(join(folder, 'cache'), { recursive: true, force: true })
        if (drawn.kind === 'generator') {
          const { dims } = await chooseGenerator(path)
          return dims > 0 ? [] : [`${dims} values`]
        }
        if (drawn.kind === 'inspect') {
          const { tensors } = await inspectModel(path)
          return tensors.every(({ dims }) => Number.isSafeInteger(dims)) ? [] : ['dims that are none']
        }
        const network = await openNetwork(path, { device: 'cpu' })
        await network.close()
        return network.network.layers.every(({ dims }) => dims > 0) ? [] : ['a layer without values']
      },
    }
  },
}

function drawCase(random: Random, corpus: readonly Buffer[]): FuzzCase {
  const kind = random.pick(['inspect', 'open', 'open', 'generator'])
  const metadata = {
    encoder: 'tiny-alexnet',
    layer: random.pick(['fc6', 'x']),
    feature: random.pick(['pre-relu', 'x']),
  }
  const drawn = random.chance(0.02)
    ? drawLoop(random)
    : random.chance(0.8)
      ? drawModel(random, kind === 'generator' ? metadata : {})
      : random.pick(corpus)
  return { kind, files: { 'case.onnx': random.chance(0.15) ? mutate(drawn, random, corpus) : drawn } }
}
