import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogModels } from '../../src/networks/index.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { start } from './process.js'

const folder = temporaryFolder()
const DOG = new URL('../../models/patches/dog.png', import.meta.url).pathname

function shiftscope(...args: readonly string[]) {
  return start(args, { SHIFTSCOPE_CACHE: folder('cache') }).ended
}

describe('shiftscope models', () => {
  it('lists generators with what they make images from', async () => {
    const { status, stderr, stdout } = await shiftscope('models', 'list')
    expect(status).toBe(0)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/caffenet +missing .* fc6 fc7 fc8/)
    expect(stderr).toMatch(/deepsim-fc7 +missing .* images from fc7 of caffenet +none stated/)
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

  it('refuses to import what is no Caffe model of the generator', async () => {
    writeFileSync(folder('generator.caffemodel'), 'not protobuf at all')
    const { status, stderr } = await shiftscope('models', 'import', 'deepsim-fc6', folder('generator.caffemodel'))
    expect(status).toBe(3)
    expect(stderr).toContain('is a damaged Caffe model')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
