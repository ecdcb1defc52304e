import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it, vi } from 'vitest'
import { compare } from '../../src/compare/compare.js'
import { consistency } from '../../src/consistency/consistency.js'
import type { ConsistencyOptions } from '../../src/consistency/options.js'
import { PROTOCOL_NAMES } from '../../src/consistency/protocols.js'
import type { ConsistencyMeasure, NetworkConsistency } from '../../src/consistency/result.js'
import { InputError, UsageError } from '../../src/errors.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import type { ProgressEvent } from '../../src/progress.js'
import { runHere } from '../support/inProcess.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { constantOf, convolutions, node, smallNetwork, weightsOf } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../golden/consistency/', import.meta.url))
const model = `${golden}classifier.onnx`

function expectedIn(file: string): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return JSON.parse(readFileSync(`${golden}${file}`, 'utf8'))
}
const expected = expectedIn('expected.json')
const folder = temporaryFolder()

beforeEach(() => {
  vi.stubEnv('COLUMNS', '200')
  return () => vi.unstubAllEnvs()
})

/** Measures one network. */
async function measured(options: Partial<ConsistencyOptions> = {}): Promise<NetworkConsistency> {
  const { networks } = await consistency({ photographs: golden, model, input: 'imagenet', workers: 1, ...options })
  expect(networks.length).toBe(1)
  return networks[0] as NetworkConsistency
}

/** The network's files in a results folder. */
const files = (out: string, ...parts: readonly string[]) => folder(out, 'networks/classifier', ...parts)

/** All files of a results folder, by path. */
function filesBelow(out: string): Readonly<Record<string, Buffer>> {
  const entries = readdirSync(folder(out), { withFileTypes: true, recursive: true })
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.sort().map((path) => [relative(folder(out), path), readFileSync(path)]))
}

/** A photograph's measures by name, as photographs.csv has them. */
function valuesOf({ measures, photographs }: NetworkConsistency, name: string): Record<string, number> {
  const { values = [] } = photographs.find((photograph) => photograph.name === name) ?? {}
  return Object.fromEntries(measures.map(({ protocol, measure }, i) => [`${protocol} ${measure}`, values[i] as number]))
}

it.each([
  ['an even margin', 'classifier.onnx', 'expected.json'],
  ['an odd margin, whose middle is between two pixels', 'classifier-20.onnx', 'expected-20.json'],
])('measures what PyTorch does, with %s around the frame', async (_, file, golds) => {
  const result = await measured({ model: `${golden}${file}`, protocols: PROTOCOL_NAMES })
  const all = expectedIn(golds)
  expect(result.photographs.map(({ name }) => name)).toEqual(Object.keys(all))
  for (const [name, measures] of Object.entries(all))
    for (const [measure, value] of Object.entries(valuesOf(result, name))) {
      if (/always-same|confidence/.test(measure)) continue
      const isCount = /agreement|[^-]change/.test(measure)
      const difference = Math.abs(value - (measures[measure] as number))
      expect(difference, `${name} ${measure}`).toBeLessThan(isCount ? 1e-6 : measure.includes('error') ? 1e-3 : 1e-4)
    }
})

it('writes what it returns, and measures each photograph by itself', async () => {
  const result = await measured({ protocols: PROTOCOL_NAMES, out: folder('out') })
  const csv = readFileSync(files('out', 'photographs.csv'), 'utf8').trim().split('\n')
  expect(csv.length).toBe(1 + Object.keys(expected).length)
  const { mean, standardError } = result.measures[0] as ConsistencyMeasure
  const values = result.photographs.map((photograph) => photograph.values[0] as number)
  const average = values.reduce((sum, value) => sum + value) / values.length
  expect(mean).toBeCloseTo(average)
  const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1)
  expect(standardError).toBeCloseTo(Math.sqrt(variance / values.length))
  // A photograph's chance is its own: neither other protocols nor other photographs change it.
  const alone = await measured({ photographs: `${golden}photograph-3.png`, protocols: ['circular'] })
  expect(alone.measures[0]).toMatchObject({
    mean: expected['photograph-3.png']?.['circular agreement'],
    standardError: null,
  })
})

it('goes on where it was stopped, and gives the same files', async () => {
  const options = { protocols: ['crop', 'diagonal'], batch: 1 } as const
  await measured({ ...options, out: folder('whole') })
  const stopper = new AbortController()
  const stopped = measured({
    ...{ ...options, out: folder('out'), signal: stopper.signal },
    onProgress: (event) => {
      // In the middle of the first group of photographs, of which one is finished.
      if (event.kind === 'update' && event.done > 20) stopper.abort(new Error('stopped'))
    },
  })
  await expect(stopped).rejects.toThrow('stopped')
  const notes: string[] = []
  const onProgress = (event: ProgressEvent) => event.kind === 'note' && notes.push(event.line)
  const { images } = await measured({ ...options, out: folder('out'), onProgress })
  expect(notes).toContainEqual(expect.stringMatching(/^resuming: \d of 6 photographs are finished$/))
  expect(images).toBeLessThan(6 * 15)
  expect(filesBelow('out')).toEqual(filesBelow('whole'))
})

