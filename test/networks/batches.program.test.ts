import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { networkNotes } from '../../src/networks/open/notes.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { batchNetworks, imageNetworks, writeBatchNetwork } from '../support/batchNetworks.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'

const folder = networkFolder()

/** Without other images, these networks give every image the same features, or not those that they were trained for. */
const REFUSED = new Set(['minus the mean image', 'Softmax over the images', 'BatchNormalization in training mode'])
const NOTE =
  'net: the features of an image depend on the other images of a batch, so Shiftscope runs one image at a time; if the network was exported in training mode, export it in evaluation mode'

async function written(network: Parameters<typeof writeBatchNetwork>[1], batch?: number) {
  const model = folder('net.onnx')
  await writeBatchNetwork(model, network, batch)
  return model
}

describe('a network that mixes the images of a batch', () => {
  it.each(batchNetworks.filter(({ name }) => !REFUSED.has(name)))('gets one image at a time: $name', async (mixing) => {
    const network = await chooseNetwork({ model: await written(mixing) })
    expect(network).toMatchObject({ oneAtATime: true, input: { batch: 1 } })
    expect(networkNotes(network)).toContain(NOTE)
  })

  it.each(batchNetworks.filter(({ name }) => REFUSED.has(name)))('is refused: $name', async (mixing) => {
    const model = await written(mixing)
    expect(await messageOf(chooseNetwork({ model }), InputError)).toMatch(
      /^\S+net\.onnx comput.*; export it in evaluation mode \(PyTorch: model\.eval\(\)\)$/,
    )
  })

  it('is refused if it takes only batches of several images', async () => {
    const [mixing] = batchNetworks
    const model = await written(mixing as (typeof batchNetworks)[number], 2)
    expect(await messageOf(chooseNetwork({ model }), InputError)).toMatch(/, or for batches of any size$/)
  })
})

it.each(imageNetworks)('a network that treats each image by itself gets any number of images: $name', async (own) => {
  const network = await chooseNetwork({ model: await written(own) })
  expect(network.input.batch).toBeNull()
  expect(network).not.toHaveProperty('oneAtATime')
})
