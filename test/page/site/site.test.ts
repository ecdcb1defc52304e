import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, anchorPositions } from '../../../src/engine/scene/positions.js'
import { InputError } from '../../../src/errors.js'
import { SKETCH_ERROR } from '../../../src/experiments/maps/sketch.js'
import { decodeAnswers } from '../../../src/page/browser/answers.js'
import { scaleRows } from '../../../src/page/site/features.js'
import { writeSiteFile } from '../../../src/page/site/file.js'
import { decodeMap } from '../../../src/page/site/mapCoding.js'
import { siteWriter } from '../../../src/page/site/site.js'
import type { SiteIndex, SiteMaps } from '../../../src/page/site/siteIndex.js'
import { noise } from '../../../src/patches/background.js'
import { patchAtSize } from '../../../src/patches/patch.js'
import { keepPatchPicture } from '../../../src/results/store/pictures.js'
import { siteFeatureBytes } from '../../../src/results/store/siteFeatures.js'
import { sketchedPatches } from '../../../src/results/store/sketchedPatches.js'
import { readStudy } from '../../../src/results/store/study.js'
import { writeUnit } from '../../../src/results/store/units.js'
import type { UnitArrays } from '../../../src/results/unit/arrays.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { handedBy } from '../../support/siteIndex.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'
import { arraysOf, madeUnit } from '../../support/unit.js'

const inFolder = temporaryFolder()

type Layer = ReturnType<typeof madeUnit>['unit']['layers'][number]

/** Stores a unit of 2×2 positions with the layers fc6 and fc8. */
async function store(
  changes: Partial<UnitInputs>,
  {
    level = 0.9,
    arrays = {},
    ofFc8 = {},
  }: { level?: number; arrays?: Partial<UnitArrays>; ofFc8?: Partial<Layer> } = {},
): Promise<void> {
  const { unit, maps } = madeUnit(changes, level)
  const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, ...ofFc8 } : layer))
  await writeUnit(inFolder('results'), { ...unit, layers }, { ...arraysOf(unit, maps), ...arrays })
}

async function writeSite(): Promise<SiteIndex> {
  rmSync(inFolder('site'), { recursive: true, force: true })
  mkdirSync(inFolder('site'))
  const site = siteWriter(inFolder('results'), inFolder('site'))
  const groups = await readStudy(inFolder('results'), [], site)
  return site.finish(groups, { low: 0.88, high: 1 })
}

const handed = <T>(...way: readonly string[]) => handedBy<T>(inFolder('site'), ...way)

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'))

function rowsOf(...way: readonly string[]): number[] {
  return [...new Int16Array(bytesOf(handed<string>('features', ...way)).buffer)]
}

const featuresOf = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed * 7 + i * 1.3) * (1 + (i % 5)))