/** All files except the answers, whose order depends on the order in which they were computed. */
function resultFiles(out: string) {
  return Object.fromEntries(Object.entries(filesBelow(out)).filter(([path]) => !/answers\.\w+$/.test(path)))
}

/** Runs a call, and collects its notes. */
async function noted(options: Partial<ConsistencyOptions>) {
  const notes: string[] = []
  const result = await measured({ ...options, onProgress: (event) => event.kind === 'note' && notes.push(event.line) })
  return { result, notes }
}

/** Copies photographs into a folder. */
function copied(...numbers: readonly number[]): string {
  mkdirSync(folder('photographs'), { recursive: true })
  for (const number of numbers)
    copyFileSync(`${golden}photograph-${number}.png`, folder(`photographs/photograph-${number}.png`))
  return folder('photographs')
}

it('computes only photographs that were added or changed', async () => {
  const photographs = copied(0, 1, 2, 3, 4)
  await measured({ photographs, out: folder('out') })
  rmSync(folder('photographs/photograph-0.png'))
  copied(5)
  // A photograph is known by its content, not by its name.
  renameSync(folder('photographs/photograph-4.png'), folder('photographs/photograph-2.png'))
  const { result, notes } = await noted({ photographs, out: folder('out') })
  expect(notes).toContain('resuming: 3 of 4 photographs are finished')
  expect(result.images).toBe(15)
  const whole = await measured({ photographs, out: folder('whole') })
  expect(result.photographs).toEqual(whole.photographs)
  expect(resultFiles('out')).toEqual(resultFiles('whole'))
  // A photograph that comes back is not computed again.
  copied(0)
  expect((await measured({ photographs, out: folder('out') })).images).toBe(0)
})

it('gives a photograph the same shifts in any folder and under any name', async () => {
  const names = readdirSync(golden).filter((name) => name.endsWith('.png'))
  for (const [i, name] of names.entries()) {
    mkdirSync(folder(`renamed/${i % 2}`), { recursive: true })
    copyFileSync(`${golden}${name}`, folder(`renamed/${i % 2}/${9 - i}.png`))
  }
  const options = { protocols: ['crop', 'circular'] } as const
  await measured({ ...options, out: folder('before') })
  await measured({ ...options, out: folder('after'), photographs: folder('renamed') })
  const { status, stdout } = await runHere([
    ...['compare', folder('before'), folder('after'), '--max-worse', 'crop agreement=0'],
    ...['--max-worse', 'circular agreement=0', '--json'],
  ])
  expect(status).toBe(0)
  const [{ pairs, measures }] = JSON.parse(stdout).networks
  expect(pairs).toBe(names.length)
  expect(measures.filter(({ interval }: { interval: readonly number[] }) => interval.some((end) => end !== 0))).toEqual(
    [],
  )
})

it.skipIf(leftOut(process.platform === 'win32', 'Windows allows no such names'))(
  'writes names that compare reads back, whatever characters they have',
  async () => {
    const names = ['=1+1.png', "'=a.png", 'a\nb\t"c",d.png', '"e".png', 'f\u202eg.png', 'h.png']
    const photographs = copied()
    for (const [i, name] of names.entries()) copyFileSync(`${golden}photograph-${i}.png`, folder('photographs', name))
    await measured({ photographs, out: folder('before') })
    await measured({ photographs: folder('photographs/h.png'), out: folder('after') })
    const { networks } = await compare(folder('before'), folder('after'))
    expect(networks[0]?.unpaired.before.map(({ name }) => name).sort()).toEqual(names.slice(0, -1).sort())
  },
)

it('counts photographs of equal content once', async () => {
  const photographs = copied(0, 1, 2)
  const alone = await measured({ photographs })
  for (const name of ['a.png', 'z.png']) copyFileSync(`${golden}photograph-1.png`, folder('photographs', name))
  const { result, notes } = await noted({ photographs })
  expect(notes).toContain(
    'skipping 2 photographs with the same content as an earlier one, so that each counts once: "photograph-1.png", "z.png"',
  )
  expect(result.photographs.map(({ name }) => name)).toEqual(['a.png', 'photograph-0.png', 'photograph-2.png'])
  const valuesBy = ({ photographs }: NetworkConsistency) => new Map(photographs.map((one) => [one.sha256, one.values]))
  expect(valuesBy(result)).toEqual(valuesBy(alone))
  expect(result.measures.map(({ count }) => count)).toEqual(alone.measures.map(({ count }) => count))
})

