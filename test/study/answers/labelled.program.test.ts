import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeEach, expect, it, vi } from 'vitest'
import { readPhotograph } from '../../../src/patches/photographs.js'
import { type Consistency, consistency } from '../../../src/study/answers/consistency.js'
import { runHere } from '../../support/inProcess.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const model = `${golden}classifier.onnx`
const names = readdirSync(golden).filter((name) => name.endsWith('.png'))
const folder = temporaryFolder()

beforeEach(() => {
  vi.stubEnv('COLUMNS', '200')
  return () => vi.unstubAllEnvs()
})

const [FRAME, SIDE] = [28, 32]
const MEAN = [0.485, 0.456, 0.406] as const
const STD = [0.229, 0.224, 0.225] as const

/** Probabilities of the classes in crops of a photograph at offsets along the diagonal, from ONNX Runtime alone. */
async function probabilities(name: string, offsets: readonly number[]): Promise<readonly (readonly number[])[]> {
  const session = await InferenceSession.create(model)
  const { image } = await readPhotograph(
    { name, path: `${golden}${name}` },
    { frameSide: FRAME, side: SIDE },
    'torchvision',
  )
  const all: number[][] = []
  for (const offset of offsets) {
    const input = Float32Array.from({ length: 3 * FRAME * FRAME }, (_, i) => {
      const [channel, row, col] = [Math.floor(i / FRAME ** 2), Math.floor(i / FRAME) % FRAME, i % FRAME]
      const value = image.data[4 * ((offset + row) * SIDE + offset + col) + channel] as number
      return (value / 255 - (MEAN[channel] as number)) / (STD[channel] as number)
    })
    const feeds = { [session.inputNames[0] as string]: new Tensor('float32', input, [1, 3, FRAME, FRAME]) }
    const output = (await session.run(feeds))[session.outputNames[0] as string] as Tensor
    const scores = [...(output.data as Float32Array)]
    const powers = scores.map((score) => Math.exp(score - Math.max(...scores)))
    const sum = powers.reduce((total, power) => total + power)
    all.push(powers.map((power) => power / sum))
  }
  return all
}

function answerOf(frame: readonly number[]): number {
  return frame.indexOf(Math.max(...frame))
}

const given = {
  ...({ photographs: golden, model, input: 'imagenet', workers: 1, report: false } as const),
  protocols: ['diagonal'],
} as const
const measured = (labels: string, out?: string) =>
  consistency({ ...given, labels, ...(out !== undefined && { out: folder(out) }) })

/** Values of the photographs by measure. */
function valuesOf({ networks: [network] }: Consistency): Readonly<Record<string, readonly number[]>> {
  const { measures = [], photographs = [] } = network ?? {}
  const columns = measures.map(({ protocol, measure }, i) => [
    `${protocol} ${measure}`,
    photographs.map(({ values }) => values[i] as number),
  ])
  return Object.fromEntries(columns)
}

function writeLabels(...classes: readonly (string | number)[]): string {
  writeFileSync(folder('labels.csv'), classes.map((word, i) => `${names[i]},${word}\n`).join(''))
  return folder('labels.csv')
}

it('measures the accuracies of a plain loop', async () => {
  const frames = await Promise.all(names.map((name) => probabilities(name, [0, 1, 2, 3, 4])))
  const answers = frames.map((path) => path.map(answerOf))
  // The answer in the middle is right for the first photographs, other answers for the last ones.
  const right = answers.map((path, i) =>
    i < 4 ? [path[2] as number] : [((path[2] as number) + 1) % 24, path[0] as number],
  )
  const values = valuesOf(await measured(writeLabels(...right.map((classes) => classes.join('; ')))))
  const isRight = answers.map((path, i) => path.map((answer) => right[i]?.includes(answer) === true))
  const shares = isRight.map((path) => path.filter(Boolean).length / path.length)
  expect(values['center accuracy']).toEqual(isRight.map((path) => Number(path[2])))
  expect(values['diagonal mean-accuracy']).toEqual(shares)
  expect(values['diagonal worst-case-accuracy']).toEqual(isRight.map((path) => Number(path.every(Boolean))))
  // Otherwise, these would be the same numbers.
  expect(shares.some((share) => share > 0 && share < 1)).toBe(true)
  for (const [i, path] of frames.entries()) {
    const best = path.map((frame) => Math.max(...(right[i] as number[]).map((index) => frame[index] as number)))
    const mean = best.reduce((sum, value) => sum + value) / best.length
    expect(values['diagonal right-probability']?.[i]).toBeCloseTo(mean, 5)
  }
})

it('gives photographs without a label no accuracy, and computes no image for a label that changes', async () => {
  const first = await measured(writeLabels(0, 1, 2), 'out')
  const center = first.networks[0]?.measures.find(({ measure }) => measure === 'accuracy')
  expect(center?.count).toBe(3)
  expect(valuesOf(first)['center accuracy']?.slice(3)).toEqual(names.slice(3).map(() => Number.NaN))
  const second = await measured(writeLabels(0, 5, 2, 3), 'out')
  expect(second.networks[0]?.images).toBe(0)
  expect(second.networks[0]?.photographs.map(({ label }) => label)).toEqual([
    ...['0', '5', '2', '3', undefined, undefined],
  ])
  const anew = await measured(folder('labels.csv'), 'new')
  const { 'diagonal right-probability': stored = [], ...others } = valuesOf(second)
  const { 'diagonal right-probability': computed = [], ...expected } = valuesOf(anew)
  expect(others).toEqual(expected)
  // The probability of another right class needs the images.
  expect(stored.map((value, i) => (i === 1 || i === 3 ? Number.NaN : value))).toEqual(
    computed.map((value, i) => (i === 1 || i === 3 ? Number.NaN : value)),
  )
  expect([stored[1], stored[3]]).toEqual([Number.NaN, Number.NaN])
})

it('adds labels to stored answers, and computes only the photographs without a shift', async () => {
  const labels = writeLabels(0, 1)
  await consistency({ ...given, out: folder('out') })
  const [network] = (await consistency({ ...given, labels, out: folder('out') })).networks
  expect(network?.images).toBe(names.length)
  const [anew] = (await consistency({ ...given, labels, out: folder('new') })).networks
  const means = (one: typeof network) =>
    one?.measures.filter(({ measure }) => measure !== 'right-probability').map(({ mean, count }) => [mean, count])
  expect(means(network)).toEqual(means(anew))
  // A call without labels leaves them as they are.
  const [again] = (await consistency({ ...given, out: folder('out') })).networks
  expect(again).toMatchObject({ images: 0, measures: network?.measures })
})

it('prints accuracies, and refuses an unknown class with its line before it writes anything', async () => {
  const words = [
    'consistency',
    golden,
    '--model',
    model,
    '--input',
    'imagenet',
    '--workers',
    '1',
    '--protocols',
    'crop',
  ]
  const { status, stdout, stderr } = await runHere([...words, '--labels', writeLabels('class 3', '4')])
  expect(stdout).toMatch(/^center +accuracy .* of 2$/m)
  expect(stderr).toContain('without a label, and so without accuracy: 4 of 6 photographs')
  expect(status).toBe(0)
  const refused = await runHere([...words, '--labels', writeLabels(1, 24), '--out', folder('out')])
  expect(refused.status).toBe(3)
  expect(refused.stderr).toContain(`${folder('labels.csv')} line 2: classifier has no class 24; use a smaller index`)
  expect(existsSync(folder('out'))).toBe(false)
})
