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
import { dirname, join, relative, sep } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it, vi } from 'vitest'
import { compare } from '../../../src/compare/compare.js'
import { InputError, UsageError } from '../../../src/errors.js'
import { PROTOCOLS } from '../../../src/experiments/answers/protocols.js'
import { Locks } from '../../../src/files/lock.js'
import { temporaryName } from '../../../src/files/temporaries.js'
import { writeModel } from '../../../src/onnx/format/onnxModel.js'
import type { ProgressEvent } from '../../../src/progress.js'
import type { ConsistencyMetric } from '../../../src/results/answers/summary.js'
import type { NetworkConsistency } from '../../../src/study/answers/consistency.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import { type ConsistencyOptions, resolveConsistency } from '../../../src/study/answers/options.js'
import { planAnswers } from '../../../src/study/answers/plan.js'
import type { WorkerState } from '../../../src/study/items/peers.js'
import { studyStatus } from '../../../src/study/status.js'
import { runHere } from '../../support/inProcess.js'
import { leftOut } from '../../support/leftOut.js'
import { messageOf } from '../../support/messageOf.js'
import { constantOf, convolutions, node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const model = `${golden}classifier.onnx`

function expectedIn(file: string): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return JSON.parse(readFileSync(`${golden}${file}`, 'utf8'))
}
const expected = expectedIn('expected.json')
const folder = temporaryFolder()
const ALL = PROTOCOLS.map(({ name }) => name)

beforeEach(() => {
  vi.stubEnv('COLUMNS', '200')
  return () => vi.unstubAllEnvs()
})

/** Measures one network. */
async function measured(options: Partial<ConsistencyOptions> = {}): Promise<NetworkConsistency> {
  const { networks } = await consistency({
    ...{ photographs: golden, model, input: 'imagenet', workers: 1, report: false },
    ...options,
  })
  expect(networks.length).toBe(1)
  return networks[0] as NetworkConsistency
}

/** All stored answers of a results folder, by path. */
function answersIn(out: string): Readonly<Record<string, Buffer>> {
  const entries = readdirSync(folder(out, 'answers'), { withFileTypes: true, recursive: true })
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
  const result = await measured({ model: `${golden}${file}`, protocols: ALL })
  const all = expectedIn(golds)
  expect(result.photographs.map(({ name }) => name)).toEqual(Object.keys(all))
  for (const [name, measures] of Object.entries(all))
    for (const [measure, value] of Object.entries(valuesOf(result, name))) {
      if (/always-same|confidence|relative|chance/.test(measure)) continue
      const isCount = /agreement|[^-]change/.test(measure)
      const difference = Math.abs(value - (measures[measure] as number))
      expect(difference, `${name} ${measure}`).toBeLessThan(isCount ? 1e-6 : measure.includes('error') ? 1e-3 : 1e-4)
    }
})

it('measures each photograph by itself', async () => {
  const result = await measured({ protocols: ALL })
  const { mean, standardError } = result.measures[0] as ConsistencyMetric
  const values = result.photographs.map((photograph) => photograph.values[0] as number)
  const average = values.reduce((sum, value) => sum + value) / values.length
  expect(mean).toBeCloseTo(average)
  const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1)
  expect(standardError).toBeCloseTo(Math.sqrt(variance / values.length))
  // Neither other protocols nor other photographs change a photograph's shifts.
  const alone = await measured({ photographs: `${golden}photograph-3.png`, protocols: ['circular'] })
  // Relative to other photographs it has no agreement.
  expect(alone.measures[0]).toMatchObject({ measure: 'relative-agreement', mean: null })
  expect(alone.measures[1]).toMatchObject({
    mean: expected['photograph-3.png']?.['circular agreement'],
    standardError: null,
  })
})

it('goes on where it was stopped, and stores the same bytes', async () => {
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
  const { result } = await noted({ ...options, out: folder('out') })
  expect(result.images).toBeLessThan(6 * 15)
  expect(answersIn('out')).toEqual(answersIn('whole'))
  const again = await noted({ ...options, out: folder('out') })
  expect(again.notes).toContain(`resuming: answers to 12 of 12 photographs in ${folder('out')} are finished`)
  expect(again.result).toEqual({ ...result, images: 0, seconds: 0, imagesPerSecond: 0 })
})

it('tells other processes all images that it has computed, also while a bucket takes many pieces', async () => {
  const told: number[] = []
  const describe = vi.spyOn(Locks.prototype, 'describe').mockImplementation((state) => {
    told.push((state as WorkerState).images)
  })
  const photographs = `${golden}photograph-3.png`
  await measured({ photographs, protocols: ['crop'], draws: 100, batch: 2, out: folder('out') })
  describe.mockRestore()
  expect(told).toEqual(told.toSorted((a, b) => a - b))
  expect(told.at(-1)).toBe(200)
})