describe('files of the site', () => {
  it('hold the maps of every unit and the mean, to five decimals, with their means and minima', async () => {
    await store({ patch: 'car', stride: 50 }, { level: 0.8 })
    await store({ patch: 'dog', stride: 50 })
    const { groups, limits, digest } = await writeSite()
    expect(readdirSync(inFolder('site', 'maps', '0')).sort()).toEqual(['0.js', '1.js', 'mean.js'])
    const [group] = groups
    expect([limits, groups.length]).toEqual([{ low: 0.88, high: 1 }, 1])
    expect(group).toMatchObject({ key: 0, size: 125, rows: 2, cols: 2, stride: 50, frame: 175, classes: null })
    expect(group?.units).toEqual(['car', 'dog'].map((patch) => ({ patch, picture: null })))
    expect(group?.anchors).toMatchObject(anchorPositions({ first: 0, count: 51 }))
    const one = expect.closeTo(1, 6)
    expect(group?.layers.flatMap(({ name, baseline }) => [name, baseline])).toEqual(['fc6', one, 'fc8', one])
    for (const [file, level] of Object.entries({ 0: 0.8, 1: 0.9, mean: 0.85 })) {
      const { layers } = handed<SiteMaps>('maps', '0', `${file}.js`)
      for (const [layer, { means, minima, maps }] of layers.entries()) {
        for (const [anchor, map] of maps.entries()) {
          const values = [0, 1, 2, 3].map((i) => level + ((layer * 5 + anchor) * 4 + i) / 1000)
          expect([...decodeMap(bytesOf(map), 4)]).toEqual(values.map((value) => expect.closeTo(value, 5)))
          expect(means[anchor]).toBeCloseTo((values[0] as number) + 0.0015, 6)
          expect(minima[anchor]).toBeCloseTo(values[0] as number, 6)
        }
      }
      expect(decodeAnswers(handed<SiteMaps>('maps', '0', `${file}.js`), 4)).toBeUndefined()
    }
    // They say which page they belong to: another study has another digest.
    expect([handed('study.js'), (await writeSite()).digest]).toEqual([digest, digest])
    await store({ patch: 'car', stride: 50 }, { level: 0.8000001 })
    expect((await writeSite()).digest).not.toBe(digest)
  })

  it('are named by numbers alone, whatever the names in the study', async () => {
    await store({ patch: '../../evil', model: '"</script>', layers: ['..', '<b>'] })
    const { groups } = await writeSite()
    const files = readdirSync(inFolder('site'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    for (const { name } of files) expect(name).toMatch(/^(?:\d+|mean|study)\.js$/)
    const names = groups.flatMap(({ model, layers }) => [model, ...layers.map(({ name }) => name)])
    expect(names).toEqual(['"</script>', '..', '<b>'])
  })

  it('hand over any JSON, with keys that a literal of JavaScript would not take', async () => {
    const value = {
      values: ['</script>\u2028\\"', "\\'", '\n', 1.5, null, true],
      ...JSON.parse('{"__proto__":{"a":1}}'),
    }
    mkdirSync(inFolder('site'))
    await writeSiteFile(inFolder('site'), 'value', value)
    expect(JSON.stringify(handed('value.js'))).toBe(JSON.stringify(value))
  })

  it('refuse a map with a value that is no cosine', async () => {
    const { maps } = madeUnit()
    await store({}, { arrays: { maps: maps.fill(2.5) } })
    await expect(writeSite()).rejects.toThrow(InputError)
  })
})

describe('answers of the site', () => {
  /** At each anchor, the probability of class 7 and, at its index, the rest. */
  const ATS = [
    [0.25, 3],
    [0.375, 5],
    [0.75, 3],
    [1, 3],
    [0.5625, 3],
  ] as const
  const anchors = Object.fromEntries(
    ANCHOR_NAMES.map((name, i) => {
      const [ofCenter = 0, other = 0] = ATS[i] ?? []
      const isCenters = ofCenter > 0.5
      return [name, { class: isCenters ? 7 : other, probability: Math.max(ofCenter, 1 - ofCenter), ofCenter }]
    }),
  ) as NonNullable<Layer['answers']>['anchors']

  it('are given back: names by small numbers, the center’s first, and probabilities, then those at the anchors', async () => {
    const storeAnswers = (patch: string, category: string | null, ...maps: readonly (readonly number[])[]) => {
      const center = { class: 7, probability: 0.8 }
      const answers = { center, anchors, right: null, kept: 0.5, least: 0.1, names: { 7: '</script>', 3: 'dog' } }
      const arrays = {
        answers: [undefined, Float32Array.from(maps.flat())],
      }
      return store({ patch, category }, { arrays, ofFc8: { answers } })
    }
    await storeAnswers('car', null, [3, 7, 7, 9], [0.7, 0.75, 0.61234, 0.55], [0.2, 0.75, 0.61234, 0.1])
    await storeAnswers('dog', 'dog', [7, 7, 3, 3], [0.4, 0.25, 0.5, 0.9], [0.4, 0.25, 0.5, 0.9])
    const { groups } = await writeSite()
    expect(groups[0]?.classes).toBe('fc8')
    const [car, dog] = ['0', '1'].map((file) => decodeAnswers(handed('maps', '0', `${file}.js`), 9))
    expect(car?.strongest.names).toEqual(['</script>', 'dog', '9', '5'])
    expect([...(car?.strongest.numbers ?? [])]).toEqual([1, 0, 0, 2, 1, 3, 0, 0, 0])
    const atAnchors = [0.75, 0.625, 0.75, 1, 0.5625]
    expect([...(car?.strongest.probabilities ?? [])]).toEqual([0.7, 0.75, 0.6123, 0.55, ...atAnchors])
    const centerAtAnchors = ATS.map(([probability]) => probability)
    expect([...(car?.ofCenter ?? [])]).toEqual([0.2, 0.75, 0.6123, 0.1, ...centerAtAnchors])
    expect([car?.strongest.right, dog?.strongest.right]).toEqual([undefined, [1]])
    await storeAnswers('dog', 'dog', [7, 7, 3, 3], [0.4, 0.25, 0.5, 0.9], [0.4, 0.25, 2.5, 0.9])
    await expect(writeSite()).rejects.toThrow(/units\S+ are damaged: 2\.5 is neither a cosine nor a probability/)
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
    const hard = data.map((value, i) => (i % 4 !== 3 ? value : value >= 128 ? 255 : 0))
    expect([...(await pixels(0)).data]).toEqual([...hard])
    expect([...(await pixels(1)).data]).toEqual([...data])
  })

  it('are the background: a colour by its name, noise as it was made; a unit that says otherwise is not believed', async () => {
    for (const [model, background] of Object.entries({ a: 'white', b: '#102030', c: 'noise:5', d: '/etc/passwd' }))
      await store({ model, background, patchSha256: '../../etc/passwd' })
    const { groups } = await writeSite()
    // The key that the patch's picture would have is not used again.
    const colours = ['rgb(255 255 255)', 'rgb(16 32 48)'].map((colour) => ({ colour }))
    expect(groups.map(({ background }) => background)).toEqual([...colours, { picture: 1 }, null])
    expect(groups.map(({ units }) => units[0]?.picture)).toEqual([null, null, null, null])
    const { data, info } = await pixels(1)
    expect([info.width, info.height]).toEqual([groups[2]?.frame, groups[2]?.frame])
    expect(Buffer.compare(data, noise(5, info.width, info.width))).toBe(0)
  })
})

describe('features of the site', () => {
  it('are there for units that keep them, or sketches of them where the page has room, and say how exact they are', async () => {
    const [features, sketch] = [[featuresOf(32, 1), featuresOf(32, 2)], featuresOf(12, 5)]
    await store({ patch: 'boat', keepsFeatures: true }, { arrays: { features } })
    await store({ patch: 'car', sketches: true }, { arrays: { sketch: [undefined, sketch] }, ofFc8: { sketch: 3 } })
    await store({ patch: 'cow' })
    // Too large for the page, so that nobody reads it.
    await store({ patch: 'dog', sketches: true }, { arrays: { sketch: [undefined, sketch] }, ofFc8: { sketch: 1e7 } })
    const { groups } = await writeSite()
    expect(groups[0]?.units.map((unit) => [unit.features, unit.error])).toEqual([
      [[1, 1], undefined],
      [[0, 1], SKETCH_ERROR],
      [undefined, undefined],
      [undefined, undefined],
    ])
    expect(rowsOf('0', '0-1-0.js')).toEqual([...scaleRows(features[1] as Float32Array, 8)])
    expect(rowsOf('0', '1-1-0.js')).toEqual([...scaleRows(sketch, 3)])
  })

  it('are rows of whole numbers, each with a scale of its own', () => {
    const rows = [1, -0.5, 0.25, 1e-20, 3e-20, -1e-20, 0, 0, 0]
    expect([...scaleRows(Float32Array.from(rows), 3)]).toEqual([32767, -16383, 8192, 10922, 32767, -10922, 0, 0, 0])
  })

  it.each([
    ['all objects that fit, in the order of the page', { dog: 18, car: 19 }, 1, ['car', 'dog']],
    ['none after the first that does not fit', { car: 18, dog: 19, fly: 2, gnu: 0.1 }, 1, ['car', 'dog']],
    ['those that have sketches', { car: 0, dog: 1 }, 1, ['dog']],
    ['fewer beside more maps', { car: 18, dog: 18 }, 100, ['car']],
    ['the first whatever it takes', { car: 90, dog: 1 }, 1, ['car']],
  ])('are sketches of %s', (_, megabytes, layers, expected) => {
    // In each of two groups an object's sketches take half of its megabytes.
    const positions = 1000
    const dimsOf = (bytes: number) => (bytes / siteFeatureBytes(positions, 3)) * 3
    const units = Object.entries(megabytes).map(([patch, mb]) => ({ patch, dims: dimsOf(mb * 5e5) }))
    const group = { positions, layers, hasAnswers: false, units }
    expect([...sketchedPatches([group, group])]).toEqual(expected)
  })

  it('take the bytes that are told before', () => {
    // In one file, in two, and of rows each of which is larger than a file.
    expect([siteFeatureBytes(10, 3), siteFeatureBytes(4097, 1536), siteFeatureBytes(2, 7e6)]).toEqual([
      80,
      16_777_216 + 4096,
      2 * 4 * Math.ceil(14e6 / 3),
    ])
  })
})
