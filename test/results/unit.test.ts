import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, OutputError } from '../../src/errors.js'
import { readNpy } from '../../src/files/npy.js'
import { sha256, sha256OfFile } from '../../src/files/sha256.js'
import { fileName } from '../../src/results/fileName.js'
import { openUnit, unitWithArrays } from '../../src/results/unit/open.js'
import type { Unit, UnitInputs } from '../../src/results/unit/schema.js'
import { findUnit, unitFolder, writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, inputs, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

/** How each file of a unit is read. */
const readings: Readonly<Record<string, (folder: string, unit: Unit) => Promise<unknown>>> = {
  'unit.json': (folder) => openUnit(inFolder(), folder),
  'similarity.npy': (folder, unit) => unitWithArrays(folder, unit).maps(),
  'anchors-fc8.npy': (folder, unit) => unitWithArrays(folder, unit).anchorFeatures('fc8'),
}

async function finishedUnit(folder: string, wanted: UnitInputs): Promise<Unit | undefined> {
  const stored = await findUnit(folder, wanted)
  return stored.state === 'finished' ? stored.unit : undefined
}

/** A unit with another anchor at the top left of its first layer. */
function withAnchor(unit: Omit<Unit, 'arrays'>, changes: object): object {
  const [first, ...others] = unit.layers as [Unit['layers'][number], ...Unit['layers']]
  const similarity = { ...first.similarity, 'top-left': { ...first.similarity['top-left'], ...changes } }
  return { ...unit, layers: [{ ...first, similarity }, ...others] }
}

const FILES = ['anchors-fc6.npy', 'anchors-fc8.npy', 'similarity.npy', 'unit.json']

/** Names as files, manifests and networks may carry them, the worst among them. */
const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
  fc.constantFrom(
    '..',
    '.',
    '...',
    'a/b',
    '../../etc',
    'a\\b',
    '"',
    "'",
    'CON',
    'nul.txt',
    'a.',
    'a ',
    '%',
    '%2E',
    '\0',
    '\ud800',
    '日本',
    '~',
  ),
  fc
    .array(fc.constantFrom('.', '/', '\\', '%', '2', 'E', ' ', 'a', '\ud83d', '\ude00'), { minLength: 1 })
    .map((parts) => parts.join('')),
)

describe('names of files and folders', () => {
  it('stay one part of a path that every file system takes', () => {
    fc.assert(
      fc.property(names, (name) => {
        const made = fileName(name)
        expect(made).not.toBe('')
        expect(made).not.toMatch(/[/\\:*?"<>|\p{Cc}\p{Cs}]/u)
        expect(made).not.toMatch(/^\.|[. ]$/)
        expect(made).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i)
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(200)
      }),
      { numRuns: 500 },
    )
  })

  it('are distinct where the names are', () => {
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(fileName(a) === fileName(b)).toBe(a === b)
      }),
      { numRuns: 500 },
    )
    const long = 'x'.repeat(250)
    const alike = [
      '.',
      '%2E',
      '..',
      '%2E.',
      '\ud800',
      '\ud801',
      '\ufffd',
      'a.',
      'a%2E',
      'a',
      `${long}1`,
      `${long}2`,
      long,
      'CON',
      '%43ON',
      'con',
    ]
    expect(new Set(alike.map(fileName)).size).toBe(alike.length)
  })

  it('leave ordinary names as they are', () => {
    for (const name of ['mobilenet_v2-aa', 'car', 'fc6', 'zebra (2)', 'Müller.v2', '犬', 'a+b=c,d@e']) {
      expect(fileName(name)).toBe(name)
    }
  })

  it('keep a unit inside its results folder', () => {
    fc.assert(
      fc.property(names, names, (model, patch) => {
        const way = relative(inFolder(), unitFolder(inFolder(), { model, size: 75, patch }))
        expect(way.split(sep)).toEqual(['units', fileName(model), '75', fileName(patch)])
      }),
    )
  })
})

