import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { WORTH_A_CARD } from '../../src/experiments/classifiers/classifiers.js'
import { TASKS } from '../../src/experiments/classifiers/folds.js'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { start } from '../support/commandLine.js'
import { EMULATED_ADDON, FIRST_LAUNCH, storeUnits, useEmulatedPackage } from '../support/emulatedCuda.js'
import { formulaFeatures } from '../support/features.js'

const SHAPE = { rows: 12, cols: 10, dims: 24, signal: 2, scale: 1, repeat: 1 }

const run = promisify(execFile)
const { isBuilt, folder } = await useEmulatedPackage()
beforeAll(() => writeNpy(folder('features.npy'), [SHAPE.rows, SHAPE.cols, SHAPE.dims], formulaFeatures(SHAPE)))

/** The command line on a machine with an emulated card, which variables describe; see native/test/emulation.h. */
const onCard = (args: readonly string[], machine: Readonly<Record<string, string>> = {}) =>
  start(args, machine, folder('package', 'dist', 'cli', 'main.js')).ended

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

describe.skipIf(!isBuilt)('features that an emulated CUDA device holds', () => {
  const [rows, dims] = [12, 5]
  const matrix = Float32Array.from({ length: rows * dims }, (_, i) => Math.sin(i * i))
  const labels = Int8Array.from({ length: rows }, (_, i) => (i < 5 ? 1 : -1))

  /** The typed face of an addon with such a device. */
  function native(): Promise<typeof import('../../src/native.js')> {
    return import(pathToFileURL(folder('package', 'dist', 'native.js')).href)
  }

  it('serve comparisons and trainings at the same time, and after a release those that have begun', async () => {
    const { cosineSimilarity, trainSvm, uploadFeatures, releaseFeatures } = await native()
    const uploaded = await uploadFeatures(matrix, rows, dims, 0)
    const compare = (features: typeof matrix | typeof uploaded) =>
      cosineSimilarity({ features, rows, dims, anchors: matrix.subarray(0, 2 * dims), anchorCount: 2 })
    const train = (features: typeof matrix | typeof uploaded) =>
      trainSvm({ features, rows, dims, labels, problems: 1, C: 1 })
    const begun = [compare(uploaded), train(uploaded), compare(uploaded)] as const
    releaseFeatures(uploaded)
    const [first, training, second] = await Promise.all(begun)
    expect(largestDifference(first, await compare(matrix))).toBeLessThan(1e-6)
    expect(second).toEqual(first)
    expect(training.solutions[0]?.primal).toBeCloseTo((await train(matrix)).solutions[0]?.primal as number, 5)
    for (const late of [compare, train])
      await expect(late(uploaded)).rejects.toThrow(new TypeError('features have been released'))
    releaseFeatures(uploaded)
  })

  it('are refused in another shape, and where they are nobody’s', async () => {
    const { cosineSimilarity, uploadFeatures, releaseFeatures } = await native()
    const uploaded = await uploadFeatures(matrix, rows, dims, 0)
    const options = { rows: dims, dims: rows, anchors: matrix.subarray(0, rows), anchorCount: 1 }
    const other = new RangeError('features on the device are 12x5 instead of 5x12')
    await expect(cosineSimilarity({ ...options, features: uploaded })).rejects.toThrow(other)
    const { handle } = await createRequire(import.meta.url)(EMULATED_ADDON).uploadFeatures(matrix, rows, dims, 0)
    const foreign = new TypeError('features must be a handle of features on a device')
    for (const one of [{}, null, matrix, Object.create(handle)])
      expect(() => releaseFeatures({ ...uploaded, handle: one as unknown as typeof handle })).toThrow(foreign)
    await expect(uploadFeatures(matrix, rows, dims, 4)).rejects.toThrow(/^device cuda:4 failed: no such device/)
  })

  it('are given back when nobody refers to them any more', async () => {
    const script = `
      const addon = require(${JSON.stringify(EMULATED_ADDON)})
      const features = new Float32Array(1000)
      void (async () => {
        for (let i = 0; i < 20; i++) {
          const { deviceFailure } = await addon.uploadFeatures(features, 10, 100, 0)
          if (deviceFailure !== undefined) console.log(i, deviceFailure)
          for (let turn = 0; turn < 2; turn++) {
            gc()
            await new Promise(setImmediate)
          }
        }
      })()`
    const env = { ...process.env, EMULATED_CUDA_MEMORY: '20000' }
    expect((await run(process.execPath, ['--expose-gc', '--eval', script], { env })).stdout).toBe('')
  })
})

