import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { parseCardDevice } from '../../src/experiments/card.js'
import { WORTH_A_CARD } from '../../src/experiments/classifiers.js'
import { TASKS } from '../../src/experiments/folds.js'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { cudaDevices } from '../../src/native.js'
import { type Ended, shiftscope, start } from '../support/commandLine.js'
import { buildEmulatedAddon, EMULATED_ADDON, emulatedPackage } from '../support/emulatedCuda.js'
import { formulaFeatures } from '../support/features.js'

const STORE_UNITS = fileURLToPath(new URL('../study/processes/storeUnits.mjs', import.meta.url))
const HOSTILE = fileURLToPath(new URL('../native/processes/hostile/main.mjs', import.meta.url))
const SHAPE = { rows: 12, cols: 10, dims: 24, signal: 2, scale: 1, repeat: 1 }

/** Number of the call that launches the first kernel, in a study too, where that compares a layer's features. */
const FIRST_LAUNCH = '29'

const isBuilt = await buildEmulatedAddon()

let folder: string
let features: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  features = join(folder, 'features.npy')
  await writeNpy(features, [SHAPE.rows, SHAPE.cols, SHAPE.dims], formulaFeatures(SHAPE))
  if (isBuilt) emulatedPackage(join(folder, 'package'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The command line on a machine with an emulated card, which variables describe; see native/test/emulation.h. */
function onCard(args: readonly string[], machine: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return start(args, machine, join(folder, 'package', 'dist', 'cli', 'main.js')).ended
}

/** What a script of bench/ finds on such a machine. */
async function onCardScript(name: string, words: readonly string[]) {
  const script = join(folder, 'package', 'bench', `${name}.mjs`)
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...words, '--device', 'cuda', '--json'])
  return JSON.parse(stdout)
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0)
}

describe('--device of features', () => {
  it.each(['separability', 'similarity'])('refuses devices that take none as wrong usage, %s', async (command) => {
    const { status, stderr } = await shiftscope(command, features, '--device', 'webgpu')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^shiftscope: device webgpu does not .*cuda:INDEX.*\n$/),
    ])
  })

  it('has an index for cards alone', () => {
    for (const device of ['tensorrt:1', 'gpu', 'cuda:x', 'cuda:-1', 'cpu:0', 'auto:1', ''])
      expect(() => parseCardDevice(device)).toThrow(UsageError)
    expect(parseCardDevice('cuda:2')).toEqual({ name: 'cuda', index: 2 })
  })

  it.skipIf(!cudaDevices().reason.startsWith('built without'))(
    'says how to get CUDA kernels where there are none',
    async () => {
      for (const command of [
        ['separability', features, '--device', 'cuda'],
        ['similarity', features, '--device', 'cuda'],
      ]) {
        const { status, stdout, stderr } = await shiftscope(...command)
        expect([status, stdout, stderr]).toEqual([
          4,
          '',
          expect.stringMatching(
            /^shiftscope: device cuda(:0)? is not usable for features: built without CUDA kernels \(.*\): .*SHIFTSCOPE_CUDA=1 npm run build:native.*--device cpu\n$/,
          ),
        ])
      }
    },
  )

  it.each(['separability', 'similarity'])('is the processor by default, which is said, %s', async (command) => {
    const { stdout } = await shiftscope(command, features, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ device: 'cpu', adapter: null })
  })
})

describe.skipIf(!isBuilt)('features that an emulated CUDA device holds', () => {
  const [rows, dims] = [12, 5]
  const matrix = Float32Array.from({ length: rows * dims }, (_, i) => Math.sin(i * i))
  const labels = Int8Array.from({ length: rows }, (_, i) => (i < 5 ? 1 : -1))

  /** The typed face of an addon with such a device. */
  function native(): Promise<typeof import('../../src/native.js')> {
    return import(pathToFileURL(join(folder, 'package', 'dist', 'native.js')).href)
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
    await expect(cosineSimilarity({ ...options, features: uploaded })).rejects.toThrow(
      new RangeError('features on the device are 12x5 instead of 5x12'),
    )
    const { handle } = await createRequire(import.meta.url)(EMULATED_ADDON).uploadFeatures(matrix, rows, dims, 0)
    for (const other of [{}, null, matrix, Object.create(handle)])
      expect(() => releaseFeatures({ ...uploaded, handle: other as unknown as typeof handle })).toThrow(
        new TypeError('features must be a handle of features on a device'),
      )
    await expect(uploadFeatures(matrix, rows, dims, 4)).rejects.toThrow(/^device cuda:4 failed: no such device/)
  })

  it('live through hostile calls', async () => {
    const args = ['--expose-gc', HOSTILE, '--seed', '1', '--calls', '2000', '--addon', EMULATED_ADDON]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toMatch(/^\d+ fulfilled, \d+ refused\n$/)
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
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--eval', script], {
      env: { ...process.env, EMULATED_CUDA_MEMORY: '20000' },
    })
    expect(stdout).toBe('')
  })
})