describe('unit', () => {
  it('is found again, whole, with its maps', async () => {
    const { unit, maps } = madeUnit()
    const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(written).toMatchObject(unit)
    expect(await finishedUnit(inFolder(), unit.inputs)).toEqual(written)
    const folder = unitFolder(inFolder(), unit.inputs)
    const opened = await openUnit(inFolder(), folder)
    expect(opened.description).toEqual(written)
    expect(opened).toMatchObject({ folder, inputs, rows: 2, cols: 2, layers: written.layers })
    expect(await opened.maps()).toEqual({ shape: [2, 5, 2, 2], data: maps })
  })

  it('lies: units/<model>/<size>/<patch> with unit.json, similarity.npy and anchors-<layer>.npy', async () => {
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(readdirSync(inFolder('units', 'alexnet', '125'))).toEqual(['car'])
    const folder = inFolder('units', 'alexnet', '125', 'car')
    expect(readdirSync(folder).sort()).toEqual(FILES)
    const document = JSON.parse(readFileSync(join(folder, 'unit.json'), 'utf8'))
    expect(document).toMatchObject(unit)
    const arrays = FILES.filter((file) => file.endsWith('.npy'))
    const digests = await Promise.all(arrays.map(async (file) => [file, await sha256OfFile(join(folder, file))]))
    expect(document.arrays).toEqual(Object.fromEntries(digests))
    expect((await readNpy(join(folder, 'anchors-fc8.npy'))).shape).toEqual([5, 8])
    expect((await readNpy(join(folder, 'similarity.npy'))).shape).toEqual([2, 5, 2, 2])
  })

  it('has the same bytes whenever it is written', async () => {
    const { unit, maps } = madeUnit()
    const digests = []
    for (const results of ['a', 'b']) {
      await writeUnit(inFolder(results), unit, arraysOf(unit, maps))
      const folder = unitFolder(inFolder(results), inputs)
      digests.push([await sha256OfFile(join(folder, 'unit.json')), await sha256OfFile(join(folder, 'similarity.npy'))])
    }
    expect(digests[0]).toEqual(digests[1])
  })

  it('keeps every number and name', async () => {
    // Which the made unit's means and minima are not far from.
    const cosine = fc.double({ noNaN: true, min: -0.4, max: 1 }).map((value) => value + 0)
    await fc.assert(
      fc.asyncProperty(names, names, cosine, async (model, patch, level) => {
        const { unit, maps } = madeUnit({ model, patch }, level)
        await writeUnit(inFolder(), unit, arraysOf(unit, maps))
        expect(await finishedUnit(inFolder(), unit.inputs)).toMatchObject(JSON.parse(JSON.stringify(unit)))
      }),
      { numRuns: 30 },
    )
  })

  it('made from other inputs must be computed again', async () => {
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    const others = [
      { weightsSha256: 'other' },
      { layers: ['fc6'] },
      { layers: ['fc8', 'fc6'] },
      { layers: ['fc6,fc8'] },
      { patchSha256: 'other' },
      { stride: 49 },
      { background: '#000000' },
      { blend: 'soft' as const },
    ]
    for (const other of others) {
      expect(await finishedUnit(inFolder(), { ...inputs, ...other })).toBeUndefined()
    }
    for (const elsewhere of [{ model: 'resnet50' }, { patch: 'dog' }, { size: 75 }]) {
      expect(await finishedUnit(inFolder(), { ...inputs, ...elsewhere })).toBeUndefined()
    }
    expect(await finishedUnit(inFolder(), inputs)).toBeDefined()
  })

  it('made from other inputs is told from one that is missing or damaged', async () => {
    const { unit, maps } = madeUnit()
    const other = { ...inputs, weightsSha256: 'other', patchSha256: 'other', stride: 49, blend: 'soft' as const }
    const wanted = { ...other, keepsFeatures: true, separability: { loss: 'hinge', C: 1, seed: 0, cv: [] } as const }
    const look = () => findUnit(inFolder(), { ...wanted, separability: { ...wanted.separability, cv: [] } })
    expect(await look()).toEqual({ state: 'missing' })
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await look()).toEqual({
      state: 'other',
      differences: [
        'another checkpoint',
        'another picture',
        `stride ${inputs.stride}, not 49`,
        `blend ${inputs.blend}, not soft`,
        'no features kept',
        'no separability',
      ],
    })
    writeFileSync(join(unitFolder(inFolder(), inputs), 'unit.json'), '{"inputs":')
    expect(await look()).toEqual({ state: 'missing' })
  })

  it('under the name of another must be computed again', async () => {
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    renameSync(unitFolder(inFolder(), inputs), join(dirname(unitFolder(inFolder(), inputs)), 'dog'))
    expect(await finishedUnit(inFolder(), { ...inputs, patch: 'dog' })).toBeUndefined()
  })

  it.each(['similarity.npy', 'anchors-fc8.npy'])('with any flipped bit in %s must be computed again', async (name) => {
    const { unit, maps } = madeUnit()
    const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    const path = join(unitFolder(inFolder(), inputs), name)
    const whole = readFileSync(path)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (place, bit) => {
        const damaged = Buffer.from(whole)
        damaged[place] = (damaged[place] as number) ^ (1 << bit)
        writeFileSync(path, damaged)
        expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    writeFileSync(path, whole)
    expect(await finishedUnit(inFolder(), inputs)).toEqual(written)
  })

  it.each(['similarity.npy', 'anchors-fc8.npy', 'unit.json'])(
    'with %s cut or missing must be computed again',
    async (name) => {
      const { unit, maps } = madeUnit()
      const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
      const folder = unitFolder(inFolder(), inputs)
      const whole = readFileSync(join(folder, name))
      for (const length of [whole.length - 2, whole.length / 2, 0]) {
        writeFileSync(join(folder, name), whole.subarray(0, length))
        expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
      }
      rmSync(join(folder, name))
      expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
      const reading = readings[name]?.(folder, written)
      await expect(reading).rejects.toThrow(InputError)
    },
  )

  it.each<[string, (unit: Omit<Unit, 'arrays'>) => object]>([
    ['no layers', (unit) => ({ ...unit, inputs: { ...unit.inputs, layers: [] }, layers: [] })],
    ['fewer layers than its inputs name', (unit) => ({ ...unit, layers: unit.layers.slice(1) })],
    ['one name for two layers', (unit) => ({ ...unit, inputs: { ...unit.inputs, layers: ['fc6', 'fc6'] } })],
    ['a stride of 0', (unit) => ({ ...unit, inputs: { ...unit.inputs, stride: 0 } })],
    ['a cosine of 7', (unit) => withAnchor(unit, { mean: 7 })],
    ['an anchor outside', (unit) => withAnchor(unit, { row: -1 })],
  ])('that contradicts itself is not read, whatever its hash: %s', async (_, change) => {
    const { unit, maps } = madeUnit()
    const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    const folder = unitFolder(inFolder(), inputs)
    const changed = change(written)
    writeFileSync(join(folder, 'unit.json'), JSON.stringify({ ...changed, sha256: sha256(JSON.stringify(changed)) }))
    await expect(openUnit(inFolder(), folder)).rejects.toThrow(/unit\.json is damaged/)
  })

  it.runIf(process.platform === 'linux').each(['unit.json', 'similarity.npy', 'anchors-fc8.npy'])(
    'is not waited for where %s is a pipe',
    async (name) => {
      const { unit, maps } = madeUnit()
      const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
      const folder = unitFolder(inFolder(), inputs)
      rmSync(join(folder, name))
      execFileSync('mkfifo', [join(folder, name)])
      expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
      await expect(readings[name]?.(folder, written)).rejects.toThrow(InputError)
    },
  )

  it('is replaced as a whole', async () => {
    const first = madeUnit()
    await writeUnit(inFolder(), first.unit, arraysOf(first.unit, first.maps))
    const folder = unitFolder(inFolder(), inputs)
    writeFileSync(join(folder, 'stray'), '')
    const second = madeUnit({ weightsSha256: 'other' }, 0.5)
    await writeUnit(inFolder(), second.unit, arraysOf(second.unit, second.maps))
    expect(readdirSync(folder).sort()).toEqual(FILES)
    expect(await finishedUnit(inFolder(), second.unit.inputs)).toBeDefined()
    expect(readdirSync(dirname(folder))).toEqual(['car'])
  })

  it('whose maps are damaged or are another unit’s is not read', async () => {
    const { unit, maps } = madeUnit()
    const written = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    const folder = unitFolder(inFolder(), inputs)
    await expect(unitWithArrays(folder, { ...written, rows: 4, cols: 1 }).maps()).rejects.toThrow(
      /similarity\.npy is damaged/,
    )
    const halved = maps.map((value) => value / 2)
    await writeUnit(inFolder(), unit, arraysOf(unit, halved))
    await expect(unitWithArrays(folder, written).maps()).rejects.toThrow(InputError)
  })

  it('that cannot be written is an OutputError', async () => {
    const { unit, maps } = madeUnit()
    mkdirSync(inFolder('units'))
    writeFileSync(inFolder('units', 'alexnet'), '')
    await expect(writeUnit(inFolder(), unit, arraysOf(unit, maps))).rejects.toThrow(OutputError)
  })
})

