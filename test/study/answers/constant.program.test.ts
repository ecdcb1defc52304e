import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, it, vi } from 'vitest'
import { runHere } from '../../support/inProcess.js'
import { constantOf, node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const folder = temporaryFolder()

beforeEach(() => {
  vi.stubEnv('COLUMNS', '400')
  return () => vi.unstubAllEnvs()
})

/** A linear classifier of four classes. The larger the bias of its first class, the less it sees the image. */
async function linear(name: string, bias: number): Promise<string> {
  const { onnxPath } = await smallNetwork(folder(`${name}.onnx`), {
    ...{ name, side: 32, dims: 4 },
    initializers: [
      weightsOf('weights', 3 * 32 * 32, 4),
      { name: 'bias', shape: [4], float32: async () => Float32Array.of(bias, 0, 0, 0) },
      constantOf('scale', [], 0.1),
    ],
    nodes: [
      node('Flatten', ['image'], 'flat'),
      node('MatMul', ['flat', 'weights'], 'product'),
      node('Mul', ['product', 'scale'], 'scaled'),
      node('Add', ['scaled', 'bias'], 'feature'),
    ],
  })
  return onnxPath
}

const SENTENCE = 'constant gives the same answer to 5 of 5 photographs; its consistency says nothing.'

it('a constant network agrees with itself and is never the best; the same network twice has the same numbers', async () => {
  const [constant, noise] = [await linear('constant', 1e4), await linear('noise', 0)]
  const models = `constant=${constant},noise=${noise},again=${noise}`
  const words = ['consistency', golden, '--models', models, '--input', 'imagenet', '--protocols', 'crop,diagonal']
  const where = ['--workers', '1', '--out', folder('out')]
  const { stdout } = await runHere([...words, ...where])
  expect(stdout).toContain(`In crop, diagonal: ${SENTENCE}`)
  const { networks } = JSON.parse((await runHere([...words, ...where, '--json'])).stdout)
  const [first, second, third] = networks
  expect(first.varieties).toMatchObject(
    ['crop', 'diagonal'].map((protocol) => ({ protocol, distinct: 1, effective: 1, most: 5, isConstant: true })),
  )
  const measure = ({ measures }: typeof first, name: string) =>
    measures.find((one: { protocol: string; measure: string }) => one.protocol === 'crop' && one.measure === name)
  expect(first.measures[0]).toMatchObject({ measure: 'relative-agreement', mean: null, standardError: null, count: 0 })
  expect([measure(first, 'agreement').mean, measure(first, 'chance').mean]).toEqual([1, 1])
  expect(second.varieties[0]).toMatchObject({ pictures: 5, isConstant: false })
  expect(measure(second, 'relative-agreement').mean).toBeLessThan(measure(second, 'agreement').mean)
  expect(third.measures).toEqual(second.measures)
  const html = readFileSync(folder('out', 'index.html'), 'utf8')
  expect(html).toContain(`In crop, diagonal: ${SENTENCE}`)
  expect(html).not.toContain('constant is the most consistent')
  // Five photographs are too few for a star.
  const starred = [...html.matchAll(/<tr><th[^>]*>([^<]*)<\/th>(?:(?!<\/tr>).)*★/gs)].map(([, name]) => name)
  expect(starred).toEqual([])
})

it('a constant network is named where objects move, too', async () => {
  const models = `constant=${await linear('constant', 1e4)},noise=${await linear('noise', 0)}`
  const options = ['--input', 'imagenet', '--stride', '3', '--sizes', '11', '--experiments', 'similarity']
  const words = ['reproduce', '--models', models, ...options, '--workers', '1', '--out', folder('objects')]
  const { stdout, stderr } = await runHere(words)
  expect(stderr).not.toContain('shiftscope:')
  expect(stdout).toMatch(/constant, 11 px .*gives the same answer to \d+ of \d+ objects; its consistency says nothing/)
  const line = stdout.split('\n').find((one) => one.startsWith('noise, 11 px ')) ?? ''
  expect(line).toMatch(/agreement relative to chance .* % \(chance .* %\), \d different answers? to \d+ objects/)
  const findings = JSON.parse(readFileSync(folder('objects', 'findings.json'), 'utf8'))
  expect(
    findings.filter(({ claim, model }: Record<string, string>) => claim === 'answer-keeps' && model === 'constant'),
  ).toMatchObject([{ verdict: 'open', isJudged: false, reason: expect.stringContaining('the network gives the same') }])
})