describe.skipIf(!isBuilt)('cosines on an emulated CUDA device', () => {
  it('are within 1e-6 of the processor’s', async () => {
    const maps = ['cpu', 'cuda'].map((device) => join(folder, `${device}.npy`)) as [string, string]
    const command = ['similarity', features, '--json']
    const cpu = await onCard([...command, '--device', 'cpu', '--out', maps[0]])
    const cuda = await onCard([...command, '--device', 'cuda', '--out', maps[1]])
    expect([cpu.status, cuda.status], cuda.stderr).toEqual([0, 0])
    expect(JSON.parse(cpu.stdout)).toMatchObject({ device: 'cpu', adapter: null })
    expect(JSON.parse(cuda.stdout)).toMatchObject({ device: 'cuda:0', adapter: 'emulated device' })
    const [expected, found] = [await readNpy(maps[0]), await readNpy(maps[1])]
    expect(found.shape).toEqual(expected.shape)
    expect(largestDifference(found.data, expected.data)).toBeLessThan(1e-6)
  })

  it('name the position of a feature without a direction', async () => {
    const file = join(folder, 'zero.npy')
    const matrix = formulaFeatures(SHAPE)
    await writeNpy(file, [SHAPE.rows, SHAPE.cols, SHAPE.dims], matrix.fill(0, 13 * SHAPE.dims, 14 * SHAPE.dims))
    const [cpu, cuda] = [await onCard(['similarity', file]), await onCard(['similarity', file, '--device', 'cuda'])]
    expect([cuda.status, cuda.stderr]).toEqual([cpu.status, cpu.stderr])
    expect(cuda.stderr).toContain('position (1, 3)')
  })

  it.each([
    ['cuda:7', {}, /device cuda:7 is not usable .*no such device: the last one of this machine is 0.*--device cpu/],
    ['cuda', { EMULATED_CUDA_MEMORY: '9000' }, /device cuda:0 failed: cudaMalloc: out of memory.*--device cpu/],
    ['cuda', { EMULATED_CUDA_LOST_AT: FIRST_LAUNCH }, /device cuda:0 failed: cudaLaunchKernel: .*--device cpu/],
  ])('%s on a machine with %j end with the reason', async (device, machine, message) => {
    const { status, stdout, stderr } = await onCard(['similarity', features, '--json', '--device', device], machine)
    expect([status, stdout, stderr]).toEqual([4, '', expect.stringMatching(message)])
    expect(stderr).toMatch(/^shiftscope: .*\n$/)
  })

  it('are timed beside the processor’s by bench/cosine.mjs', async () => {
    const sizes = ['--rows', '90', '--dims', '24,7', '--threads', '1,2']
    const { rows, card } = await onCardScript('cosine', [...sizes, '--repeats', '2'])
    expect(rows.map(({ dims, threads }: Record<string, number>) => [dims, threads])).toEqual([
      [24, 1],
      [24, 2],
      [7, 1],
      [7, 2],
    ])
    expect(card).toMatchObject({ device: 'cuda:0', adapter: 'emulated device', rows: [{ dims: 24 }, { dims: 7 }] })
    for (const [i, { seconds, uploadSeconds, ratio, difference }] of card.rows.entries()) {
      const fastest = Math.min(rows[2 * i].seconds, rows[2 * i + 1].seconds)
      expect([ratio, difference < 1e-6, uploadSeconds > 0]).toEqual([fastest / seconds, true, true])
    }
  })
})

