import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeNpy } from '../../src/files/npy.js'
import { start } from '../support/commandLine.js'
import { formulaFeatures } from '../support/features.js'
import { runHere } from '../support/inProcess.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

it('bench unit times the stages of a unit, and names what ran', async () => {
  const settings = ['--workers', '1', '--threads', '1', '--batch', '8']
  const what = ['--models', 'tiny-alexnet', '--sizes', '200', '--stride', '4']
  const { status, stdout } = await runHere(['bench', 'unit', ...what, ...settings, '--json'])
  expect(status).toBe(0)
  const [unit] = JSON.parse(stdout)
  expect(unit).toMatchObject({ model: 'tiny-alexnet', size: 200, stride: 4, images: 49, device: 'cpu' })
  for (const stage of ['extraction', 'similarity', 'separability']) expect(unit[stage]).toBeGreaterThan(0)
})

describe('scripts of bench/', () => {
  const script = (name: string, ...words: string[]) =>
    start(words, {}, fileURLToPath(new URL(`../../bench/${name}.mjs`, import.meta.url))).ended

  it.each([
    [
      'composite',
      ['--batch', '2'],
      [/^instruction set .*, batches of 2 frames of 224×224$/, /^background +patch /, /^white /],
    ],
    [
      'cosine',
      ['--rows', '90', '--dims', '24,7'],
      [/^instruction set /, /^positions × dims /, /^90 × 24 /, /^90 × 7 /],
    ],
    ['svm', ['FEATURES'], [/^120 × 24, instruction set /, /^all ten problems /, /^problem /, /^top-bottom 5 /]],
  ])('%s %j prints a table', async (name, words, lines) => {
    const shape = { rows: 12, cols: 10, dims: 24 }
    const features = formulaFeatures({ ...shape, signal: 2, scale: 1, repeat: 1 })
    await writeNpy(folder('features.npy'), [shape.rows, shape.cols, shape.dims], features)
    const given = words.map((word) => word.replace('FEATURES', folder('features.npy')))
    const { status, stdout, stderr } = await script(name, ...given, '--repeats', '1')
    expect([status, stderr]).toEqual([0, ''])
    for (const line of lines) expect(stdout.split('\n')).toContainEqual(expect.stringMatching(line))
  })

  it.each([
    ['cosine', ['--repeats', 'x'], 2, 'cosine.mjs: x is not a whole number of at least 1\n'],
    ['svm', ['--loss', 'hinge'], 2, /^svm\.mjs: Unknown option '--loss'.*\n$/],
    ['svm', ['no.npy'], 3, /^svm\.mjs: .*no\.npy.*\n$/],
    ['svm', ['--device', 'cuda:99'], 4, /^svm\.mjs: device cuda:99 is not usable: .*--device cpu\n$/],
  ])('%s %j ends with %i', async (name, words, expected, message) => {
    const { status, stdout, stderr } = await script(name, ...words)
    expect([status, stdout, stderr]).toEqual([expected, '', expect.stringMatching(message)])
  })
})