it('leaves no lock behind if it is stopped while it takes the next photographs', async () => {
  const stopper = new AbortController()
  const { take } = Locks.prototype
  const takes: Promise<boolean>[] = []
  let buckets = 0
  // The third bucket is taken only after the call was stopped, while frames of the first ones run.
  vi.spyOn(Locks.prototype, 'take').mockImplementation(function (this: Locks, name) {
    const isLater = name.startsWith('classifier') && ++buckets > 2
    const taken = isLater ? pause(300).then(() => take.call(this, name)) : take.call(this, name)
    if (isLater) stopper.abort(new Error('stopped'))
    takes.push(taken)
    return taken
  })
  await expect(measured({ batch: 1, out: folder('out'), signal: stopper.signal })).rejects.toThrow('stopped')
  await Promise.all(takes)
  vi.restoreAllMocks()
  expect(existsSync(folder('out/.locks'))).toBe(false)
})

/** Runs a call, and collects its notes. */
async function noted(options: Partial<ConsistencyOptions>) {
  const notes: string[] = []
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'note') notes.push(event.line)
    options.onProgress?.(event)
  }
  return { result: await measured({ ...options, onProgress }), notes }
}

/** The values of each photograph that do not depend on the others, as those relative to chance do. */
function valuesBy({ measures, photographs }: NetworkConsistency): ReadonlyMap<string, readonly number[]> {
  const isOwn = measures.map(({ measure }) => !/relative|chance/.test(measure))
  return new Map(photographs.map((one) => [one.sha256, one.values.filter((_, i) => isOwn[i])]))
}

/** Copies photographs into a folder. */
function copied(...numbers: readonly number[]): string {
  mkdirSync(folder('photographs'), { recursive: true })
  for (const number of numbers)
    copyFileSync(`${golden}photograph-${number}.png`, folder(`photographs/photograph-${number}.png`))
  return folder('photographs')
}

it('computes only photographs that were added or changed, and keeps others', async () => {
  const photographs = copied(0, 1, 2, 3, 4)
  const options = { photographs, out: folder('out') }
  await measured(options)
  rmSync(folder('photographs/photograph-0.png'))
  copied(5)
  // Another content under a stored name.
  renameSync(folder('photographs/photograph-4.png'), folder('photographs/photograph-2.png'))
  const { result, notes } = await noted(options)
  // The photograph that was added, and the one that changed.
  expect(result.images).toBe(2 * 15)
  expect(notes).toContain(`${folder('out')} also has answers to 2 other photographs, and the report includes them`)
  // The content of photograph 4 is stored under two names and counts once.
  expect(result.photographs.map(({ name }) => name)).toEqual(
    [0, 1, 2, 3, 5].map((number) => `photograph-${number}.png`),
  )
  const whole = await measured({ photographs })
  for (const [sha256, values] of valuesBy(whole)) expect(valuesBy(result).get(sha256)).toEqual(values)
  // A photograph that comes back is not computed again.
  copied(0)
  expect((await measured(options)).images).toBe(0)
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
  expect(measures.filter(({ difference }: { difference: number }) => difference !== 0)).toEqual([])
})

it.skipIf(leftOut(process.platform === 'win32', 'Windows allows no such names'))(
  'stores names that compare and status read back, whatever characters they have',
  async () => {
    const names = ['=1+1.png', "'=a.png", 'a\nb\t"c",d.png', '"e".png', 'f\u202eg.png', 'h.png']
    const photographs = copied()
    for (const [i, name] of names.entries()) copyFileSync(`${golden}photograph-${i}.png`, folder('photographs', name))
    await measured({ photographs, out: folder('before') })
    await measured({ photographs: folder('photographs/h.png'), out: folder('after') })
    const { networks } = await compare(folder('before'), folder('after'))
    expect(networks[0]?.unpaired.before.map(({ name }) => name).sort()).toEqual(names.slice(0, -1).sort())
    expect((await studyStatus(folder('before'))).photographs).toMatchObject({ total: 12, done: 12 })
  },
)

it('counts photographs of equal content once', async () => {
  const photographs = copied(0, 1, 2)
  const alone = await measured({ photographs })
  for (const name of ['a.png', 'z.png']) copyFileSync(`${golden}photograph-1.png`, folder('photographs', name))
  const result = await measured({ photographs })
  expect(result.photographs.map(({ name }) => name)).toEqual(['a.png', 'photograph-0.png', 'photograph-2.png'])
  expect(valuesBy(result)).toEqual(valuesBy(alone))
  expect(result.measures.map(({ count }) => count)).toEqual(alone.measures.map(({ count }) => count))
})

