import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import { OutputError, UsageError } from '../../src/errors.js'
import { cacheFolder } from '../../src/files/cacheFolder.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { catalog } from '../../src/networks/catalog/catalog.js'
import { recogniseCheckpoint } from '../../src/networks/file/recognition.js'
import { importWeights, listNetworks } from '../../src/networks/models/imported.js'
import { verifyNetwork } from '../../src/networks/models/verification.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { formulaTensor, narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { onnxGolden } from '../support/onnxGoldens.js'
import { type TorchTensor, writeTorchZip } from '../support/torchFile.js'

narrowCatalog()
const folder = networkFolder()

function checkpoint(tensors: readonly TorchTensor[], name = 'own weights.pth'): string {
  writeTorchZip(folder(name), tensors)
  return folder(name)
}

const mobilenet = (name?: string) => checkpoint(tensorsOf('mobilenet_v2'), name)

/** The tensors of a network, these in the place of those of their keys. */
function tensorsWith(id: string, others: readonly TorchTensor[]): TorchTensor[] {
  return [...tensorsOf(id).filter(({ key }) => others.every((other) => other.key !== key)), ...others]
}

/** A tensor of zeros and, from an element on, of this value. */
function filled(key: string, count: number, from: number, value: number): TorchTensor {
  return { key, shape: [count], data: () => new Float32Array(count).fill(value, from) }
}

/**
 * Weights for tests whose cache cannot be written. No other test may use their graph, because the temporary folder that
 * takes it stays until the process ends.
 */
const uncached = () => checkpoint(tensorsWith('mobilenet_v2', [filled('classifier.1.bias', 1000, 0, 2)]))

describe('the cache folder', () => {
  it('is $SHIFTSCOPE_CACHE, else under $XDG_CACHE_HOME, else under the home folder', () => {
    vi.stubEnv('SHIFTSCOPE_CACHE', '/own')
    vi.stubEnv('XDG_CACHE_HOME', '/xdg')
    expect(cacheFolder()).toBe('/own')
    vi.stubEnv('SHIFTSCOPE_CACHE', '')
    expect(cacheFolder()).toBe(join('/xdg', 'shiftscope'))
    vi.stubEnv('XDG_CACHE_HOME', '')
    expect(cacheFolder()).toBe(join(homedir(), '.cache/shiftscope'))
  })
})

describe('a published network', () => {
  it('is plain data with the facts about its weights', async () => {
    const path = mobilenet()
    const network = await chooseNetwork({ model: 'mobilenet_v2', weights: path })
    expect(structuredClone(network)).toEqual(network)
    expect(network).toMatchObject({
      id: 'mobilenet_v2',
      layers: [{ name: 'fc', dims: 1000 }],
      weightsPath: path,
      weightsSha256: await sha256OfFile(path),
      weightsBytes: statSync(path).size,
    })
  })

  it('is built once for the same weights, and again for others', async () => {
    const first = await chooseNetwork({ model: 'mobilenet_v2', weights: mobilenet('a.pth') })
    const { mtimeMs, ino } = statSync(first.onnxPath)
    const again = await chooseNetwork({ model: 'mobilenet_v2', weights: mobilenet('copy.pth') })
    expect(again.onnxPath).toBe(first.onnxPath)
    expect(statSync(again.onnxPath)).toMatchObject({ mtimeMs, ino })
    const other = checkpoint(tensorsWith('mobilenet_v2', [filled('classifier.1.bias', 1000, 0, 0)]), 'b.pth')
    expect((await chooseNetwork({ model: 'mobilenet_v2', weights: other })).onnxPath).not.toBe(first.onnxPath)
    const graphs = readdirSync(join(cacheFolder(), 'graphs'))
    expect(graphs.filter((name) => name.endsWith('.onnx'))).toHaveLength(2)
  })

  it('is built again where its graph in the cache is not what was written', async () => {
    const weights = mobilenet()
    const { onnxPath } = await chooseNetwork({ model: 'mobilenet_v2', weights })
    const whole = readFileSync(onnxPath)
    const flipped = Buffer.from(whole)
    flipped[500_000] = (flipped[500_000] as number) ^ 4
    const warnings: string[] = []
    const listener = ({ message }: Error) => warnings.push(message)
    process.on('warning', listener)
    for (const damaged of [flipped, Buffer.alloc(0)]) {
      writeFileSync(onnxPath, damaged)
      expect((await chooseNetwork({ model: 'mobilenet_v2', weights })).onnxPath).toBe(onnxPath)
      expect(readFileSync(onnxPath).equals(whole)).toBe(true)
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(2))
    // The process that writes a graph writes its digest later, and others do not warn in the meantime.
    rmSync(`${onnxPath}.sha256`)
    expect((await chooseNetwork({ model: 'mobilenet_v2', weights })).onnxPath).toBe(onnxPath)
    await setImmediate()
    process.off('warning', listener)
    expect(warnings).toEqual(Array(2).fill(`${onnxPath} has changed since it was written; building it again`))
  })

  it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))(
    'is taken from no cache that everybody may write',
    async () => {
      const published = { model: 'mobilenet_v2', weights: mobilenet() }
      const own = { model: onnxGolden('plain'), layers: ['flat'] }
      for (const choice of [published, own]) {
        await chooseNetwork(choice)
        for (const path of [cacheFolder(), join(cacheFolder(), 'graphs')]) {
          chmodSync(path, 0o777)
          const message = await messageOf(chooseNetwork(choice))
          expect(message).toContain(`anyone can write to ${path}`)
          expect(message).toContain(`chmod o-w ${path}`)
          chmodSync(path, 0o755)
        }
      }
    },
  )

  it('goes to a temporary folder when the cache cannot be written', async () => {
    writeFileSync(folder('cache'), 'a file where the folder should be')
    const network = await chooseNetwork({ model: 'mobilenet_v2', weights: uncached() })
    expect(network.onnxPath.startsWith(folder())).toBe(false)
    expect(existsSync(network.onnxPath)).toBe(true)
  })

  it('says where weights come from when there are none', async () => {
    expect(await messageOf(chooseNetwork({ model: 'resnet50' }))).toMatch(
      /download https:.*\/resnet50-0676ba61.pth and run "shiftscope models import resnet50 FILE"$/,
    )
  })

  it('refuses an unknown name and lists the known ones', async () => {
    const message = await messageOf(chooseNetwork({ model: 'vgg19' }), UsageError)
    for (const { id } of catalog()) expect(message).toContain(id)
  })
})

