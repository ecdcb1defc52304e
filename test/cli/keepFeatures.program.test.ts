import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import { contents, shiftscope } from '../support/commandLine.js'

const PATCH = 'dog'

/** Ten units of 5×5 positions of one layer. */
const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--layers', 'fc8', '--sizes', '75', '--stride', '30']
const SIMILARITY = ['--experiments', 'similarity']

let folder: string
let out: string
let unit: (file: string) => string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  out = join(folder, 'results')
  unit = (file) => join(out, 'units', 'tiny-alexnet', '75', PATCH, file)
  const { status, stderr } = await shiftscope(...STUDY, ...SIMILARITY, '--keep-features', '--out', out)
  expect(status, stderr).toBe(0)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('reproduce --keep-features', () => {
  it('stores the features that extract gives, at every position of the grid', async () => {
    const { shape, data } = await readNpy(unit('features-fc8.npy'))
    expect(shape.slice(0, 2)).toEqual([5, 5])
    const extracted = join(folder, 'extracted')
    const args = ['--model', 'tiny-alexnet', '--layers', 'fc8', '--size', '75', '--stride', '30', '--patch', PATCH]
    const { status, stderr } = await shiftscope('extract', ...args, '--out', extracted)
    expect(status, stderr).toBe(0)
    const alone = await readNpy(join(extracted, 'fc8.npy'))
    expect(alone.shape).toEqual(shape)
    expect(Buffer.from(data.buffer).equals(Buffer.from(alone.data.buffer))).toBe(true)
  })

  it('agrees with the stored maps and the stored consistency', async () => {
    const { shape, data } = await readNpy(unit('features-fc8.npy'))
    const dims = shape[2] as number
    const row = (i: number) => data.subarray(i * dims, (i + 1) * dims)
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0)
    const maps = await readNpy(unit('similarity.npy'))
    for (let i = 0; i < 25; i++) {
      const cosine = dot(row(i), row(0)) / Math.sqrt(dot(row(i), row(i)) * dot(row(0), row(0)))
      expect(maps.data[i]).toBeCloseTo(cosine, 5)
    }
    const top = Array.from({ length: 25 }, (_, i) => row(i).indexOf(Math.max(...row(i))))
    const across = top.filter((winner, i) => i % 5 > 0 && winner === top[i - 1]).length / 20
    const down = top.filter((winner, i) => i >= 5 && winner === top[i - 5]).length / 20
    const { layers } = JSON.parse(await readFile(unit('unit.json'), 'utf8'))
    expect(layers[0].measures.consistency).toEqual({ 'horizontal 30px': across, 'vertical 30px': down })
  })

  it('is not computed again without the option, and is where features are missing', async () => {
    const computed = async (...more: string[]) => {
      const { status, stdout, stderr } = await shiftscope(...STUDY, ...SIMILARITY, ...more, '--json')
      expect(status, stderr).toBe(0)
      return JSON.parse(stdout).computed as number
    }
    expect(await computed('--out', out)).toBe(0)
    expect(await computed('--out', out, '--keep-features')).toBe(0)
    await rm(unit('features-fc8.npy'))
    expect(await computed('--out', out, '--keep-features')).toBe(1)
    const plain = join(folder, 'plain')
    expect(await computed('--out', plain)).toBe(10)
    expect(await computed('--out', plain, '--keep-features')).toBe(10)
  })

  it('counts its bytes in a dry run, and those of the page’s copy', async () => {
    const dryRun = async (...more: string[]) =>
      JSON.parse((await shiftscope(...STUDY, ...SIMILARITY, ...more, '--dry-run', '--json', '--out', out)).stdout)
    const [plain, keeping] = [await dryRun(), await dryRun('--keep-features')]
    const { shape } = await readNpy(unit('features-fc8.npy'))
    expect(keeping.bytes - plain.bytes).toBe(10 * 25 * (shape[2] as number) * 4)
    expect(plain.pageFeatureBytes).toBe(0)
    const copy = Object.entries(await contents(join(out, 'site', 'features')))
    const written = copy.reduce((sum, [, base64]) => sum + Buffer.from(base64, 'base64').length, 0)
    // Beside the features a file holds its own name, and the name of the function that takes them.
    expect(written - keeping.pageFeatureBytes).toBeGreaterThan(0)
    expect(written - keeping.pageFeatureBytes).toBeLessThan(100 * copy.length)
    const { stdout } = await shiftscope(...STUDY, ...SIMILARITY, '--keep-features', '--dry-run', '--out', out)
    expect(stdout).toMatch(/of arrays on disk\n[\d.]+ kB of features in the page\nat most/)
  })
})