it('keeps the answers to a photograph that vanishes, and skips one that vanishes before it is read', async () => {
  const photographs = copied(0, 1, 2, 3, 4, 5)
  const read: string[] = []
  const { result, notes } = await noted({
    ...{ photographs, out: folder('out'), batch: 1 },
    onProgress: (event) => {
      // The first piece of 24 frames runs, and the second one is drawn, so one photograph is finished and others wait.
      if (event.kind !== 'update' || event.done < 20 || read.length > 0) return
      read.push('done')
      rmSync(folder('photographs'), { recursive: true })
    },
  })
  const { photographs: kept, failed } = result
  expect(kept.length).toBeGreaterThan(0)
  expect(failed.length).toBeGreaterThan(0)
  expect([...kept, ...failed].map(({ name }) => name).sort()).toEqual(
    [0, 1, 2, 3, 4, 5].map((number) => `photograph-${number}.png`),
  )
  expect(failed).toEqual(failed.map(({ name }) => ({ name, reason: expect.stringMatching(/no such file/) })))
  // One line for the first photograph, and one with the number of all others.
  expect(notes.filter((line) => line.startsWith('skipping a photograph')).length).toBe(1)
  const others = notes.flatMap(
    (line) => /^skipped (\d+) more photographs? for the same reason as /.exec(line)?.[1] ?? [],
  )
  expect(others).toEqual(failed.length > 1 ? [String(failed.length - 1)] : [])
  // They are tried again, because nothing is known of their content.
  copied(0, 1, 2, 3, 4, 5)
  expect(await measured({ photographs, out: folder('out') })).toMatchObject({ failed: [], images: failed.length * 15 })
})

it('measures a photograph that changes meanwhile as it is in the end', async () => {
  const photographs = copied(0, 1)
  const options = { photographs, out: folder('out'), batch: 1 }
  let isChanged = false
  await measured({
    ...options,
    onProgress: (event) => {
      if (isChanged || event.kind !== 'update' || event.done === 0) return
      isChanged = true
      copyFileSync(`${golden}photograph-5.png`, folder('photographs/photograph-1.png'))
    },
  })
  expect(isChanged).toBe(true)
  // Whichever answers are those of the former content, the next call notices.
  await measured(options)
  await measured({ ...options, out: folder('whole') })
  expect(answersIn('out')).toEqual(answersIn('whole'))
  expect((await measured(options)).images).toBe(0)
})

it('measures a photograph that was broken as soon as it is repaired, and no other', async () => {
  const options = { photographs: copied(0, 1), out: folder('out') }
  writeFileSync(folder('photographs/photograph-1.png'), 'no picture')
  const { failed, images } = await measured(options)
  expect([failed.map(({ name }) => name), images]).toEqual([['photograph-1.png'], 15])
  expect((await measured(options)).images).toBe(0)
  copied(1)
  expect(await measured(options)).toMatchObject({ images: 15, failed: [] })
  await measured({ ...options, out: folder('whole') })
  expect(answersIn('out')).toEqual(answersIn('whole'))
})

it('keeps the answers to a photograph that is broken later until the next call, which leaves it out', async () => {
  const options = { photographs: copied(0, 1), out: folder('out') }
  await measured(options)
  writeFileSync(folder('photographs/photograph-1.png'), 'no picture')
  const { photographs, failed, images } = await measured(options)
  expect(images).toBe(0)
  expect([photographs, failed].map((all) => all.map(({ name }) => name))).toEqual([
    ['photograph-0.png'],
    ['photograph-1.png'],
  ])
})

it('ignores what an interrupted process has half written beside a bucket', async () => {
  const options = { photographs: copied(0, 1), out: folder('out') }
  await measured(options)
  const whole = answersIn('out')
  const path = dirname(folder('out', Object.keys(whole)[0] as string))
  const temporary = temporaryName(path)
  cpSync(path, temporary, { recursive: true })
  writeFileSync(join(temporary, 'answers.json'), '{"inputs"')
  rmSync(path, { recursive: true })
  const { images, photographs } = await measured(options)
  expect([images > 0, photographs.length]).toEqual([true, 2])
  rmSync(temporary, { recursive: true, force: true })
  expect(answersIn('out')).toEqual(whole)
})