describe.skipIf(!isBuilt)('classifiers on an emulated CUDA device', () => {
  it('have the accuracies of the processor’s', async () => {
    const command = ['separability', features, '--json', '--device']
    const [cpu, cuda] = [await onCard([...command, 'cpu']), await onCard([...command, 'cuda'])]
    expect([cpu.status, cuda.status], cuda.stderr).toEqual([0, 0])
    const [expected, found] = [JSON.parse(cpu.stdout), JSON.parse(cuda.stdout)]
    expect(expected).toMatchObject({ device: 'cpu', adapter: null })
    expect(found).toMatchObject({ device: 'cuda:0', adapter: 'emulated device' })
    expect(found).not.toHaveProperty('failure')
    for (const task of TASKS) {
      expect(found[task].folds).toEqual(expected[task].folds)
      expect(found[task].notConverged).toEqual([])
    }
    // Other sums: the card did train.
    expect(TASKS.map((task) => found[task].gaps)).not.toEqual(TASKS.map((task) => expected[task].gaps))
  })

  it('run on the card of the index and touch no other', async () => {
    const command = ['separability', features, '--device', 'cuda:1']
    const { status, stderr } = await onCard(command, { EMULATED_CUDA_DEVICES: '2', EMULATED_CUDA_BROKEN: '0' })
    expect([status, stderr]).toEqual([0, expect.stringContaining('on cuda:1 (emulated device)')])
  })

  it.each([
    ['cuda:7', {}, /device cuda:7 is not usable .*no such device: the last one of this machine is 0.*--device cpu/],
    ['cuda', { EMULATED_CUDA_DRIVER: '0' }, /device cuda is .*no NVIDIA driver: install the driver.*--device cpu/],
    ['cuda', { EMULATED_CUDA_DRIVER: '12040' }, /driver supports CUDA 12\.4 .*13\.0: update the driver.*--device cpu/],
    ['cuda', { EMULATED_CUDA_DEVICES: '0' }, /no CUDA device: see that nvidia-smi lists the card.*--device cpu/],
    ['cuda', { EMULATED_CUDA_BROKEN: '0' }, /emulated device cannot be used: cudaSetDevice: .*--device cpu/],
    ['cuda', { EMULATED_CUDA_MEMORY: '9000' }, /device cuda:0 failed: cudaMalloc: out of memory.*--device cpu/],
    ['cuda', { EMULATED_CUDA_LOST_AT: '100' }, /device cuda:0 failed: .*unspecified launch failure.*--device cpu/],
  ])('%s on a machine with %j ends with the reason', async (device, machine, message) => {
    const { status, stdout, stderr } = await onCard(['separability', features, '--json', '--device', device], machine)
    expect([status, stdout, stderr]).toEqual([4, '', expect.stringMatching(message)])
    expect(stderr).toMatch(/^shiftscope: .*\n$/)
  })

  it('are left to a card by auto only where they are many, and to the processor again where it fails', async () => {
    const few = await onCard(['separability', features, '--json'])
    expect(JSON.parse(few.stdout)).toMatchObject({ device: 'cpu', adapter: null })
    const shape = { rows: 16, cols: 16, dims: WORTH_A_CARD / 16 ** 2 }
    const large = join(folder, 'large.npy')
    const noise = new Float32Array(WORTH_A_CARD).map((_, i) => (Math.imul(i, 2654435761) >>> 24) / 64 - 2)
    await writeNpy(large, [shape.rows, shape.cols, shape.dims], noise)
    const command = ['separability', large, '--json']
    const [many, without] = [
      await onCard(command, { EMULATED_CUDA_MEMORY: '9000' }),
      await onCard(command, { EMULATED_CUDA_DRIVER: '0' }),
    ]
    expect([many.status, without.status]).toEqual([0, 0])
    const [found, expected] = [JSON.parse(many.stdout), JSON.parse(without.stdout)]
    expect(found).toMatchObject({ device: 'cuda:0', failure: expect.stringMatching(/out of memory/) })
    expect(expected).toMatchObject({ device: 'cpu', adapter: null })
    for (const task of TASKS) expect(found[task]).toEqual(expected[task])
  })

  it('are timed beside the processor’s by bench/svm.mjs', async () => {
    const { seconds, card } = await onCardScript('svm', [features, '--repeats', '1'])
    expect(card).toMatchObject({ device: 'cuda:0', adapter: 'emulated device', accuracyDifference: 0 })
    expect(card.ratio).toBeCloseTo(seconds / card.seconds, 12)
  })

  it('are listed by doctor', async () => {
    const { stdout } = await onCard(['doctor', '--json'])
    const findings = JSON.parse(stdout) as { subject: string; state: string; detail: string }[]
    expect(findings.find(({ subject }) => subject === 'CUDA kernels')).toEqual({
      subject: 'CUDA kernels',
      state: 'ok',
      optional: true,
      detail: expect.stringMatching(/^0: emulated device, 1 GiB; .*separability/),
    })
  })
})

