import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { SKETCH_ERROR } from '../../src/experiments/sketch.js'
import { decodeAnswers } from '../../src/page/browser/answers.js'
import { decodeMap } from '../../src/page/mapCoding.js'
import { siteWriter } from '../../src/page/site.js'
import { scaleRows } from '../../src/page/siteFeatures.js'
import { writeSiteFile } from '../../src/page/siteFile.js'
import type { SiteIndex, SiteMaps } from '../../src/page/siteIndex.js'
import { noise } from '../../src/patches/background.js'
import { patchAtSize } from '../../src/patches/patch.js'
import { keepPatchPicture } from '../../src/results/pictures.js'
import { readStudy } from '../../src/results/study.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

async function store(changes: Partial<UnitInputs>, level = 0.9): Promise<void> {
  const { unit, maps } = madeUnit(changes, level)
  const features = unit.layers.map(({ dims }, i) => featuresOf(4 * dims, i + 1))
  const arrays = { ...arraysOf(unit, maps), ...(unit.inputs.keepsFeatures && { features }) }
  await writeUnit(inFolder('results'), unit, arrays)
}

function featuresOf(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(seed * 7 + i * 1.3) * (1 + (i % 5)))
}

async function writeSite(): Promise<SiteIndex> {
  mkdirSync(inFolder('site'))
  const site = siteWriter(inFolder('results'), inFolder('site'))
  const groups = await readStudy(inFolder('results'), [], site)
  return site.finish(groups, { low: 0.88, high: 1 })
}

/** What a file of the site hands to the page. */
function handed<T>(...way: readonly string[]): T {
  const script = readFileSync(inFolder('site', ...way), 'utf8')
  const received: [string, T][] = []
  new Function('shiftscopeReceive', script)((key: string, value: T) => received.push([key, value]))
  expect(received.map(([key]) => `${key}.js`)).toEqual([join(...way)])
  return (received[0] as [string, T])[1]
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

describe('files of the site', () => {
  it('hold the maps of every unit and the mean, to five decimals, with the means of unit.json', async () => {
    await store({ patch: 'car' }, 0.8)
    await store({ patch: 'dog' }, 0.9)
    const { groups } = await writeSite()
    expect(readdirSync(inFolder('site', 'maps', '0')).sort()).toEqual(['0.js', '1.js', 'mean.js'])
    expect(groups[0]?.units.map(({ patch }) => patch)).toEqual(['car', 'dog'])
    expect(groups[0]?.layers.map(({ baseline }) => baseline)).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 6)])
    for (const [file, level] of [
      ['0', 0.8],
      ['1', 0.9],
      ['mean', 0.85],
    ] as const) {
      const { layers } = handed<SiteMaps>('maps', '0', `${file}.js`)
      layers.forEach(({ means, maps }, layer) => {
        maps.forEach((map, anchor) => {
          const start = (layer * 5 + anchor) * 4
          const expected = [0, 1, 2, 3].map((i) => level + (start + i) / 1000)
          decodeMap(bytesOf(map), 4).forEach((value, i) => {
            expect(value).toBeCloseTo(expected[i] as number, 5)
          })
          expect(means[anchor]).toBeCloseTo(level - layer / 10 - anchor / 1000, 9)
        })
      })
    }
  })

  it('are named by numbers alone, whatever the names in the study', async () => {
    await store({ patch: '../../evil', model: '"</script>', layers: ['..', '<b>'] })
    const { groups } = await writeSite()
    const files = readdirSync(inFolder('site'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    for (const { name } of files) expect(name).toMatch(/^(?:\d+|mean|study)\.js$/)
    expect(groups.map(({ model, layers }) => [model, ...layers.map(({ name }) => name)])).toEqual([
      ['"</script>', '..', '<b>'],
    ])
  })

  it('hand over any value of JSON, with keys that a literal of JavaScript would not take', async () => {
    const values = fc.jsonValue().filter((value) => value !== null)
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        await writeSiteFile(inFolder('site'), 'value', value)
        expect(JSON.stringify(handed('value.js'))).toBe(JSON.stringify(value))
      }),
      { examples: [[JSON.parse('{"__proto__":{"a":1}}')], ['</script>\u2028\\"']] },
    )
  })

  it('say which page they belong to: another study has another digest', async () => {
    await store({ patch: 'car' }, 0.8)
    const { digest } = await writeSite()
    expect(handed('study.js')).toBe(digest)
    rmSync(inFolder('site'), { recursive: true })
    expect((await writeSite()).digest).toBe(digest)
    rmSync(inFolder('site'), { recursive: true })
    await store({ patch: 'car' }, 0.8000001)
    expect((await writeSite()).digest).not.toBe(digest)
  })

  it('place the frame, the anchors and the means as the study has them', async () => {
    await store({ patch: 'car', size: 75, stride: 50 })
    const { groups, limits } = await writeSite()
    expect(groups[0]).toMatchObject({ size: 75, rows: 2, cols: 2, stride: 50, frame: 125 })
    expect(groups[0]?.anchors.map(({ row, col }) => [row, col])).toEqual([
      [0, 0],
      [0, 50],
      [25, 25],
      [50, 0],
      [50, 50],
    ])
    expect(groups[0]?.layers[1]?.means[2]).toEqual({ mean: 0.9 - 0.1 - 0.002 })
    expect(groups[0]?.layers[0]?.baseline).toBeNull()
    expect(limits).toEqual({ low: 0.88, high: 1 })
  })

  it('refuse a map with a value that is no cosine', async () => {
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder('results'), unit, arraysOf(unit, maps.fill(Number.NaN)))
    await expect(writeSite()).rejects.toThrow(InputError)
  })
})