describe.skipIf(!isBuilt)('similarity and separability on an emulated CUDA device', () => {
  it('have the cosines and the accuracies of the processor', async () => {
    const on = async (device: string, adapter: string | null) => {
      const machine = { EMULATED_CUDA_DEVICES: '2', EMULATED_CUDA_BROKEN: '0' }
      const document = async (command: string, ...more: string[]) => {
        const args = [command, folder('features.npy'), '--json', '--device', device, ...more]
        const { status, stdout, stderr } = await onCard(args, machine)
        expect(status, stderr).toBe(0)
        expect(JSON.parse(stdout)).toMatchObject({ device, adapter })
        return JSON.parse(stdout)
      }
      await document('similarity', '--out', folder('maps.npy'))
      return [(await readNpy(folder('maps.npy'))).data, await document('separability')] as const
    }
    const [ofCpu, cpu] = await on('cpu', null)
    const [ofCuda, cuda] = await on('cuda:1', 'emulated device')
    expect(largestDifference(ofCuda, ofCpu)).toBeLessThan(1e-6)
    expect(cuda).not.toHaveProperty('failure')
    for (const task of TASKS) expect([cuda[task].folds, cuda[task].notConverged]).toEqual([cpu[task].folds, []])
    // Other sums: the card did train.
    expect(TASKS.map((task) => cuda[task].gaps)).not.toEqual(TASKS.map((task) => cpu[task].gaps))
  })

  it.each([
    ['similarity', 'cuda:7', {}, /device cuda:7 is not usable: no such device: the last one of this machine is 0/],
    ['similarity', 'cuda', { EMULATED_CUDA_LOST_AT: FIRST_LAUNCH }, /device cuda:0 failed: cudaLaunchKernel: /],
    ['separability', 'cuda', { EMULATED_CUDA_DRIVER: '0' }, /device cuda is .*no NVIDIA driver: install the driver/],
    ['separability', 'cuda', { EMULATED_CUDA_DRIVER: '12040' }, /supports CUDA 12\.4 .*13\.0: update the driver/],
    ['separability', 'cuda', { EMULATED_CUDA_DEVICES: '0' }, /there is none; check that nvidia-smi lists the card/],
    ['separability', 'cuda', { EMULATED_CUDA_BROKEN: '0' }, /emulated device cannot be used: cudaSetDevice: /],
    ['separability', 'cuda', { EMULATED_CUDA_LOST_AT: '100' }, /device cuda:0 failed: .*unspecified launch failure/],
  ])('%s on %s of a machine with %j ends with the reason', async (command, device, machine, message) => {
    const { status, stdout, stderr } = await onCard([command, folder('features.npy'), '--device', device], machine)
    expect([status, stdout, stderr]).toEqual([4, '', expect.stringMatching(message)])
    expect(stderr).toMatch(/^shiftscope: .*--device cpu\n$/)
  })

  it('leave trainings to a card by auto only where they are many, and to the processor where it fails', async () => {
    const few = await onCard(['separability', folder('features.npy'), '--json'])
    expect(JSON.parse(few.stdout)).toMatchObject({ device: 'cpu', adapter: null })
    const noise = new Float32Array(WORTH_A_CARD).map((_, i) => (Math.imul(i, 2654435761) >>> 24) / 64 - 2)
    await writeNpy(folder('large.npy'), [16, 16, WORTH_A_CARD / 16 ** 2], noise)
    const many = await onCard(['separability', folder('large.npy'), '--json'], { EMULATED_CUDA_MEMORY: '9000' })
    const failure = expect.stringMatching(/out of memory/)
    expect(JSON.parse(many.stdout)).toMatchObject({ device: 'cuda:0', failure })
    expect(many.stderr).toBe('')
  })
})

it.skipIf(!isBuilt)('a study is computed on the card beside a network on CUDA, and on no other', async () => {
  const PROCESSOR = { device: 'cpu', adapter: null }
  const CARD = { device: 'cuda:0', adapter: 'emulated device' }
  const onProcessor = await storeUnits(folder, 'webgpu', 'webgpu')
  expect([onProcessor.notes, onProcessor.ran]).toEqual([[], [PROCESSOR, PROCESSOR]])
  const { notes, ran, numbers, text, maps } = await storeUnits(folder, 'cuda', 'cuda')
  expect([notes, ran, numbers]).toEqual([[], [CARD, CARD], onProcessor.numbers])
  expect(text).not.toBe(onProcessor.text)
  for (const [i, { data }] of maps.entries())
    expect(largestDifference(data, onProcessor.maps[i]?.data ?? [])).toBeLessThan(1e-6)
})