describe('a checkpoint that does not fit', () => {
  const COUNTER = formulaTensor('features.0.1.num_batches_tracked', [1])

  it.each<[string, TorchTensor[], string]>([
    [
      'of other classes',
      [formulaTensor('classifier.1.weight', [10, 160])],
      'classifier.1.weight is [10, 160] instead of',
    ],
    ['with another layer', [formulaTensor('features.19.0.weight', [1])], 'it holds features.19.0.weight, which Mobile'],
    ['with a NaN', [filled('features.5.conv.1.1.bias', 24, 7, Number.NaN)], 'conv.1.1.bias is NaN at element 7'],
    [
      'with a negative variance',
      [filled('features.0.1.running_var', 4, 2, -1)],
      'running_var has a negative variance at element 2',
    ],
    [
      'without a key',
      [],
      'features.3.conv.3.running_mean [3] is missing; the file is not a checkpoint of MobileNetV2 with',
    ],
  ])('is refused, and no graph is left: %s', async (_, others, message) => {
    const tensors = tensorsWith('mobilenet_v2', others)
    const isMissing = ({ key }: TorchTensor) => others.length === 0 && key === 'features.3.conv.3.running_mean'
    const weights = checkpoint(tensors.filter((tensor) => !isMissing(tensor)))
    expect(await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights }))).toContain(message)
    expect(existsSync(folder('cache/graphs')) ? readdirSync(folder('cache/graphs')) : []).toEqual([])
  })

  it('may hold the number of batches of its training', async () => {
    const weights = checkpoint([...tensorsOf('mobilenet_v2'), COUNTER])
    expect((await chooseNetwork({ model: 'mobilenet_v2', weights })).weightsPath).toBe(weights)
  })

  it.each([
    ['resnet50', 'mobilenet_v2'],
    ['mobilenet_v2', 'mobilenet_v2-aa'],
    ['mobilenet_v2-aa', 'mobilenet_v2'],
  ])('for %s is recognised as one of %s', async (asked, real) => {
    expect(await messageOf(importWeights(asked, checkpoint(tensorsOf(real))))).toContain(`use it as ${real}`)
    expect(existsSync(folder('cache/weights'))).toBe(false)
  })
})