describe('answers of the site', () => {
  /** A unit of 2×2 positions whose layer fc8 answers. */
  async function storeAnswers(patch: string, strongest: number[], ofCenter: number[], probability: number[]) {
    const { unit, maps } = madeUnit({ patch })
    const answers = {
      center: { class: 7, probability: 0.8 },
      right: null,
      kept: 0.5,
      least: 0.1,
      names: { 7: '</script>', 3: 'dog', 9: 'cat' },
    }
    const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, answers } : layer))
    const array = Float32Array.from([...strongest, ...probability, ...ofCenter])
    await writeUnit(inFolder('results'), { ...unit, layers }, { ...arraysOf(unit, maps), answers: [undefined, array] })
  }

  it('are given back: names by small numbers, the center’s first, and probabilities', async () => {
    await storeAnswers('car', [3, 7, 7, 9], [0.2, 0.75, 0.61234, 0.1], [0.7, 0.75, 0.61234, 0.55])
    await storeAnswers('dog', [7, 7, 7, 7], [0.4, 0.25, 0.5, 0.9], [0.4, 0.25, 0.5, 0.9])
    const { groups } = await writeSite()
    expect(groups[0]?.classes).toBe('fc8')
    const answers = decodeAnswers(handed<SiteMaps>('maps', '0', '0.js'), 4)
    expect(answers?.strongest?.names).toEqual(['</script>', 'dog', 'cat'])
    expect([...(answers?.strongest?.numbers ?? [])]).toEqual([1, 0, 0, 2])
    expect([...(answers?.strongest?.probabilities ?? [])]).toEqual([0.7, 0.75, 0.6123, 0.55])
    expect([...(answers?.ofCenter ?? [])]).toEqual([0.2, 0.75, 0.6123, 0.1])
    const mean = decodeAnswers(handed<SiteMaps>('maps', '0', 'mean.js'), 4)
    expect(mean?.strongest).toBeNull()
    mean?.ofCenter.forEach((value, i) => {
      expect(value).toBeCloseTo([0.3, 0.5, 0.5562, 0.5][i] as number, 4)
    })
  })

  it('are left out where they are not known', async () => {
    await store({ patch: 'car' })
    const { groups } = await writeSite()
    expect(groups[0]?.classes).toBeNull()
    expect(decodeAnswers(handed<SiteMaps>('maps', '0', '0.js'), 4)).toBeUndefined()
    expect(decodeAnswers(handed<SiteMaps>('maps', '0', 'mean.js'), 4)).toBeUndefined()
  })
})

