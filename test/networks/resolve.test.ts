import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputError, UsageError } from '../../src/errors.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import {
  cacheFolder,
  catalog,
  catalogEntry,
  chooseNetwork,
  importWeights,
  listNetworks,
  verifyNetwork,
} from '../../src/networks/index.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import { weight } from '../support/formulas.js'
import { messageOf } from '../support/messageOf.js'
import { type TorchTensor, writeTorchZip } from '../support/torchFile.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  vi.stubEnv('SHIFTSCOPE_CACHE', join(folder, 'cache'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function tensorsOf(id: string): TorchTensor[] {
  const layers = architectures.find((architecture) => architecture.id === id)?.layers ?? []
  return parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weightOnce(key, shape) }))
}

const weights = new Map<string, Float32Array>()
function weightOnce(key: string, shape: readonly number[]): Float32Array {
  const name = `${key} ${shape}`
  const known = weights.get(name) ?? weight(key, shape)
  weights.set(name, known)
  return known
}

function checkpoint(tensors: readonly TorchTensor[], name = 'weights.pth'): string {
  const path = join(folder, name)
  writeTorchZip(path, tensors)
  return path
}

function replace(tensors: TorchTensor[], key: string, change: Partial<TorchTensor>): TorchTensor[] {
  return tensors.map((tensor) => (tensor.key === key ? { ...tensor, ...change } : tensor))
}

describe('the cache folder', () => {
  it('is $SHIFTSCOPE_CACHE, else under $XDG_CACHE_HOME, else under the home folder', () => {
    vi.stubEnv('SHIFTSCOPE_CACHE', '/own')
    vi.stubEnv('XDG_CACHE_HOME', '/xdg')
    expect(cacheFolder()).toBe('/own')
    vi.stubEnv('SHIFTSCOPE_CACHE', '')
    expect(cacheFolder()).toBe('/xdg/shiftscope')
    vi.stubEnv('XDG_CACHE_HOME', '')
    expect(cacheFolder()).toBe(join(homedir(), '.cache/shiftscope'))
  })
})

describe('a published network', () => {
  it('is plain data with the facts about its weights', async () => {
    const path = checkpoint(tensorsOf('mobilenet_v2'))
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
    const tensors = tensorsOf('mobilenet_v2')
    const first = await chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensors, 'a.pth') })
    const { mtimeMs, ino } = statSync(first.onnxPath)
    const again = await chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensors, 'copy.pth') })
    expect(again.onnxPath).toBe(first.onnxPath)
    expect(statSync(again.onnxPath)).toMatchObject({ mtimeMs, ino })
    const other = checkpoint(replace(tensors, 'classifier.1.bias', { data: () => new Float32Array(1000) }), 'b.pth')
    expect((await chooseNetwork({ model: 'mobilenet_v2', weights: other })).onnxPath).not.toBe(first.onnxPath)
    const graphs = readdirSync(join(cacheFolder(), 'graphs'))
    expect(graphs.filter((name) => name.endsWith('.onnx'))).toHaveLength(2)
  })

  it('is built again where its graph in the cache is not what was written', async () => {
    const weights = checkpoint(tensorsOf('mobilenet_v2'))
    const { onnxPath } = await chooseNetwork({ model: 'mobilenet_v2', weights })
    const whole = readFileSync(onnxPath)
    const flipped = Buffer.from(whole)
    flipped[1_000_000] = (flipped[1_000_000] as number) ^ 4
    const damages = [() => flipped, () => whole.subarray(0, 5000), () => Buffer.alloc(0)]
    const warnings: string[] = []
    const listener = ({ message }: Error) => warnings.push(message)
    process.on('warning', listener)
    for (const damage of damages) {
      writeFileSync(onnxPath, damage())
      expect((await chooseNetwork({ model: 'mobilenet_v2', weights })).onnxPath).toBe(onnxPath)
      expect(readFileSync(onnxPath).equals(whole)).toBe(true)
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(damages.length))
    process.off('warning', listener)
    expect(new Set(warnings)).toEqual(new Set([`${onnxPath} has changed since it was written; building it again`]))
    rmSync(`${onnxPath}.sha256`)
    expect((await chooseNetwork({ model: 'mobilenet_v2', weights })).onnxPath).toBe(onnxPath)
  })

  it.skipIf(process.platform === 'win32')('is taken from no cache that everybody may write', async () => {
    const weights = checkpoint(tensorsOf('mobilenet_v2'))
    await chooseNetwork({ model: 'mobilenet_v2', weights })
    for (const path of [cacheFolder(), join(cacheFolder(), 'graphs')]) {
      chmodSync(path, 0o777)
      const message = await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights }))
      expect(message).toContain(`anyone can write to ${path}`)
      expect(message).toContain(`chmod o-w ${path}`)
      chmodSync(path, 0o755)
    }
  })

  it('goes to a temporary folder when the cache cannot be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be')
    const network = await chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensorsOf('mobilenet_v2')) })
    expect(network.onnxPath.startsWith(folder)).toBe(false)
    expect(existsSync(network.onnxPath)).toBe(true)
    rmSync(network.onnxPath)
  })

  it('says where weights come from when there are none', async () => {
    const message = await messageOf(chooseNetwork({ model: 'resnet50' }))
    expect(message).toContain('https://download.pytorch.org/models/resnet50-0676ba61.pth')
    expect(message).toContain('shiftscope models import resnet50 FILE')
  })

  it('refuses an unknown name and lists the known ones', async () => {
    const message = await messageOf(chooseNetwork({ model: 'vgg19' }), UsageError)
    for (const { id } of catalog()) expect(message).toContain(id)
  })
})

