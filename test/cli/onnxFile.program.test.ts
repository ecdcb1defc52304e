import { copyFile, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import type { SummaryRow } from '../../src/results/rows.js'
import { shiftscope } from '../support/commandLine.js'
import { exported } from '../support/exportedModel.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const models = fileURLToPath(new URL('../golden/onnx/', import.meta.url))
const DOG = fileURLToPath(new URL('../../models/patches/dog.png', import.meta.url))
const inFolder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
  return () => vi.unstubAllEnvs()
})

/** Extracts with a frame of 8 pixels, a patch of 5, so at 4 × 4 positions. */
function extract(model: string, layers: string, out: string, folder = models) {
  const args = ['--patch', DOG, '--size', '5', '--workers', '1', '--threads', '1', '--out', inFolder(out)]
  return shiftscope('extract', '--model', `${folder}${model}.onnx`, '--layers', layers, ...args)
}

describe('an ONNX file on the command line', () => {
  it('gives features of any layer, whatever its layout and batch', async () => {
    const arrays = new Map<string, Float32Array>()
    for (const model of ['plain', 'external', 'channels-last', 'batch-of-4']) {
      const { status, stderr } = await extract(model, 'flat,/relu/Relu_output_0', model)
      expect(status, stderr).toBe(0)
      const { shape, data } = await readNpy(inFolder(model, '%2Frelu%2FRelu_output_0.npy'))
      expect(shape).toEqual([4, 4, 144])
      arrays.set(model, data)
    }
    const plain = arrays.get('plain') as Float32Array
    expect(plain.some((value) => value > 0)).toBe(true)
    for (const [model, data] of arrays) {
      data.forEach((value, i) => {
        expect(value, model).toBeCloseTo(plain[i] as number, 5)
      })
    }
  })

  it('has no answer where its scores are all equal', async () => {
    await writeModel(inFolder('zero.onnx'), exported({ side: 8, scale: 0 }))
    const { stdout, stderr } = await extract('zero', 'logits', 'zero', `${inFolder()}/`)
    expect(stdout, stderr).toContain(
      'no answer at 100 %: all class scores of logits are equal there; check the weights',
    )
    expect(stdout).not.toContain('strongest class')
  })

  it('can be studied under the name of its file', async () => {
    const study = (...networks: string[]) => {
      const sizes = ['--sizes', '5', '--stride', '1', '--layers', 'features,conv']
      return shiftscope('reproduce', '--models', networks.join(','), ...sizes, '--out', inFolder('study'))
    }
    const { status, stderr } = await study(`${models}plain.onnx`, `${models}channels-last.onnx`)
    expect(status, stderr).toBe(0)
    const rows: SummaryRow[] = JSON.parse(await readFile(inFolder('study', 'summary.json'), 'utf8'))
    const of = (id: string) => rows.filter(({ model, metric }) => model === id && metric === 'similarity-mean')
    expect(of('plain')).toHaveLength(10)
    expect(of('channels-last')).toEqual(
      of('plain').map((row) => ({
        ...row,
        model: 'channels-last',
        mean: expect.closeTo(row.mean, 5),
        std: expect.closeTo(row.std, 5),
      })),
    )
    await copyFile(`${models}plain.onnx`, inFolder('plain.onnx'))
    const twice = await study(`${models}plain.onnx`, inFolder('plain.onnx'))
    expect(twice.status).toBe(2)
    expect(twice.stderr).toContain('two networks of this run are called plain')
  })

  it.each([
    ['plain', 'fc9', 2, 'has no tensor "fc9"'],
    ['types', 'class', 3, 'is int64; features must be float32'],
    ['two-inputs', 'features', 3, 'has 2 inputs'],
    ['vector', 'features', 3, 'which is not a batch of images'],
    ['none', 'features', 3, 'does not exist'],
  ])('is refused with one line: %s, %s', async (model, layers, expected, message) => {
    const { status, stderr } = await extract(model, layers, 'refused')
    expect(status, stderr).toBe(expected)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('is read at its end and at what enters its last fully connected layer, where no layers are named', async () => {
    const study = (...more: string[]) =>
      shiftscope('reproduce', '--models', `${models}plain.onnx,${models}batch-of-4.onnx`, '--sizes', '5', ...more)
    const { status, stderr } = await study('--stride', '1', '--experiments', 'similarity', '--out', inFolder('ends'))
    expect(status, stderr).toBe(0)
    expect(stderr).toContain(
      "plain: no input recipe was found, so ImageNet's is used; describe the input in NAME.input.json beside the model, or choose another with --input",
    )
    const layersOf = async (out: string) => {
      const { networks } = JSON.parse(await readFile(inFolder(out, 'run.json'), 'utf8'))
      return networks.map(({ layers }: { layers: string[] }) => layers)
    }
    expect(await layersOf('ends')).toEqual([
      ['flat', 'features'],
      ['flat', 'features'],
    ])
    const single = ['--layers', 'plain=conv,features', '--pool', 'max', '--input', 'clip', '--out', inFolder('single')]
    const second = await study('--stride', '1', '--experiments', 'similarity', ...single)
    expect(second.status, second.stderr).toBe(0)
    expect(second.stderr).not.toContain('nothing says')
    expect(await layersOf('single')).toEqual([
      ['conv', 'features'],
      ['flat', 'features'],
    ])
    const stray = await study('--layers', 'other=conv', '--out', inFolder('stray'))
    expect(stray.status).toBe(2)
    expect(stray.stderr).toContain(
      '--layers names other, which is not among the networks of this run, plain, batch-of-4',
    )
  })

  it('makes other units of another input or pooling', async () => {
    const study = (...more: string[]) =>
      shiftscope(
        ...['reproduce', '--models', `${models}plain.onnx`, '--sizes', '5', '--stride', '1', '--layers', 'conv'],
        ...['--experiments', 'similarity', '--out', inFolder('again'), ...more],
      )
    expect((await study()).stderr).toContain('10 of 10 units computed')
    expect((await study()).stderr).toContain('0 of 10 units computed')
    const other = await study('--input', 'inception')
    expect(other.stderr).toContain('10 of 10 units computed')
    expect(other.stderr).toMatch(
      /made with other settings \(input 8 px, .*, not 8 px, rgb\/255 − 0.5 0.5 0.5, \/ 0.5 0.5 0.5\)/,
    )
    const pooled = await study('--input', 'inception', '--pool', 'mean')
    expect(pooled.stderr).toContain('made with other settings (pool none, not mean)')
  })

  it('is named as missing, whatever else is missing', async () => {
    const { status, stderr } = await shiftscope('reproduce', '--models', inFolder('none.onnx'), '--out', inFolder('x'))
    expect(status).toBe(3)
    expect(stderr).toContain('none.onnx does not exist')
  })
})