describe('a unit with separability', () => {
  const classifier = { loss: 'hinge', C: 1, seed: 0, cv: ['ordered', 'shuffled'] } as const
  const wanted = (change: object) => ({ ...inputs, separability: { ...classifier, cv: [...classifier.cv], ...change } })

  it('will do where no more is asked for than it holds', async () => {
    const { unit, maps } = madeUnit({ separability: { ...classifier, cv: [...classifier.cv] } })
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await finishedUnit(inFolder(), inputs)).toBeDefined()
    expect(await finishedUnit(inFolder(), wanted({}))).toBeDefined()
    expect(await finishedUnit(inFolder(), wanted({ cv: ['shuffled'] }))).toBeDefined()
  })

  it.each([{ cv: ['ordered', 'blocks'] }, { C: 2 }, { seed: 1 }])('must be computed again for %j', async (change) => {
    const { unit, maps } = madeUnit({ separability: { ...classifier, cv: [...classifier.cv] } })
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await finishedUnit(inFolder(), wanted(change) as typeof inputs)).toBeUndefined()
  })

  it('must be computed where a unit has none', async () => {
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await finishedUnit(inFolder(), wanted({}))).toBeUndefined()
  })
})

describe('a unit with features', () => {
  /** On shared memory, as workers fill them. */
  function featuresFor({ layers, rows, cols }: Omit<Unit, 'arrays'>): Float32Array[] {
    return layers.map(({ dims }, layer) => {
      const shared = new Float32Array(new SharedArrayBuffer((rows * cols + 1) * dims * 4)).map((_, i) => i + layer / 2)
      return shared.subarray(0, rows * cols * dims)
    })
  }

  async function storeWithFeatures() {
    const { unit, maps } = madeUnit({ keepsFeatures: true })
    const features = featuresFor(unit)
    const written = await writeUnit(inFolder(), unit, { ...arraysOf(unit, maps), features })
    return { written, features, folder: unitFolder(inFolder(), inputs) }
  }

  it('keeps them as float32 [rows, cols, dims] under its hashes', async () => {
    const { written, features, folder } = await storeWithFeatures()
    expect(readdirSync(folder).sort()).toEqual([...FILES, 'features-fc6.npy', 'features-fc8.npy'].sort())
    expect(written.arrays['features-fc8.npy']).toBe(await sha256OfFile(join(folder, 'features-fc8.npy')))
    const read = await unitWithArrays(folder, written).features('fc8')
    expect(read?.shape).toEqual([2, 2, 8])
    expect([...(read?.data ?? [])]).toEqual([...(features[1] as Float32Array)])
  })

  it('will do where none are asked for, and one without must be computed again where they are', async () => {
    await storeWithFeatures()
    expect(await finishedUnit(inFolder(), { ...inputs, keepsFeatures: true })).toBeDefined()
    expect(await finishedUnit(inFolder(), inputs)).toBeDefined()
    const { unit, maps } = madeUnit()
    const plain = await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await finishedUnit(inFolder(), { ...inputs, keepsFeatures: true })).toBeUndefined()
    expect(await finishedUnit(inFolder(), inputs)).toBeDefined()
    expect(await unitWithArrays(unitFolder(inFolder(), inputs), plain).features('fc6')).toBeUndefined()
  })

  it('that are damaged or missing must be computed again and are not read', async () => {
    const { written, folder } = await storeWithFeatures()
    const path = join(folder, 'features-fc6.npy')
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
    writeFileSync(path, bytes)
    expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
    await expect(unitWithArrays(folder, written).features('fc6')).rejects.toThrow(/features-fc6\.npy is damaged/)
    rmSync(path)
    expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
    await expect(unitWithArrays(folder, written).features('fc6')).rejects.toThrow(InputError)
  })
})

