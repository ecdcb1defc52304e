import { copyFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { catalogEntry, chooseNetwork, recogniseCheckpoint } from '../../src/networks/index.js'
import { messageOf } from '../support/messageOf.js'
import { formulaTensor, narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { type TorchTensor, writeTorchZip } from '../support/torchFile.js'

narrowCatalog()
const folder = networkFolder()

function checkpoint(tensors: readonly TorchTensor[], name = 'own weights.pth'): string {
  writeTorchZip(folder(name), tensors)
  return folder(name)
}

describe('a checkpoint as a network', () => {
  it.each(['mobilenet_v2', 'mobilenet_v2-aa', 'resnet18'])('of %s is recognised', async (id) => {
    expect(await recogniseCheckpoint(checkpoint(tensorsOf(id)))).toBe(id)
  })

  it('is the network of the catalog with these weights, whatever the file is called', async () => {
    const path = checkpoint(tensorsOf('mobilenet_v2'))
    const network = await chooseNetwork({ model: path })
    expect(network).toMatchObject({ id: 'mobilenet_v2', title: 'MobileNetV2', weightsPath: path })
    expect(network.layers).toEqual([{ name: 'fc', dims: 1000 }])
    copyFileSync(path, folder('model_best.pth.tar'))
    expect(await chooseNetwork({ model: folder('model_best.pth.tar'), layers: ['fc'] })).toMatchObject({
      id: 'mobilenet_v2',
      weightsSha256: network.weightsSha256,
    })
    expect(await messageOf(chooseNetwork({ model: path, layers: ['fc6'] }), UsageError)).toContain(
      'has no tensor "fc6"',
    )
  })

  it('takes no other weights', async () => {
    const action = chooseNetwork({ model: 'a.safetensors', weights: 'b.pth' })
    expect(await messageOf(action, UsageError)).toContain('a.safetensors holds its own weights')
  })

  it('of a network that needs an export is named, with the line that exports it', async () => {
    const { checkpoint: known } = catalogEntry('swin_t')
    const shapes = Object.entries(known?.shapes ?? {})
    const others = Array.from({ length: (known?.tensors ?? 0) - shapes.length }, (_, i) =>
      formulaTensor(`other.${i}`, [1]),
    )
    const counters = [formulaTensor('features.0.1.num_batches_tracked', [1])]
    const all = [...shapes.map(([key, shape]) => formulaTensor(key, shape)), ...others]
    const message = await messageOf(recogniseCheckpoint(checkpoint([...all, ...counters])))
    expect(message).toContain('is a checkpoint of Swin-T')
    expect(message).toContain('torchvision.models.swin_t(')
    expect(await messageOf(recogniseCheckpoint(checkpoint(all.slice(0, -1))))).toContain('of no network that is known')
  })

  it('of other classes is told from the network that it is like', async () => {
    const tensors = tensorsOf('resnet18').map((one) =>
      one.key === 'fc.weight' ? formulaTensor('fc.weight', [10, 64]) : one,
    )
    const message = await messageOf(recogniseCheckpoint(checkpoint(tensors)))
    expect(message).toContain('it is like ResNet-18, but fc.weight is [10, 64] instead of [1000, 64]')
    expect(message).toMatch(/torch\.onnx\.export\(m, .* 'own_weights\.onnx'/)
  })

  it('that is unknown, damaged or absent is refused', async () => {
    const message = await messageOf(chooseNetwork({ model: checkpoint([formulaTensor('stem.weight', [2, 3])]) }))
    expect(message).toContain('its first tensor is stem.weight [2, 3]')
    expect(message).toContain('torch.onnx.export(')
    writeFileSync(folder('text.pth'), 'not a checkpoint')
    expect(await messageOf(chooseNetwork({ model: folder('text.pth') }))).toContain('is not a checkpoint')
    expect(await messageOf(chooseNetwork({ model: folder('absent.pth') }))).toContain('absent.pth')
    expect(await messageOf(chooseNetwork({ model: folder('absent') }), UsageError)).toContain('no network is called')
  })
})
