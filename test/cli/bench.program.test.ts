import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type Ended, shiftscope, start } from '../support/commandLine.js'

describe('shiftscope bench', () => {
  it('times the stages of a unit, and names what ran', async () => {
    const { status, stdout } = await shiftscope('bench', 'unit', '--models', 'tiny-alexnet', '--stride', '30', '--json')
    expect(status).toBe(0)
    const [unit] = JSON.parse(stdout)
    expect(unit).toMatchObject({ model: 'tiny-alexnet', size: 75, stride: 30, images: 29, device: 'cpu' })
    for (const stage of ['extraction', 'similarity', 'separability']) expect(unit[stage]).toBeGreaterThan(0)
  })

  it('measures one device, which has to be named', async () => {
    const { status, stderr } = await shiftscope('bench', 'extract', '--device', 'auto')
    expect(status).toBe(2)
    expect(stderr).toContain('name it')
  })

  it('ends with 4 where the device cannot be used', async () => {
    const { status, stderr } = await shiftscope('bench', 'unit', '--models', 'tiny-alexnet', '--device', 'cuda:9')
    expect(status).toBe(4)
    expect(stderr).toMatch(/^shiftscope: device cuda:9 is not usable: /)
  })
})

describe('scripts of bench/', () => {
  function script(name: string, ...words: string[]): Promise<Ended> {
    return start(words, {}, fileURLToPath(new URL(`../../bench/${name}.mjs`, import.meta.url))).ended
  }

  it.each([
    [
      'composite',
      '--batch 2',
      [/^instruction set .*, batches of 2 frames of 224×224$/, /^background +patch /, /^white /],
    ],
    ['cosine', '--rows 90 --dims 24,7', [/^instruction set /, /^positions × dims /, /^90 × 24 /, /^90 × 7 /]],
    ['svm', '', [/^10000 × 1000, instruction set /, /^all ten problems /, /^problem /, /^top-bottom 5 /]],
  ])('%s %s prints a table', async (name, words, lines) => {
    const { status, stdout, stderr } = await script(name, '--repeats', '1', ...words.split(' ').filter(Boolean))
    expect([status, stderr]).toEqual([0, ''])
    for (const line of lines) expect(stdout.split('\n')).toContainEqual(expect.stringMatching(line))
  })

  it.each([
    ['cosine', ['--repeats', 'x'], 2, 'cosine.mjs: x is not a whole number of at least 1\n'],
    ['cosine', ['--device', 'auto'], 2, /^cosine\.mjs: device auto: .*cuda:INDEX\n$/],
    ['svm', ['--loss', 'hinge'], 2, /^svm\.mjs: Unknown option '--loss'.*\n$/],
    ['svm', ['no.npy'], 3, /^svm\.mjs: .*no\.npy.*\n$/],
    ['svm', ['--device', 'cuda:99'], 4, /^svm\.mjs: device cuda:99 is not usable for features: .*--device cpu\n$/],
  ])('%s %j ends with %i', async (name, words, expected, message) => {
    const { status, stdout, stderr } = await script(name, ...words)
    expect([status, stdout, stderr]).toEqual([expected, '', expect.stringMatching(message)])
  })
})