describe('a unit with sketches', () => {
  async function storeWithSketch() {
    const { unit, maps } = madeUnit({ sketches: true })
    const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, sketch: 3 } : layer))
    const sketch = Float32Array.from({ length: 2 * 2 * 3 }, (_, i) => i / 7)
    const arrays = { ...arraysOf(unit, maps), sketch: [undefined, sketch] }
    const written = await writeUnit(inFolder(), { ...unit, layers }, arrays)
    return { written, sketch, folder: unitFolder(inFolder(), inputs) }
  }

  it('keeps them as float32 [rows, cols, dims] under their hashes, of the layers that have one', async () => {
    const { written, sketch, folder } = await storeWithSketch()
    expect(readdirSync(folder).sort()).toEqual([...FILES, 'sketch-fc8.npy'].sort())
    const unit = unitWithArrays(folder, written)
    const read = await unit.sketch('fc8')
    expect([read?.shape, [...(read?.data ?? [])]]).toEqual([[2, 2, 3], [...sketch]])
    expect(await unit.sketch('fc6')).toBeUndefined()
    writeFileSync(join(folder, 'sketch-fc8.npy'), 'damaged')
    expect(await finishedUnit(inFolder(), inputs)).toBeUndefined()
  })

  it('will do where none are asked for, and one without will do where they are', async () => {
    await storeWithSketch()
    expect(await finishedUnit(inFolder(), inputs)).toBeDefined()
    const { unit, maps } = madeUnit()
    await writeUnit(inFolder(), unit, arraysOf(unit, maps))
    expect(await finishedUnit(inFolder(), { ...inputs, sketches: true })).toBeDefined()
  })
})
