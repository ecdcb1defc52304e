import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import {
  cacheFolder,
  catalog,
  chooseNetwork,
  importWeights,
  listNetworks,
  pullWeights,
  verifyNetwork,
} from '../../src/networks/index.js'
import { ElementType } from '../../src/networks/onnx/messages.js'
import { type Model, writeModel } from '../../src/networks/onnx/model.js'
import { exported } from '../support/exportedModel.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { node } from '../support/smallNetwork.js'

const folder = networkFolder()

async function exportedFile(shape: Parameters<typeof exported>[0] = {}): Promise<string> {
  const path = folder('own.onnx')
  await writeModel(path, exported(shape))
  return path
}

it.each(catalog().filter(({ kind }) => kind === 'exported'))(
  '$id says how it is exported where it is not here',
  async ({ id }) => {
    const message = await messageOf(chooseNetwork({ model: id }))
    expect(message).toContain(`python -c "import torch, torchvision; m = torchvision.models.${id}(weights='DEFAULT')`)
    expect(message).toContain(`shiftscope models import ${id} ${id}.onnx`)
    expect(await messageOf(pullWeights(id), UsageError)).toContain(`torchvision.models.${id}(`)
  },
)

describe('the ONNX file of an exported network', () => {
  it('is the network of that name, or gives the tensors that are named', async () => {
    const weights = await exportedFile()
    const network = await chooseNetwork({ model: 'swin_t', weights })
    expect(network).toMatchObject({ id: 'swin_t', title: 'Swin-T', inputSource: 'catalog', weightsPath: weights })
    expect(network.layers.at(-1)).toEqual({ name: 'logits', dims: 1000 })
    expect(network.classes).toMatchObject({ layer: 'logits' })
    expect(network.input).toMatchObject({ name: 'image', rows: 224, batch: null, channelOrder: 'rgb' })
    const { layers } = await chooseNetwork({ model: 'swin_t', weights, layers: ['means', 'logits'] })
    expect(layers.map(({ name }) => name)).toEqual(['means', 'logits'])
  })

  it('is imported, and then runs', async () => {
    const file = await exportedFile()
    const imported = await importWeights('vit_b_16', file)
    expect(imported).toMatchObject({ id: 'vit_b_16', path: join(cacheFolder(), 'weights', 'vit_b_16.onnx') })
    expect(imported.published).toBeNull()
    expect(readFileSync(imported.path).equals(readFileSync(file))).toBe(true)
    expect((await chooseNetwork({ model: 'vit_b_16' })).weightsPath).toBe(imported.path)
    const verified = await verifyNetwork('vit_b_16')
    expect(verified.published).toBeNull()
    expect(verified.layers.at(-1)).toMatchObject({ name: 'logits', dims: 1000 })
    const states = new Map((await listNetworks()).map(({ entry, ...status }) => [entry.id, status]))
    expect(states.get('vit_b_16')).toMatchObject({ state: 'present', expectedBytes: imported.bytes })
    expect(states.get('swin_t')).toMatchObject({ state: 'missing', bytes: null, expectedBytes: 113_400_000 })
  })

  it('is verified by its values as float32, if it computes in float64', async () => {
    const verified = async (name: string, model: Model) => {
      await writeModel(folder(name), model)
      await importWeights('swin_t', folder(name))
      return (await verifyNetwork('swin_t')).layers
    }
    const wide = (from: string, to: string) => node('Cast', [from], to, { to: ElementType.DOUBLE })
    const [means] = await verified('float32.onnx', exported())
    const [same] = await verified('float64.onnx', {
      ...exported(),
      nodes: [
        node('GlobalAveragePool', ['image'], 'pooled'),
        node('Flatten', ['pooled'], 'flat', { axis: 1 }),
        ...[wide('flat', 'means'), wide('weight', 'weight64'), wide('bias', 'bias64')],
        node('Gemm', ['means', 'weight64', 'bias64'], 'sums', { transB: 1 }),
        node('Cast', ['sums'], 'logits', { to: ElementType.FLOAT }),
      ],
    })
    expect(means?.name).toBe('means')
    expect(same).toEqual(means)
  })

  it('is refused when it is of other images or classes, or no ONNX model', async () => {
    const refused = async (file: string, says: string) =>
      expect(await messageOf(importWeights('convnext_tiny', file))).toMatch(
        RegExp(`${says}.*torchvision\\.models\\.convnext_tiny\\(`),
      )
    await refused(await exportedFile({ side: 64 }), 'expects images of 64×64, but convnext_tiny needs 224×224')
    await refused(await exportedFile({ classes: 20 }), 'has 20 values, but')
    writeFileSync(folder('weights.pth'), 'no graph')
    await refused(folder('weights.pth'), 'is not an ONNX file, but convnext_tiny needs one')
    expect(existsSync(join(cacheFolder(), 'weights'))).toBe(false)
  })
})

describe('an ONNX file in place of a checkpoint', () => {
  it('is refused with a remedy', async () => {
    const file = await exportedFile()
    const says =
      /own\.onnx is an ONNX file, but squeezenet1_1 needs a checkpoint; run "shiftscope models pull squeezenet1_1", or use the ONNX file itself as the network$/
    expect(await messageOf(importWeights('squeezenet1_1', file))).toMatch(says)
    expect(await messageOf(chooseNetwork({ model: 'squeezenet1_1', weights: file }))).toMatch(says)
  })

  it('counts as missing weights, if an earlier version imported it', async () => {
    const weights = join(cacheFolder(), 'weights')
    mkdirSync(weights, { recursive: true })
    copyFileSync(await exportedFile(), join(weights, 'squeezenet1_1.onnx'))
    const states = new Map((await listNetworks()).map(({ entry, state }) => [entry.id, state]))
    expect(states.get('squeezenet1_1')).toBe('missing')
    expect(await messageOf(chooseNetwork({ model: 'squeezenet1_1' }))).toContain(
      'the weights of squeezenet1_1 are not on this machine; run "shiftscope models pull squeezenet1_1"',
    )
  })
})

it('the size of all weights is known before they are here', async () => {
  const sizes = new Map((await listNetworks()).map(({ entry, expectedBytes }) => [entry.id, expectedBytes ?? 0]))
  for (const [id, bytes] of sizes) expect(bytes, id).toBeGreaterThan(1e5)
  // What torchvision says of its files, in MiB.
  const published = {
    resnet18: 44.661,
    resnet34: 83.275,
    resnet101: 170.511,
    resnet152: 230.434,
    vgg16: 527.796,
    squeezenet1_0: 4.778,
  }
  for (const [id, mebibytes] of Object.entries(published))
    expect((sizes.get(id) as number) / 2 ** 20 / mebibytes).toBeCloseTo(1, 2)
})