describe('a checkpoint as a network', () => {
  it.each(['mobilenet_v2', 'mobilenet_v2-aa', 'resnet18', 'squeezenet1_0', 'squeezenet1_1'])(
    'of %s is recognised',
    async (id) => {
      expect(await recogniseCheckpoint(checkpoint(tensorsOf(id)))).toBe(id)
    },
  )

  it('is the network of the catalog with these weights, whatever the file is called', async () => {
    const path = checkpoint(tensorsOf('mobilenet_v2'))
    const network = await chooseNetwork({ model: path })
    expect(network).toMatchObject({ id: 'mobilenet_v2', title: 'MobileNetV2', weightsPath: path })
    expect(network.layers).toEqual([{ name: 'fc', dims: 1000 }])
    copyFileSync(path, folder('model_best.pth.tar'))
    const { id, weightsSha256 } = await chooseNetwork({ model: folder('model_best.pth.tar'), layers: ['fc'] })
    expect([id, weightsSha256]).toEqual(['mobilenet_v2', network.weightsSha256])
    const other = chooseNetwork({ model: path, layers: ['fc6'] })
    expect(await messageOf(other, UsageError)).toContain('has no tensor "fc6"')
  })

  it('takes no other weights', async () => {
    const action = chooseNetwork({ model: 'a.safetensors', weights: 'b.pth' })
    expect(await messageOf(action, UsageError)).toContain('a.safetensors already contains weights')
  })

  it('of other classes is told from the network that it is like', async () => {
    const tensors = tensorsWith('resnet18', [formulaTensor('fc.weight', [10, 64])])
    const message = await messageOf(recogniseCheckpoint(checkpoint(tensors)))
    expect(message).toContain('it is similar to ResNet-18, but fc.weight is [10, 64] instead of [1000, 64]')
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

it('an ONNX file in place of a checkpoint is refused with a remedy', async () => {
  const file = onnxGolden('plain')
  const says =
    /plain\.onnx is an ONNX file, but squeezenet1_1 needs a checkpoint; run "shiftscope models pull squeezenet1_1", or use the ONNX file itself as the network$/
  expect(await messageOf(importWeights('squeezenet1_1', file))).toMatch(says)
  expect(await messageOf(chooseNetwork({ model: 'squeezenet1_1', weights: file }))).toMatch(says)
})

describe('importing weights', () => {
  it('makes them the weights of the network, which then runs', async () => {
    const file = mobilenet()
    const imported = await importWeights('mobilenet_v2', file)
    expect(imported).toMatchObject({ sha256: await sha256OfFile(file), bytes: statSync(file).size, published: false })
    expect(readFileSync(imported.path).equals(readFileSync(file))).toBe(true)
    rmSync(file)
    expect((await chooseNetwork({ model: 'mobilenet_v2' })).weightsPath).toBe(imported.path)
    const states = new Map((await listNetworks()).map(({ entry, state }) => [entry.id, state]))
    expect(states.get('mobilenet_v2')).toBe('present')
    expect(states.get('mobilenet_v2-aa')).toBe('missing')
    const verified = await verifyNetwork('mobilenet_v2')
    expect(verified).toMatchObject({ sha256: imported.sha256, published: false, layers: [{ name: 'fc', dims: 1000 }] })
    expect(verified.layers[0]?.norm).toBeGreaterThan(0)
  })

  it('replaces earlier ones, whatever their extension', async () => {
    await importWeights('mobilenet_v2', mobilenet('first.pth'))
    const second = await importWeights('mobilenet_v2', mobilenet('second.pt'))
    expect(readdirSync(join(cacheFolder(), 'weights'))).toEqual(['mobilenet_v2.pt'])
    expect((await chooseNetwork({ model: 'mobilenet_v2' })).weightsPath).toBe(second.path)
  })

  it('names the remedy when the cache cannot be written', async () => {
    writeFileSync(folder('cache'), 'a file where the folder should be')
    const message = await messageOf(importWeights('mobilenet_v2', uncached()), OutputError)
    expect(message).toContain('set SHIFTSCOPE_CACHE')
  })
})

const embedded = catalog().filter(({ kind }) => kind === 'embedded')
it.each(embedded)('embedded network $id is there without any weights, and runs', async ({ id }) => {
  const network = await chooseNetwork({ model: id })
  expect(network.layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
  expect(network.weightsSha256).toBe(await sha256OfFile(network.onnxPath))
  expect((await verifyNetwork(id)).published).toBe(true)
  expect((await listNetworks()).find(({ entry }) => entry.id === id)?.state).toBe('embedded')
})

it('an embedded network takes no other weights', async () => {
  const other = { model: 'tiny-alexnet', weights: 'other.pth' }
  expect(await messageOf(chooseNetwork(other), UsageError)).toContain('is built in')
  expect(await messageOf(importWeights('tiny-alexnet', 'other.pth'), UsageError)).toContain('is built in')
})
