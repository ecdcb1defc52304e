import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type ConsistencyOptions, consistency } from '../../src/consistency/consistency.js'
import { PROTOCOL_NAMES } from '../../src/consistency/protocols.js'
import type { Consistency } from '../../src/consistency/result.js'
import { InputError, UsageError } from '../../src/errors.js'
import type { ProgressEvent } from '../../src/progress.js'
import { runHere } from '../support/inProcess.js'
import { messageOf } from '../support/messageOf.js'
import { convolutions } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../golden/consistency/', import.meta.url))
const model = `${golden}classifier.onnx`
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = JSON.parse(
  readFileSync(`${golden}expected.json`, 'utf8'),
)
const folder = temporaryFolder()

const measured = (options: Partial<ConsistencyOptions> = {}) =>
  consistency({ photographs: golden, model, input: 'imagenet', workers: 1, ...options })

/** A photograph's measures by name, as photographs.csv has them. */
function valuesOf({ measures, photographs }: Consistency, name: string): Record<string, number> {
  const { values = [] } = photographs.find((photograph) => photograph.name === name) ?? {}
  return Object.fromEntries(measures.map(({ protocol, measure }, i) => [`${protocol} ${measure}`, values[i] as number]))
}

it('measures what PyTorch does, with and without files', async () => {
  const result = await measured({ protocols: PROTOCOL_NAMES, out: folder('out') })
  expect(result.photographs.map(({ name }) => name)).toEqual(Object.keys(expected))
  for (const [name, measures] of Object.entries(expected))
    for (const [measure, value] of Object.entries(valuesOf(result, name))) {
      const isCount = /agreement|[^-]change/.test(measure)
      const difference = Math.abs(value - (measures[measure] as number))
      expect(difference, `${name} ${measure}`).toBeLessThan(isCount ? 1e-6 : measure.includes('error') ? 1e-3 : 1e-4)
    }
  const csv = readFileSync(folder('out/photographs.csv'), 'utf8').trim().split('\n')
  expect(csv.length).toBe(1 + Object.keys(expected).length)
  const { mean, standardError } = result.measures[0] as Consistency['measures'][number]
  const values = result.photographs.map((photograph) => photograph.values[0] as number)
  expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value) / values.length)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  expect(standardError).toBeCloseTo(Math.sqrt(variance / values.length))
  // A photograph's chance is its own: neither other protocols nor other photographs change it.
  const alone = await measured({ photographs: `${golden}photograph-3.png`, protocols: ['circular'] })
  expect(alone.measures).toMatchObject([
    { mean: expected['photograph-3.png']?.['circular agreement'], standardError: null },
  ])
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
  for (const name of readdirSync(folder('whole')))
    expect(readFileSync(folder('out', name)), name).toEqual(readFileSync(folder('whole', name)))
  expect(readdirSync(folder('out')).sort()).toEqual(readdirSync(folder('whole')).sort())
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
  expect(stdout).toMatch(/^crop +same answer in two random crops +\d+\.\d % +\d+\.\d %$/m)
  expect(readFileSync(folder('out/index.html'), 'utf8')).toContain('1 photograph could not be used')
})

it('refuses options that it does not take', async () => {
  expect(await messageOf(measured({ protocols: [] }), UsageError)).toMatch(/^protocols is empty/)
  expect(await messageOf(measured({ layers: ['scores'] } as object), UsageError)).toMatch(/^option layers is not known/)
  expect(await messageOf(measured({ device: 'gpu', out: folder('out') }), UsageError)).toMatch(
    /^device gpu is not known/,
  )
  const precise = measured({ precision: 'fp16', out: folder('out') })
  expect(await messageOf(precise, UsageError)).toMatch(/^`precision fp16` works only on GPUs/)
  expect(existsSync(folder('out'))).toBe(false)
})

it('refuses a network that gives no answers', async () => {
  const { onnxPath } = await convolutions(folder('map.onnx'))
  expect(await messageOf(measured({ model: onnxPath }), InputError)).toMatch(/^map has no layer of class scores/)
})
