import sharp from 'sharp'
import { expect, it } from 'vitest'
import { openThreads } from '../../../src/engine/open/handle.js'
import { expectedGain } from '../../../src/engine/reuse/expected.js'
import { pixelScene } from '../../../src/engine/scene/scene.js'
import { classProbabilities } from '../../../src/experiments/answers/answers.js'
import { protocolNamed } from '../../../src/experiments/answers/protocols.js'
import { chooseNetwork } from '../../../src/networks/open/openNetwork.js'
import { readBackground } from '../../../src/patches/background.js'
import { readPhotograph } from '../../../src/patches/photographs.js'
import { sourceSide } from '../../../src/patches/sizes.js'
import { readAnsweredNetworks } from '../../../src/results/answers/read.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import { scenePositions } from '../../../src/study/answers/pieces.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()

it('an embedded photograph gets the answers of images that are computed one by one, from values that they share', async () => {
  const side = 260
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => ((i * 7919) ^ (i >> 5)) & 255)
  const path = folder('photograph.png')
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .blur(3)
    .png()
    .toFile(path)
  await consistency({ photographs: path, model: 'tiny-alexnet', protocols: ['embed'], out: folder('out') })
  const [stored] = await readAnsweredNetworks(folder('out'))
  const found = (await stored!.answersTo('embed', stored!.photographs[0]!.sha256))!.answers

  const network = await chooseNetwork({ model: 'tiny-alexnet' })
  const frameSide = network.input.rows
  const { image } = await readPhotograph(
    { name: 'photograph.png', path },
    { frameSide, side: sourceSide(frameSide) },
    'torchvision',
  )
  const { background } = await readBackground('#000000', frameSide)
  const embed = protocolNamed('embed')
  const setting = { frame: frameSide, draws: 1, background }
  const draw = await embed.drawing(pixelScene(image.rows, image.data), setting)
  const images = [...embed.shifts(setting, Math.random)].map(draw)
  const { scene, whole } = scenePositions(embed, setting, images)
  // Otherwise, this test would show nothing.
  expect(await expectedGain(network, scene, whole)).toBeGreaterThan(1)

  const handle = openThreads(network, { workers: 1, threads: 1, batch: 8 })
  const { layers } = await handle.encode(images)
  await handle.close()
  const { layer, scores } = network.classes!
  const { matrix, dims } = layers[network.layers.findIndex(({ name }) => name === layer)]!
  const probabilities = classProbabilities(matrix, images.length, dims, scores, layer)
  expect(found.length).toBe(images.length)
  for (const [i, { answer, probability }] of found.entries()) {
    const own = probabilities.subarray(i * dims, (i + 1) * dims)
    expect(own[answer]).toBeCloseTo(Math.max(...own), 5)
    expect(probability).toBeCloseTo(Math.max(...own), 5)
  }
})
