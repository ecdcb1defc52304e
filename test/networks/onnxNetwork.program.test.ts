import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { chooseNetwork, type Network } from '../../src/networks/index.js'
import { externalFiles } from '../../src/networks/onnx/externalData.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import { integerField, messageField, packedIntegersField, stringField } from '../../src/networks/protobuf/wire.js'
import { nearestNames } from '../../src/support/text.js'
import { joined } from '../support/caffeFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const goldens = join(import.meta.dirname, '../golden/onnx')
const golden = (name: string) => join(goldens, `${name}.onnx`)
const expected: Record<string, number[]> = JSON.parse(readFileSync(join(goldens, 'expected.json'), 'utf8'))
const side = 8

const inFolder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
  return () => vi.unstubAllEnvs()
})

/** Features of every layer for the image of the goldens. */
async function run({ onnxPath, input, layers }: Network): Promise<Record<string, number[]>> {
  const session = await InferenceSession.create(onnxPath)
  const batch = input.batch ?? 1
  const pixels = Float32Array.from({ length: batch * 3 * side * side }, (_, i) => ((i % (3 * side * side)) % 17) / 17)
  const names = layers.map(({ name }) => name)
  const results = await session.run({ [input.name]: new Tensor('float32', pixels, [batch, 3, side, side]) }, names)
  return Object.fromEntries(
    layers.map(({ name, dims }) => [name, Array.from((results[name]?.data ?? []) as Float32Array).slice(0, dims)]),
  )
}

async function expectGoldens(network: Network): Promise<void> {
  for (const [name, features] of Object.entries(await run(network))) {
    const values = expected[name] as number[]
    expect(features).toHaveLength(values.length)
    features.forEach((value, i) => {
      expect(value, `${name} ${i}`).toBeCloseTo(values[i] as number, 5)
    })
  }
}