describe('a checkpoint that does not fit', () => {
  it('is refused by the first key that is missing', async () => {
    const tensors = tensorsOf('mobilenet_v2').filter(({ key }) => !key.startsWith('features.3.conv.3.running'))
    const message = await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensors) }))
    expect(message).toContain('features.3.conv.3.running_mean [24] is missing')
  })

  it('is refused by the first key of another shape', async () => {
    const key = 'classifier.1.weight'
    const tensors = replace(tensorsOf('mobilenet_v2'), key, { shape: [10, 1280], data: () => new Float32Array(12800) })
    const message = await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensors) }))
    expect(message).toContain('classifier.1.weight is [10, 1280] instead of [1000, 1280]')
  })

  it('is refused when it has more layers than the network', async () => {
    const extra = { key: 'features.19.0.weight', shape: [1], data: () => new Float32Array(1) }
    const message = await messageOf(
      chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint([...tensorsOf('mobilenet_v2'), extra]) }),
    )
    expect(message).toContain('it holds features.19.0.weight, which MobileNetV2 does not have')
  })

  it.each([
    ['resnet50', 'mobilenet_v2'],
    ['mobilenet_v2', 'mobilenet_v2-aa'],
    ['mobilenet_v2-aa', 'mobilenet_v2'],
  ])('of %s is recognised as %s', async (asked, real) => {
    const message = await messageOf(chooseNetwork({ model: asked, weights: checkpoint(tensorsOf(real)) }))
    expect(message).toContain(`use it as ${real}`)
  })

  it('names the tensor that holds a NaN', async () => {
    const key = 'features.5.conv.1.1.bias'
    const data = () => new Float32Array(192).fill(Number.NaN, 7, 8)
    const path = checkpoint(replace(tensorsOf('mobilenet_v2'), key, { data }))
    expect(await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights: path }))).toContain(
      `${key} holds NaN at element 7`,
    )
    expect(existsSync(join(cacheFolder(), 'graphs')) ? readdirSync(join(cacheFolder(), 'graphs')) : []).toEqual([])
  })

  it('names the negative variance', async () => {
    const key = 'features.0.1.running_var'
    const path = checkpoint(replace(tensorsOf('mobilenet_v2'), key, { data: () => new Float32Array(32).fill(-1) }))
    expect(await messageOf(chooseNetwork({ model: 'mobilenet_v2', weights: path }))).toContain(
      `${key} is negative at element 0`,
    )
  })
})

describe('importing weights', () => {
  it('makes them the weights of the network, which then runs', async () => {
    const file = checkpoint(tensorsOf('mobilenet_v2'))
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
    await importWeights('mobilenet_v2', checkpoint(tensorsOf('mobilenet_v2'), 'first.pth'))
    const second = await importWeights('mobilenet_v2', checkpoint(tensorsOf('mobilenet_v2'), 'second.pt'))
    expect(readdirSync(join(cacheFolder(), 'weights'))).toEqual(['mobilenet_v2.pt'])
    expect((await chooseNetwork({ model: 'mobilenet_v2' })).weightsPath).toBe(second.path)
  })

  it('names the remedy when the cache cannot be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be')
    const message = await messageOf(importWeights('mobilenet_v2', checkpoint(tensorsOf('mobilenet_v2'))), OutputError)
    expect(message).toContain('set SHIFTSCOPE_CACHE')
  })

  it('leaves nothing behind when the file does not fit', async () => {
    const path = checkpoint(tensorsOf('mobilenet_v2'))
    expect(await messageOf(importWeights('resnet50', path))).toContain('use it as mobilenet_v2')
    expect(existsSync(join(cacheFolder(), 'weights'))).toBe(false)
  })
})

