import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogModels } from '../../src/networks/index.js'
import { start } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname

function shiftscope(...args: readonly string[]) {
  return start(args, { SHIFTSCOPE_CACHE: folder('cache') }).ended
}

describe('shiftscope models', () => {
  it('lists what is known, what is here and how large it is, in 100 columns', async () => {
    const { status, stderr, stdout } = await shiftscope('models', 'list')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^vgg16 +VGG-16 +missing +553\.4 MB +BSD-3-Clause$/m)
    expect(stdout).toMatch(/^swin_t +Swin-T +export needed +113\.4 MB +BSD-3-Clause$/m)
    expect(stdout).toMatch(/^caffenet +CaffeNet +missing .* unrestricted$/m)
    expect(stdout).toMatch(/^deepsim-fc7 +DeePSiM generator of fc7 +missing +224\.4 MB +none stated$/m)
    expect(stderr).toMatch(/^export needed: .*"shiftscope models pull squeezenet1_1" says how$/m)
    for (const line of (stdout + stderr).split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    const listed = JSON.parse((await shiftscope('models', 'list', '--json')).stdout) as { id: string }[]
    expect(listed.map(({ id }) => id)).toEqual(catalogModels().map(({ id }) => id))
    expect(listed.find(({ id }) => id === 'deepsim-fc8')).toMatchObject({
      encoder: 'caffenet',
      layer: 'fc8',
      dims: 1000,
      feature: 'pre-relu',
      state: 'missing',
    })
  })

  it.each([
    ['a generator without weights', 3, ['models', 'verify', 'deepsim-fc6'], 'models import deepsim-fc6 FILE'],
    ['an unknown generator', 2, ['models', 'verify', 'deepsim-fc5'], 'no network or generator is called "deepsim-fc5"'],
    ['a network to be exported', 2, ['models', 'pull', 'swin_t'], 'torchvision.models.swin_t(weights='],
    ['a generator in place of a network', 2, ['extract', '--model', 'deepsim-fc6'], 'deepsim-fc6 is a generator'],
    ['a generator in a study', 2, ['reproduce', '--models', 'deepsim-fc6'], 'deepsim-fc6 is a generator'],
  ])('names %s in one line', async (_, expected, args, message) => {
    const more = { extract: ['--patch', DOG, '--size', '75'], reproduce: ['--dry-run'] }[args[0] as string] ?? []
    const { status, stderr } = await shiftscope(
      ...args,
      ...more,
      ...(args[0] === 'models' ? [] : ['--out', folder('out')]),
    )
    expect(status).toBe(expected)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('says what a study lacks, and what to run', async () => {
    const study = ['--models', 'mobilenet_v2', '--sizes', '75', '--stride', '50', '--experiments', 'similarity']
    const { status, stdout, stderr } = await shiftscope('reproduce', ...study, '--dry-run', '--out', folder('out'))
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('10 units, 0 of them finished; 130 images left')
    expect(stdout).toContain(
      'missing weights, 14.2 MB in all: mobilenet_v2 (14.2 MB)\nfetch them: shiftscope models pull mobilenet_v2\n',
    )
  })

  it('refuses to import what is no Caffe model of the generator', async () => {
    writeFileSync(folder('generator.caffemodel'), 'not protobuf at all')
    const { status, stderr } = await shiftscope('models', 'import', 'deepsim-fc6', folder('generator.caffemodel'))
    expect(status).toBe(3)
    expect(stderr).toContain('is a damaged Caffe model')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