it('keeps the answers to a photograph that vanishes, and skips one that vanishes before it is read', async () => {
  const photographs = copied(0, 1, 2, 3, 4, 5)
  const result = await measured({
    ...{ photographs, out: folder('out'), batch: 1 },
    onProgress: (event) => {
      // The first piece of 24 frames runs, and the second one is drawn. The last photograph is in the fourth one.
      if (event.kind !== 'update' || event.done < 20) return
      for (const number of [0, 5]) rmSync(folder(`photographs/photograph-${number}.png`), { force: true })
    },
  })
  expect(result.photographs.map(({ name }) => name)).toEqual(
    [0, 1, 2, 3, 4].map((number) => `photograph-${number}.png`),
  )
  expect(result.failed).toEqual([{ name: 'photograph-5.png', reason: expect.stringMatching(/no such file/) }])
  expect(readFileSync(folder('out/index.html'), 'utf8')).toContain('This photograph can no longer be read.')
})

it('refuses a folder with results of other weights or other settings', async () => {
  const options = { photographs: copied(0, 1), out: folder('out') }
  const stopped = AbortSignal.abort(new Error('stopped'))
  await expect(measured({ ...options, draws: 3, signal: stopped })).rejects.toThrow('stopped')
  await measured(options)
  const before = filesBelow('out')
  const refused = (more: Partial<ConsistencyOptions>) => messageOf(measured({ ...options, ...more }), UsageError)
  const rest = '; choose another folder with `out`, or remove this one'
  expect(await refused({ draws: 4, protocols: ['crop'] })).toBe(
    `${files('out')} has results of classifier with protocols crop,diagonal, draws 5${rest}`,
  )
  expect(await refused({ scores: 'sigmoid' })).toBe(
    `${files('out')} has results of classifier with scores logits${rest}`,
  )
  expect(await refused({ precision: 'fp16', device: 'webgpu' })).toBe(
    `${files('out')} has results of classifier with precision fp32${rest}`,
  )
  expect(filesBelow('out')).toEqual(before)
  // The same meaning from another source gives the same answers.
  expect((await measured({ ...options, scores: 'logits' })).images).toBe(0)
  const lines = readFileSync(files('out', 'answers.jsonl'), 'utf8')
  writeFileSync(files('out', 'answers.jsonl'), lines.replace('"weightsSha256":"', '"weightsSha256":"0'))
  expect(await refused({})).toMatch(/has results of classifier with other weights;/)
  writeFileSync(files('out', 'answers.jsonl'), lines.replace('"precision":"fp32"', '"precision":"fp16"'))
  expect(await refused({})).toMatch(/has results of classifier with precision fp16;/)
})