describe('an ONNX file', () => {
  const identity = (inputs: (number | string)[], outputs: (number | string)[]) => ({
    name: 'test',
    inputs: [{ name: 'pixels', shape: inputs }],
    outputs: [{ name: 'features', shape: outputs }],
    initializers: [],
    nodes: [
      { operator: 'Flatten', name: 'flatten', inputs: ['pixels'], outputs: ['features'], attributes: { axis: 1 } },
    ],
  })

  it('is a network with the outputs that are named', async () => {
    const path = join(folder, 'own.onnx')
    await writeModel(path, identity(['N', 3, 32, 32], ['N', 3072]))
    const network = await chooseNetwork({ model: path, layers: ['features'] })
    expect(network).toMatchObject({ id: 'own', onnxPath: path, layers: [{ name: 'features', dims: 3072 }] })
    expect(network.input).toMatchObject({ name: 'pixels', rows: 32, cols: 32, batch: null })
  })

  it('gives tensors inside its graph, too', async () => {
    const { onnxPath } = await chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint(tensorsOf('mobilenet_v2')) })
    const pooled = [...readOnnxFile(onnxPath).tensors].find((name) => name.startsWith('GlobalAveragePool')) as string
    const network = await chooseNetwork({ model: onnxPath, layers: [pooled, 'fc'] })
    expect(network.layers).toEqual([
      { name: pooled, dims: 1280 },
      { name: 'fc', dims: 1000 },
    ])
    expect(network.weightsPath).toBe(onnxPath)
    expect(readOnnxFile(network.onnxPath).outputs.map(({ name }) => name)).toEqual(['fc', pooled])
    expect((await chooseNetwork({ model: onnxPath, layers: [pooled, 'fc'] })).onnxPath).toBe(network.onnxPath)
  })

  it('may leave it to ONNX Runtime to infer the size of an output', async () => {
    const path = join(folder, 'own.onnx')
    await writeModel(path, identity(['N', 3, 32, 32], ['N', 'M']))
    expect((await chooseNetwork({ model: path, layers: ['features'] })).layers).toEqual([
      { name: 'features', dims: 3072 },
    ])
  })

  it('may insist on a batch size', async () => {
    const path = join(folder, 'one.onnx')
    await writeModel(path, identity([1, 3, 224, 224], [1, 3, 224, 224]))
    const network = await chooseNetwork({ model: path, layers: ['features'] })
    expect(network.input.batch).toBe(1)
    expect(network.layers).toEqual([{ name: 'features', dims: 3 * 224 * 224 }])
  })

  it('is refused when it is missing, or no model, or no layer is named', async () => {
    const path = join(folder, 'own.onnx')
    await writeModel(path, identity(['N', 3, 32, 32], ['N', 3072]))
    expect(await messageOf(chooseNetwork({ model: path, layers: [] }), UsageError)).toContain(
      'its outputs are "features"',
    )
    expect(await messageOf(chooseNetwork({ model: join(folder, 'none.onnx'), layers: ['features'] }))).toContain(
      'does not exist',
    )
    writeFileSync(path, 'this is no model')
    expect(await messageOf(chooseNetwork({ model: path, layers: ['features'] }))).toContain('is not an ONNX model')
  })
})

const embedded = catalog().filter(({ kind }) => kind === 'embedded')
describe.each(embedded)('embedded network $id', ({ id }) => {
  it('is there without any weights, and runs', async () => {
    const network = await chooseNetwork({ model: id })
    expect(network.layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    expect(network.weightsSha256).toBe(await sha256OfFile(network.onnxPath))
    const { layers, published } = await verifyNetwork(id)
    expect(published).toBe(true)
    const expected = catalogEntry(id).layers.map((layer) => layer.norm ?? 0)
    layers.forEach(({ norm }, i) => {
      expect(norm / (expected[i] as number)).toBeCloseTo(1, 3)
    })
    expect((await listNetworks()).find(({ entry }) => entry.id === id)?.state).toBe('embedded')
  })

  it('takes no other weights', async () => {
    expect(await messageOf(chooseNetwork({ model: id, weights: 'other.pth' }), UsageError)).toContain('is built in')
    expect(await messageOf(importWeights(id, 'other.pth'), UsageError)).toContain('is built in')
  })
})