describe('pictures of the site', () => {
  const pixels = async (key: number) => {
    const source = handed<string>('pictures', `${key}.js`)
    return sharp(bytesOf(source.replace('data:image/png;base64,', '')))
      .raw()
      .toBuffer({ resolveWithObject: true })
  }

  it('are the patch as it was composited, once for all networks', async () => {
    const data = Uint8Array.from({ length: 4 * 4 * 4 }, (_, i) => (i % 4 === 3 ? (i * 3) % 256 : i))
    const patch = patchAtSize('car', { rows: 4, cols: 4, data }, 4, 224)
    await keepPatchPicture(inFolder('results'), patch)
    const inputs = { patch: 'car', patchSha256: patch.sha256, size: 4 }
    await store({ ...inputs, model: 'a' })
    await store({ ...inputs, model: 'b' })
    await store({ ...inputs, model: 'c', blend: 'soft' })
    const { groups } = await writeSite()
    expect(groups.map(({ units }) => units[0]?.picture)).toEqual([0, 0, 1])
    const hard = await pixels(0)
    hard.data.forEach((value, i) => {
      expect(value).toBe(i % 4 === 3 ? ((data[i] as number) >= 128 ? 255 : 0) : data[i])
    })
    expect([...(await pixels(1)).data]).toEqual([...data])
  })

  it('are left out where the folder does not hold them; a unit that says otherwise is not believed', async () => {
    await store({ patchSha256: '../../etc/passwd', background: '/etc/passwd' })
    const { groups } = await writeSite()
    expect(groups[0]?.units[0]?.picture).toBeNull()
    expect(groups[0]?.background).toBeNull()
  })

  it('are the background: a colour by its name, noise as it was made', async () => {
    await store({ model: 'a', background: 'white' })
    await store({ model: 'b', background: '#102030' })
    await store({ model: 'c', background: 'noise:5' })
    const { groups } = await writeSite()
    // The key that the patch's picture would have is not used again.
    expect(groups.map(({ background }) => background)).toEqual([
      { colour: 'rgb(255 255 255)' },
      { colour: 'rgb(16 32 48)' },
      { picture: 1 },
    ])
    const frame = groups[2]?.frame as number
    const { data, info } = await pixels(1)
    expect([info.width, info.height]).toEqual([frame, frame])
    expect(sha(data)).toBe(sha(noise(5, frame, frame)))
  })

  const sha = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
})

describe('features of the site', () => {
  it('are there for units that keep them, in rows of their own scale', async () => {
    await store({ patch: 'car', keepsFeatures: true })
    await store({ patch: 'dog' })
    const { groups } = await writeSite()
    expect(groups[0]?.units.map(({ features }) => features)).toEqual([[1, 1], undefined])
    const rows = new Int16Array(bytesOf(handed<string>('features', '0', '0-1-0.js')).buffer)
    expect([...rows]).toEqual([...scaleRows(featuresOf(4 * 8, 2), 8)])
  })

  it('are sketches where only these are kept, and say how exact they are, of the objects that the page has room for', async () => {
    const sketch = featuresOf(4 * 3, 5)
    const storeSketched = (patch: string, dims: number) => {
      const { unit, maps } = madeUnit({ patch, sketches: true })
      const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, sketch: dims } : layer))
      return writeUnit(
        inFolder('results'),
        { ...unit, layers },
        { ...arraysOf(unit, maps), sketch: [undefined, sketch] },
      )
    }
    await store({ patch: 'boat' })
    await storeSketched('car', 3)
    // Too large for the page, so that nobody reads it.
    await storeSketched('dog', 1e7)
    const { groups } = await writeSite()
    expect(groups[0]?.units.map(({ features, error }) => [features, error])).toEqual([
      [undefined, undefined],
      [[0, 1], SKETCH_ERROR],
      [undefined, undefined],
    ])
    const rows = new Int16Array(bytesOf(handed<string>('features', '0', '1-1-0.js')).buffer)
    expect([...rows]).toEqual([...scaleRows(sketch, 3)])
  })

  it('keep the cosine to a few millionths', () => {
    const dims = 64
    const value = fc.double({ min: -1, max: 1, noNaN: true })
    const row = fc.array(value, { minLength: dims, maxLength: dims }).filter((values) => length(values) > 1)
    fc.assert(
      fc.property(row, row, fc.double({ min: 1e-20, max: 1e20, noNaN: true }), (a, b, scale) => {
        const features = Float32Array.from([...a.map((one) => one * scale), ...b])
        const scaled = scaleRows(features, dims)
        const [first, second] = [scaled.subarray(0, dims), scaled.subarray(dims)]
        const before = cosine(features.subarray(0, dims), features.subarray(dims))
        expect(Math.abs(cosine(first, second) - before)).toBeLessThan(2e-5)
        expect(Math.max(...first.map(Math.abs))).toBe(32767)
      }),
    )
  })

  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, one, i) => sum + one * (b[i] as number), 0)
  const length = (a: ArrayLike<number>) => Math.sqrt(dot(a, a))
  const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => dot(a, b) / (length(a) * length(b))
})