async function messageOf(path: string, layers: readonly string[], type: new (message: string) => Error = InputError) {
  const error = await chooseNetwork({ model: path, layers }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(type)
  expect((error as Error).message).not.toContain('\n')
  return (error as Error).message
}

async function filesOf(path: string) {
  return externalFiles(readOnnxFile(path))
}

describe('any ONNX file', () => {
  const layers = ['/relu/Relu_output_0', 'features', 'conv', 'flat']

  it('gives every float tensor in its graph, flattened', async () => {
    const network = await chooseNetwork({ model: golden('plain'), layers })
    expect(network.layers).toEqual([
      { name: '/relu/Relu_output_0', dims: 4 * 6 * 6, isMap: true },
      { name: 'features', dims: 5 },
      { name: 'conv', dims: 4 * 6 * 6, isMap: true },
      { name: 'flat', dims: 4 },
    ])
    expect(network.input).toMatchObject({ name: 'image', rows: side, cols: side, batch: null })
    await expectGoldens(network)
  })

  it('is run as it stands when only its outputs are asked for', async () => {
    const network = await chooseNetwork({ model: golden('plain'), layers: ['features', 'features'] })
    expect(network).toMatchObject({ id: 'plain', onnxPath: golden('plain'), layers: [{ name: 'features', dims: 5 }] })
    await expectGoldens(network)
  })

  it('may have a name as long as the file system takes', async () => {
    const path = inFolder(`${'ü'.repeat(125)}.onnx`)
    copyFileSync(golden('plain'), path)
    await expectGoldens(await chooseNetwork({ model: path, layers }))
  })

  it('may take its channels last', async () => {
    const network = await chooseNetwork({ model: golden('channels-last'), layers })
    expect(network.input).toMatchObject({ name: 'image.channels_first', rows: side, cols: side, batch: null })
    expect(readOnnxFile(network.onnxPath).inputs).toEqual([
      { name: 'image.channels_first', type: 'float32', shape: ['N', 3, side, side] },
    ])
    await expectGoldens(network)
  })

  it('that leaves its size open is given the frame of the paper', async () => {
    const network = await chooseNetwork({ model: golden('open-size'), layers: ['conv', 'features'] })
    expect(network.input).toMatchObject({ rows: 224, cols: 224, batch: null })
    expect(network.layers).toEqual([
      { name: 'conv', dims: 4 * 222 * 222, isMap: true },
      { name: 'features', dims: 5 },
    ])
  })

  it('may insist on a batch size, openly or not', async () => {
    const open = await chooseNetwork({ model: golden('batch-of-4'), layers })
    expect(open.input.batch).toBe(4)
    await expectGoldens(open)
    const hidden = await chooseNetwork({ model: golden('hidden-batch'), layers: ['row', 'conv'] })
    expect(hidden.input.batch).toBe(1)
    expect((await run(hidden)).row).toEqual(
      (await run(await chooseNetwork({ model: golden('plain'), layers }))).features,
    )
  })

  it('is refused for what it takes', async () => {
    expect(await messageOf(golden('two-inputs'), ['features'])).toContain('has 2 inputs, "image", "other"')
    expect(await messageOf(golden('vector'), ['features'])).toContain('float32 [N, 5], which is not a batch of images')
    expect(await messageOf(golden('grey'), ['features'])).toContain('[N, 1, 8, 8], which does not have 3 channels')
    expect(await messageOf(golden('oblong'), ['features'])).toContain('[N, 3, 8, 9], which is not square')
  })

  const copying = async (shape: readonly number[]) => {
    const node = { operator: 'Identity', name: 'node', inputs: ['image'], outputs: ['features'], attributes: {} }
    const path = inFolder('copying.onnx')
    const about = { inputs: [{ name: 'image', shape }], outputs: [{ name: 'features', shape: [] }] }
    await writeModel(path, { name: 'copying', ...about, initializers: [], nodes: [node] })
    return path
  }

  it.each([
    [[1, 3, 5000, 5000], 'images beyond 4096 pixels'],
    [[100_000, 3, 100, 100], 'a batch of more than 1 GiB'],
  ])('is refused for what it takes too much of: %j', async (shape, found) => {
    expect(await messageOf(await copying(shape), ['features'])).toContain(found)
  })

  it('takes what it pleases where a length is −1', async () => {
    const { input } = await chooseNetwork({ model: await copying([1, 3, -1, -1]), layers: ['features'] })
    expect(input).toMatchObject({ batch: 1, rows: 224, cols: 224 })
  })

  it('is refused for a layer that is missing, or no features', async () => {
    const message = await messageOf(golden('plain'), ['features', 'relu'], UsageError)
    expect(message).toContain(
      'has no tensor "relu"; the most similar of those that can be read are "/relu/Relu_output_0"',
    )
    expect(message).toContain('its outputs are "features"')
    expect(await messageOf(golden('plain'), ['feautres'], UsageError)).toContain('that can be read are "features"')
    expect(await messageOf(golden('types'), ['features', 'class'])).toContain('layer "class" of')
    expect(await messageOf(golden('types'), ['class'])).toContain(
      'is int64; features must be float32, float16, float64, uint8, int8',
    )
    expect(await messageOf(golden('types'), ['mean'])).toContain('is [5] for 1 image; features must be [images, …]')
  })

  it('is refused when its weights are damaged', async () => {
    const model = readFileSync(golden('external'))
    writeFileSync(inFolder('external.onnx'), model)
    const data = readFileSync(join(goldens, 'external.data'))
    data.writeFloatLE(Number.NaN, 0)
    writeFileSync(inFolder('external.data'), data)
    expect(await messageOf(inFolder('external.onnx'), ['flat', 'features'])).toContain(
      'gives NaN: its weights are damaged; export the model again',
    )
  })

  it('is refused when it does not run', async () => {
    const model = readFileSync(golden('plain'))
    const at = model.indexOf('GlobalAveragePool')
    writeFileSync(
      inFolder('broken.onnx'),
      Buffer.concat([model.subarray(0, at), Buffer.from('X'), model.subarray(at + 1)]),
    )
    expect(await messageOf(inFolder('broken.onnx'), ['features'])).toContain('ONNX Runtime refuses')
  })
})

describe('data beside an ONNX file', () => {
  const layers = ['conv', 'features']

  /** A copy of the model with its data under a name of the same length, which the file in its folder need not have. */
  function modelWith(location: string): string {
    const name = 'external.data'
    expect(location).toHaveLength(name.length)
    const folder = inFolder('model')
    mkdirSync(folder, { recursive: true })
    const bytes = readFileSync(golden('external')).toString('latin1').replaceAll(name, location)
    writeFileSync(join(folder, 'own.onnx'), bytes, 'latin1')
    return join(folder, 'own.onnx')
  }
  const data = join(goldens, 'external.data')

  it('is read, for layers inside the graph as well, and nothing is written there', async () => {
    const path = modelWith('external.data')
    copyFileSync(data, inFolder('model', 'external.data'))
    const network = await chooseNetwork({ model: path, layers })
    expect(network.onnxPath.startsWith(inFolder('cache'))).toBe(true)
    expect(network.weightsBytes).toBe(statSync(path).size + statSync(data).size)
    await expectGoldens(network)
    await expectGoldens(await chooseNetwork({ model: path, layers: ['features'] }))
    expect(readdirSync(inFolder('model')).sort()).toEqual(['external.data', 'own.onnx'])
  })

  it('may lie in a folder below', async () => {
    mkdirSync(inFolder('model', 'sub'), { recursive: true })
    copyFileSync(data, inFolder('model', 'sub', 'data.bin1'))
    await expectGoldens(await chooseNetwork({ model: modelWith('sub/data.bin1'), layers }))
  })

  it('belongs to the identity of the weights', async () => {
    const path = modelWith('external.data')
    copyFileSync(data, inFolder('model', 'external.data'))
    const before = await chooseNetwork({ model: path, layers })
    const bytes = readFileSync(data)
    bytes.writeFloatLE(3, 0)
    writeFileSync(inFolder('model', 'external.data'), bytes)
    const after = await chooseNetwork({ model: path, layers })
    expect(after.weightsSha256).not.toBe(before.weightsSha256)
    expect((await run(after)).conv).not.toEqual((await run(before)).conv)
    await expectGoldens(before)
  })

  it('is read from the folder of the model only', async () => {
    copyFileSync(data, inFolder('secret-1.bin'))
    mkdirSync(inFolder('model', 'sub'), { recursive: true })
    for (const location of [
      '../secret-1.b',
      '/etc/hostname',
      'a/../../x.bin',
      'C:/secret.bin',
      '..\\secret-1.b',
      'ext\0rnal.data',
    ]) {
      for (const wanted of [layers, ['features']]) {
        expect(await messageOf(modelWith(location), wanted), location).toContain('outside of its own folder')
      }
    }
    symlinkSync(inFolder('secret-1.bin'), inFolder('model', 'external.data'))
    expect(await messageOf(modelWith('external.data'), layers)).toContain("a link that leads out of the model's folder")
    // A folder beside it whose name begins with its own.
    mkdirSync(inFolder('model-evil'))
    copyFileSync(data, inFolder('model-evil', 'data.bin'))
    symlinkSync(inFolder('model-evil'), inFolder('model', 'evil'))
    expect(await messageOf(modelWith('evil/data.bin'), layers)).toContain("a link that leads out of the model's folder")
    symlinkSync(inFolder(), inFolder('model', 'up'))
    expect(await messageOf(modelWith('up/secret.bin'), layers)).toContain('which is not beside it')
    writeFileSync(inFolder('secret.bin'), readFileSync(data))
    expect(await messageOf(modelWith('up/secret.bin'), layers)).toContain("a link that leads out of the model's folder")
  })

  it('is refused when it is missing or cut off', async () => {
    const path = modelWith('external.data')
    expect(await messageOf(path, layers)).toContain('keeps data in external.data, which is not beside it')
    copyFileSync(data, inFolder('model', 'external.data'))
    truncateSync(inFolder('model', 'external.data'), statSync(data).size - 1)
    expect(await messageOf(path, layers)).toMatch(/keeps data up to byte 528 of external.data, which has 527 bytes/)
    mkdirSync(inFolder('model', 'a-folder-here'))
    expect(await messageOf(modelWith('a-folder-here'), layers)).toContain('which is not beside it')
  })

  it('is found wherever a tensor may stand', async () => {
    const entry = (key: string, value: string) => messageField(13, [...stringField(1, key), ...stringField(2, value)])
    const tensor = [...packedIntegersField(1, [2]), ...integerField(2, 1), ...entry('location', '../evil')]
    const graph = messageField(5, tensor)
    const attribute = (number: number) => messageField(1, messageField(5, messageField(number, tensor)))
    const places = [
      messageField(7, graph),
      messageField(7, attribute(5)),
      messageField(7, attribute(10)),
      messageField(7, messageField(1, messageField(5, messageField(6, graph)))),
      messageField(7, messageField(1, messageField(5, messageField(11, graph)))),
      messageField(7, messageField(15, messageField(1, tensor))),
      messageField(7, messageField(15, messageField(2, tensor))),
      messageField(25, messageField(7, messageField(5, messageField(5, tensor)))),
      messageField(20, messageField(1, graph)),
    ]
    for (const place of places) {
      writeFileSync(inFolder('hidden.onnx'), joined(place))
      await expect(filesOf(inFolder('hidden.onnx'))).rejects.toThrow('outside of its own folder')
    }
  })

  it('is refused for a malformed place in the file', async () => {
    const output = messageField(12, stringField(1, 'output'))
    const entry = (key: string, value: string) => messageField(13, [...stringField(1, key), ...stringField(2, value)])
    const write = (...entries: (readonly [string, string])[]) => {
      const fields = entries.flatMap(([key, value]) => entry(key, value))
      const tensor = [...packedIntegersField(1, [4]), ...integerField(2, 1), ...fields]
      writeFileSync(inFolder('own.onnx'), joined(messageField(7, [...messageField(5, tensor), ...output])))
    }
    writeFileSync(inFolder('data'), Buffer.alloc(16))
    const location = ['location', 'data'] as const
    write(location)
    expect(await filesOf(inFolder('own.onnx'))).toEqual([
      { location: 'data', bytes: 16, sha256: await sha256OfFile(inFolder('data')) },
    ])
    for (const wrong of ['-1', '1e3', '0x10', '99999999999999999999', '', '1.5']) {
      write(location, ['offset', wrong])
      await expect(filesOf(inFolder('own.onnx')), wrong).rejects.toThrow('as its place in a file')
    }
    write(location, ['offset', '4'])
    await expect(filesOf(inFolder('own.onnx'))).rejects.toThrow('up to byte 20 of data, which has 16')
    write(location, ['length', '17'])
    await expect(filesOf(inFolder('own.onnx'))).rejects.toThrow('up to byte 17 of data, which has 16')
    write(['offset', '4'])
    await expect(filesOf(inFolder('own.onnx'))).rejects.toThrow('a file without a name')
  })

  it('is not looked for in graphs without end', async () => {
    const nested = Array.from({ length: 100 }).reduce(
      (inner: Uint8Array) => joined(messageField(1, messageField(5, messageField(6, [inner])))),
      new Uint8Array(),
    )
    writeFileSync(inFolder('deep.onnx'), joined(messageField(7, [nested])))
    await expect(filesOf(inFolder('deep.onnx'))).rejects.toThrow('nested too deeply')
  })
})

describe('names like a mistyped one', () => {
  it('contain it, or differ from it in few letters', () => {
    const names = ['conv1', 'fc7', '/features/fc6/Gemm_output_0', 'fc60', 'relu']
    expect(nearestNames('fc6', names, 2)).toEqual(['fc60', '/features/fc6/Gemm_output_0'])
    expect(nearestNames('reul', names, 1)).toEqual(['relu'])
    expect(nearestNames('fc6', [], 3)).toEqual([])
  })

  it('have the name itself first', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: (s) => s.toLowerCase() }),
        (names) => {
          const name = names.at(-1) as string
          expect(nearestNames(name, names, 1)).toEqual([name])
        },
      ),
    )
  })
})
