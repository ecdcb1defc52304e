import { expect, it } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { openArithmeticModels } from '../../src/experiments/arithmeticModels.js'
import { drawObject } from '../../src/experiments/objectScene.js'
import { extract } from '../../src/features/openNetwork.js'
import { chooseNetwork } from '../../src/networks/index.js'
import { readImage } from '../../src/patches/image.js'
import { patchAtSize } from '../../src/patches/patch.js'

it('features of a scene are those that extract gives for the same object and place', async () => {
  const path = new URL('../../models/patches/dog.png', import.meta.url).pathname
  const { layers } = await extract({ model: 'tiny-alexnet', patch: path, size: 75, stride: 149, layers: ['fc6'] })
  const network = await chooseNetwork({ model: 'tiny-alexnet' })
  const settings = { workers: 1, threads: 2, batch: 32 }
  const models = await openArithmeticModels(
    openThreads({ ...network, layers: network.layers.slice(0, 1) }, settings),
    [],
  )
  const patch = patchAtSize('dog', await readImage(path), 75, 224)
  const images = [0, 149].map((col) => {
    const pixels = new Uint8Array(224 * 224 * 3).fill(255)
    drawObject(pixels, 224, patch, { row: 149, col }, 'hard')
    return pixels
  })
  const [own] = await models.encode(images)
  await models.close()
  const { dims, data } = layers[0] as (typeof layers)[number]
  expect(own).toEqual(data.slice(2 * dims, 4 * dims))
})