it('computes a protocol again whose settings change, and no other', async () => {
  const options = { photographs: copied(0, 1), out: folder('out') }
  const stopped = AbortSignal.abort(new Error('stopped'))
  await expect(measured({ ...options, draws: 3, signal: stopped })).rejects.toThrow('stopped')
  await measured({ ...options, draws: 3 })
  const before = answersIn('out')
  const { result, notes } = await noted(options)
  expect(result.images).toBe(2 * 10)
  expect(notes).toContain(
    `replacing answers to 2 photographs made with other settings (draws 3 instead of 5) in ${folder('out')}; choose another \`out\` to keep both`,
  )
  const changed = Object.entries(answersIn('out')).filter(([path, bytes]) => before[path]?.equals(bytes) !== true)
  expect(changed.map(([path]) => path.split(sep)[2])).toEqual(Array(4).fill('crop'))
  // The same meaning from another source gives the same answers.
  expect((await measured({ ...options, scores: 'logits' })).images).toBe(0)
})

it('refuses other settings where answers to other photographs would be lost', async () => {
  const out = folder('out')
  await measured({ photographs: copied(0, 1), out })
  const before = answersIn('out')
  rmSync(folder('photographs/photograph-0.png'))
  const other = { photographs: folder('photographs'), out }
  const protocol = join(out, 'answers/classifier/crop')
  expect(await messageOf(measured({ ...other, draws: 4 }), UsageError)).toBe(
    `${out} has answers of classifier to photograph-0.png with draws 5 instead of 4; choose another \`out\`, or remove ${protocol}`,
  )
  cpSync(`${golden}classifier-20.onnx`, folder('classifier.onnx'))
  expect(await messageOf(measured({ ...other, model: folder('classifier.onnx') }), UsageError)).toContain(
    'to photograph-0.png with another checkpoint;',
  )
  expect(answersIn('out')).toEqual(before)
})

it.each<[string, (path: string) => void]>([
  [
    'a bit of the array',
    (path) => spoiled(`${path}/answers.npy`, (bytes) => bytes.writeUInt8(bytes.readUInt8(200) ^ 4, 200)),
  ],
  [
    'a number of the document',
    (path) => spoiled(`${path}/answers.json`, (bytes) => bytes.write('0', bytes.indexOf('"sha256": "') + 11)),
  ],
  ['the array', (path) => rmSync(`${path}/answers.npy`)],
  ['the document', (path) => rmSync(`${path}/answers.json`)],
  [
    'half of the array',
    (path) => writeFileSync(`${path}/answers.npy`, readFileSync(`${path}/answers.npy`).subarray(0, 150)),
  ],
  ['everything', (path) => rmSync(path, { recursive: true })],
])('computes a bucket again, and no other, if it lost %s', async (_, spoil) => {
  const options = { photographs: copied(0, 1, 2), out: folder('out') }
  await measured(options)
  const whole = answersIn('out')
  const [first = ''] = Object.keys(whole)
  spoil(folder('out/answers', dirname(relative('answers', first))))
  expect((await measured(options)).images).toBe(first.includes('crop') ? 10 : 5)
  expect(answersIn('out')).toEqual(whole)
})

function spoiled(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
}

it('loses nothing if two calls measure different photographs at the same time', async () => {
  const all = copied(0, 1, 2, 3, 4, 5)
  const listed = (name: string, numbers: readonly number[]) => {
    writeFileSync(folder('photographs', name), numbers.map((number) => `photograph-${number}.png\n`).join(''))
    return folder('photographs', name)
  }
  const both = [listed('a.txt', [0, 1, 2, 3]), listed('b.txt', [2, 3, 4, 5])]
  await Promise.all(both.map((photographs) => measured({ photographs, out: folder('out') })))
  await measured({ photographs: all, out: folder('whole') })
  expect(answersIn('out')).toEqual(answersIn('whole'))
})

it('plans without reading photographs', async () => {
  const photographs = copied()
  for (let i = 0; i < 300; i++) writeFileSync(folder('photographs', `${i}.png`), 'no picture')
  const plan = await planAnswers(
    resolveConsistency({ photographs, model, input: 'imagenet', protocols: ['diagonal'] }),
    folder('out'),
  )
  expect(plan.items.reduce((sum, { images }) => sum + images, 0)).toBe(300 * 5)
  expect(plan.items.length).toBeLessThanOrEqual(256)
})

it('measures the same in pieces of any length', async () => {
  const options = { photographs: copied(0, 1), protocols: ALL, draws: 40 }
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
  expect(stdout).toMatch(/^crop +agreement +\d+\.\d ± \d+\.\d % .* \d of 2$/m)
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
  expect(result.measures.map(({ measure, mean }) => [measure, mean])).toEqual([
    ['relative-agreement', null],
    ['change', 0],
    ['probability-change', 0],
    ['chance', 1],
    ['always-same', 1],
    ['confidence', 0.25],
  ])
  const { layer, measures } = await measured(options)
  expect([layer, (measures[2]?.mean as number) > 0]).toEqual(['logits', true])
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