it('computes damaged answers again', async () => {
  await measured({ out: folder('whole') })
  cpSync(folder('whole'), folder('out'), { recursive: true })
  const [values, lines] = ['answers.bin', 'answers.jsonl'].map((name) => files('out', name)) as [string, string]
  const bytes = readFileSync(values)
  bytes.writeUInt8(bytes.readUInt8(5) ^ 4, 5)
  writeFileSync(values, bytes)
  // In the line of the second photograph, another number; at the end, a line that was cut off.
  const text = readFileSync(lines, 'utf8')
  writeFileSync(lines, text.replace(/(\n.*\n\{"sha256":")/, '$10').slice(0, -5))
  const { result, notes } = await noted({ out: folder('out') })
  expect(notes).toContain('resuming: 3 of 6 photographs are finished')
  expect(result.images).toBe(3 * 15)
  expect(resultFiles('out')).toEqual(resultFiles('whole'))
  for (const spoil of [
    () => rmSync(values),
    () => writeFileSync(lines, readFileSync(lines, 'utf8').replace('"format":3', '"format":2')),
  ]) {
    spoil()
    expect((await noted({ out: folder('out') })).notes).toContain(
      `replacing the results in ${files('out')}, because their answers are missing, damaged or of another version`,
    )
    expect(readFileSync(values)).toEqual(readFileSync(files('whole', 'answers.bin')))
    expect(readFileSync(lines)).toEqual(readFileSync(files('whole', 'answers.jsonl')))
  }
})

it('measures the same in pieces of any length', async () => {
  const options = { photographs: copied(0, 1), protocols: PROTOCOL_NAMES, draws: 40 }
  const [short, long] = [await measured({ ...options, batch: 2 }), await measured({ ...options, batch: 16 })]
  expect(short.photographs).toEqual(long.photographs)
})

it('stops while it draws the frames of one photograph', async () => {
  const stopper = new AbortController()
  const stopped = measured({
    ...{ photographs: copied(0), protocols: ['crop'], draws: 100_000, signal: stopper.signal },
    onProgress: (event) => {
      if (event.kind === 'start') setTimeout(() => stopper.abort(new Error('stopped')), 50)
    },
  })
  await expect(stopped).rejects.toThrow('stopped')
})

it('leaves out photographs that cannot be used, and says why', async () => {
  for (const name of ['photograph-0.png', 'photograph-1.png']) copyFileSync(`${golden}${name}`, folder(name))
  writeFileSync(folder('broken.png'), 'no picture')
  const words = [
    'consistency',
    folder(),
    '--model',
    model,
    '--input',
    'imagenet',
    '--workers',
    '1',
    '--out',
    folder('out'),
  ]
  const { status, stdout, stderr } = await runHere(words)
  expect(status).toBe(0)
  expect(stderr).toMatch(/skipping a photograph: cannot read .*broken\.png: it is not a picture/)
  expect(stderr).toMatch(/2 photographs, 30 images in/)
  expect(stdout).toMatch(/^crop +same answer in two random crops +\d+\.\d % +\d+\.\d % .* \d of 2$/m)
  expect(readFileSync(folder('out/index.html'), 'utf8')).toContain('1 photograph could not be used')
})

it('refuses options that it does not take', async () => {
  expect(await messageOf(measured({ protocols: [] }), UsageError)).toMatch(/^protocols is empty/)
  expect(await messageOf(measured({ draws: 100_001 }), UsageError)).toBe(
    '`draws 100001` is too large; use at most 100000',
  )
  expect(await messageOf(measured({ pool: 'mean' } as object), UsageError)).toMatch(/^option pool is not known/)
  expect(await messageOf(measured({ device: 'gpu', out: folder('out') }), UsageError)).toMatch(
    /^device gpu is not known/,
  )
  const precise = measured({ precision: 'fp16', out: folder('out') })
  expect(await messageOf(precise, UsageError)).toMatch(/^`precision fp16` works only on GPUs/)
  expect(existsSync(folder('out'))).toBe(false)
})

it('compares the answers of the output that the user names', async () => {
  const path = folder('two.onnx')
  const head = (name: string) => node('MatMul', ['flat', `${name}.weights`], name)
  await writeModel(path, {
    ...{ name: 'two', inputs: [{ name: 'image', shape: ['N', 3, 32, 32] }] },
    outputs: ['logits', 'constant'].map((name) => ({ name, shape: ['N', 4] })),
    initializers: [
      weightsOf('filters', 4, 3, 32, 32),
      weightsOf('logits.weights', 4, 4),
      constantOf('constant.weights', [4, 4], 0),
    ],
    nodes: [
      node('Conv', ['image', 'filters'], 'map'),
      node('Flatten', ['map'], 'flat'),
      ...['logits', 'constant'].map(head),
    ],
  })
  const options = { model: path, protocols: ['diagonal'], out: folder('out') } as const
  const result = await measured({ ...options, layers: ['constant'] })
  // Where all scores are 0, the answer and its probability never change.
  expect(result.layer).toBe('constant')
  expect(result.measures.map(({ mean }) => mean)).toEqual([0, 0, 1, 0.25])
  expect(await messageOf(measured(options), UsageError)).toContain('has results of two with layer constant;')
  const { layer, measures } = await measured({ ...options, out: folder('other') })
  expect([layer, (measures[1]?.mean as number) > 0]).toEqual(['logits', true])
  expect(await messageOf(measured({ model: path, layers: ['flat'] }), InputError)).toBe(
    'two has no output among `layers flat` that holds class scores, so it gives no answers to compare; use a classifier, or say which output has them with `outputKind NAME=scores`',
  )
})

it('refuses a network that gives no answers', async () => {
  const { onnxPath } = await convolutions(folder('map.onnx'))
  expect(await messageOf(measured({ model: onnxPath }), InputError)).toMatch(
    /^map has no output that holds class scores/,
  )
  const single = await smallNetwork(folder('single.onnx'), {
    dims: 1,
    nodes: [node('Conv', ['image', 'filter'], 'score'), node('Flatten', ['score'], 'feature')],
    initializers: [weightsOf('filter', 1, 3, 32, 32)],
  })
  expect(await messageOf(measured({ model: single.onnxPath }), InputError)).toBe(
    'single has an output of one value for each image, but an answer needs a score for each of at least two classes; export the network with two scores',
  )
})