describe.skipIf(!isBuilt)('cosines and classifiers of a study', () => {
  const NETWORKS = ['tiny-alexnet', 'tiny-alexnet-aa']

  interface Stored {
    readonly notes: readonly string[]
    readonly ran: Readonly<Record<string, { device: string; adapter: string | null; failure?: string }>>
    /** Fold accuracies of every unit, then what a unit.json holds of them all, and their maps. */
    readonly folds: unknown
    readonly text: string
    readonly maps: readonly Float32Array[]
  }

  /** One unit of each network, as reproduce stores them for a network on this device. */
  async function store(out: string, device: string, machine: Readonly<Record<string, string>> = {}): Promise<Stored> {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [STORE_UNITS, join(folder, 'package'), join(folder, out), device],
      { env: { ...process.env, ...machine } },
    )
    const files = NETWORKS.map((network) => join(folder, out, 'units', network, '125', 'car', 'unit.json'))
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    const folds = texts.map((text) =>
      JSON.parse(text, (key, value) => (['gap', 'sha256'].includes(key) ? undefined : value)),
    )
    const maps = await Promise.all(files.map((file) => readNpy(join(dirname(file), 'similarity.npy'))))
    return {
      ...(JSON.parse(stdout) as Pick<Stored, 'notes' | 'ran'>),
      folds,
      text: texts.join(),
      maps: maps.map(({ data }) => data),
    }
  }

  let onProcessor: Stored
  beforeAll(async () => {
    onProcessor = await store('webgpu', 'webgpu')
  })

  it.each(['cuda', 'tensorrt'])('are computed on the card beside a network on %s, and on no other', async (device) => {
    const onCard = await store(device, device)
    expect([onProcessor.notes, onCard.notes]).toEqual([[], []])
    for (const network of NETWORKS) {
      expect(onProcessor.ran[network]).toEqual({ device: 'cpu', adapter: null })
      expect(onCard.ran[network]).toEqual({ device: 'cuda:0', adapter: 'emulated device' })
    }
    expect(onCard.folds).toEqual(onProcessor.folds)
    expect(onCard.text).not.toBe(onProcessor.text)
    for (const [i, map] of onCard.maps.entries())
      expect(largestDifference(map, onProcessor.maps[i] ?? [])).toBeLessThan(1e-6)
  })

  it('go to the processor, with one note, where the card is lost at the cosines', async () => {
    const { notes, ran, text } = await store('compared', 'cuda', { EMULATED_CUDA_LOST_AT: FIRST_LAUNCH })
    expect(notes).toEqual([
      expect.stringMatching(/^classifiers on cuda:0 failed \(cudaLaunchKernel: .*\); the processor trains/),
    ])
    expect(ran[NETWORKS[0] as string]).toMatchObject({ failure: expect.stringMatching(/^cudaLaunchKernel/) })
    expect(ran[NETWORKS[1] as string]).toEqual({ device: 'cpu', adapter: null })
    expect(text).toBe(onProcessor.text)
  })

  it('go to the processor, with one note, where the card has too little memory', async () => {
    const { notes, ran, text } = await store('small', 'cuda', { EMULATED_CUDA_MEMORY: '9000' })
    expect(notes).toEqual([
      expect.stringMatching(/^classifiers on cuda:0 failed \(cudaMalloc: out of memory.*\); the processor trains/),
    ])
    expect(ran[NETWORKS[0] as string]).toMatchObject({
      device: 'cuda:0',
      failure: expect.stringMatching(/out of memory/),
    })
    expect(ran[NETWORKS[1] as string]).toEqual({ device: 'cpu', adapter: null })
    expect(text).toBe(onProcessor.text)
  })

  it('go to the processor where the card is lost in the middle, and where there is none', async () => {
    const lost = await store('lost', 'cuda', { EMULATED_CUDA_LOST_AT: '500' })
    expect(lost.notes).toEqual([expect.stringMatching(/^classifiers on cuda:0 failed \(.*unspecified launch failure/)])
    expect(lost.folds).toEqual(onProcessor.folds)
    expect(lost.text).not.toBe(onProcessor.text)
    const none = await store('none', 'cuda', { EMULATED_CUDA_DRIVER: '0' })
    expect(none.notes).toEqual(['classifiers run on the processor: no NVIDIA driver: install the driver of the card'])
    expect(none.text).toBe(onProcessor.text)
  })
})
