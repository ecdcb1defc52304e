import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InterruptedError, UsageError } from '../../src/errors.js'
import { similarity } from '../../src/features/similarity.js'
import { viewFeatures } from '../../src/features/view.js'
import { findArrays, fitsPage, readExtraction } from '../../src/features/viewedArrays.js'
import { encodeNpy, writeNpy } from '../../src/files/npy.js'
import { sha256 } from '../../src/files/sha256.js'
import { decodeMap } from '../../src/page/site/mapCoding.js'
import type { SiteFeatures, SiteMaps } from '../../src/page/site/siteIndex.js'
import { patchAtSize } from '../../src/patches/patch.js'
import type { ProgressEvent } from '../../src/progress.js'
import { keepPatchPicture } from '../../src/results/store/pictures.js'
import { contents } from '../support/commandLine.js'
import { plainFeatures as features } from '../support/features.js'
import { messageOf } from '../support/messageOf.js'
import { handedBy, studyIndex } from '../support/siteIndex.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const PATCH = patchAtSize('dog', { rows: 75, cols: 75, data: new Uint8Array(75 * 75 * 4).fill(200) }, 75, 224)

/** 4 × 4 positions, 40 pixels apart, of 150. */
const DESCRIPTION = {
  ...{ model: 'tiny-alexnet', weightsSha256: 'abc', frame: 224, size: 75, stride: 40, rows: 4, cols: 4 },
  ...{ patch: 'dog', patchSha256: PATCH.sha256, background: '#102030', blend: 'hard' },
  layers: [
    { name: 'fc6', dims: 3, file: 'fc6.npy' },
    { name: 'fc/7', dims: 2, file: 'fc%2F7.npy' },
  ],
}

async function storeExtraction(changes: object = {}): Promise<string> {
  mkdirSync(inFolder('extraction'))
  await writeNpy(inFolder('extraction', 'fc6.npy'), [4, 4, 3], features(4, 4, 3))
  await writeNpy(inFolder('extraction', 'fc%2F7.npy'), [4, 4, 2], features(4, 4, 2))
  await keepPatchPicture(inFolder('extraction'), PATCH)
  describeAs({ ...DESCRIPTION, ...changes })
  return inFolder('extraction')
}

function describeAs(description: object): void {
  writeFileSync(inFolder('extraction', 'extract.json'), JSON.stringify(description))
}

async function storeArray(data = features(3, 5, 4), shape = [3, 5, 4]): Promise<string> {
  await writeNpy(inFolder('foreign.npy'), shape, data)
  return inFolder('foreign.npy')
}

describe('the page of an extraction', () => {
  it('has patch and background, maps of all layers, and anchors where their features are', async () => {
    const folder = await storeExtraction()
    const result = await viewFeatures(folder)
    const layers = DESCRIPTION.layers.map(({ name, dims }) => ({ name, dims, hasFeatures: true }))
    const page = inFolder('extraction', 'index.html')
    expect(result).toEqual({ page, hasPicture: true, model: 'tiny-alexnet', rows: 4, cols: 4, layers })
    const [group] = studyIndex(result.page).groups
    expect(group).toMatchObject({ model: 'tiny-alexnet', size: 75, stride: 40, frame: 224, rows: 4, cols: 4 })
    expect(group?.background).toEqual({ colour: 'rgb(16 32 48)' })
    expect(group?.units).toEqual([{ patch: 'dog', picture: 0, features: [1, 1] }])
    expect(group?.anchors.slice(2)).toEqual([
      { name: 'center', row: 80, col: 80 },
      { name: 'bottom-left', row: 120, col: 0 },
      { name: 'bottom-right', row: 120, col: 120 },
    ])
    const { maps } = await similarity(inFolder('extraction', 'fc6.npy'))
    const first = handedBy<SiteMaps>(inFolder('extraction', 'site'), 'maps', '0', '0.js').layers[0]
    first?.maps.forEach((map, anchor) => {
      const values = decodeMap(Uint8Array.from(Buffer.from(map, 'base64')), 16)
      for (const [i, value] of values.entries()) expect(value).toBeCloseTo(maps[anchor * 16 + i] as number, 5)
    })
    expect(readFileSync(result.page, 'utf8')).toContain('object dog of 75×75 px in a frame of 224×224')
  })

  it('speaks of a photograph if the patch is larger than the frame', async () => {
    const { page } = await viewFeatures(await storeExtraction({ size: 236, stride: 4 }))
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('photograph dog of 236×236 px in a frame of 224×224')
    expect(html.replaceAll(/<[^>]+>/g, '')).toContain('1 network · 1 photograph · 16 positions, every 4 px')
  })

  it('is also written as one file, with the features', async () => {
    const folder = await storeExtraction()
    const oneFile = inFolder('mail', 'dog.html')
    const result = await viewFeatures(folder, { oneFile })
    expect(studyIndex(oneFile)).toEqual({ ...studyIndex(result.page), oneFile: { leftOut: '' } })
    const text = readFileSync(oneFile, 'utf8')
    for (const key of ['maps/0/mean', 'maps/0/0', 'pictures/0', 'features/0/0-0-0', 'features/0/0-1-0']) {
      const [, json = ''] =
        new RegExp(`<script type="application/json" id="site/${key}">(.*)</script>`).exec(text) ?? []
      expect(JSON.parse(json)).toEqual(handedBy(inFolder('extraction', 'site'), ...`${key}.js`.split('/')))
    }
    const refused = viewFeatures(folder, { oneFile: inFolder('extraction', 'site', 'dog.html') })
    await expect(refused).rejects.toThrow(UsageError)
  })

  it('has the anchors at their own positions if their features are stored, and otherwise says which replace them', async () => {
    const notes: string[] = []
    const view = async (folder: string) => {
      notes.length = 0
      const onProgress = (event: ProgressEvent) => void (event.kind === 'note' && notes.push(event.line))
      const { page } = await viewFeatures(folder, { onProgress })
      return { group: studyIndex(page).groups[0], text: readFileSync(page, 'utf8') }
    }
    const folder = await storeExtraction()
    const { text } = await view(folder)
    const moved = 'center (80, 80) instead of (74, 74), bottom-left (120, 0) instead of (149, 0)'
    expect(notes).toEqual([expect.stringContaining(moved)])
    expect(text).toContain(moved)
    const layers = DESCRIPTION.layers.map((layer, i) => {
      const file = `anchors-${layer.file}`
      const bytes = Buffer.concat(
        encodeNpy(
          [5, layer.dims],
          features(5, 1, layer.dims).map((value) => value + i),
        ),
      )
      writeFileSync(inFolder('extraction', file), bytes)
      return { ...layer, anchors: { file, sha256: sha256(bytes) } }
    })
    describeAs({ ...DESCRIPTION, layers })
    const whole = await view(folder)
    expect(notes).toEqual([])
    expect(whole.text).not.toContain('instead of')
    expect(whole.group?.anchors.slice(2)).toEqual([
      { name: 'center', row: 74, col: 74 },
      { name: 'bottom-left', row: 149, col: 0 },
      { name: 'bottom-right', row: 149, col: 149 },
    ])
    for (const [i, { file }] of DESCRIPTION.layers.entries()) {
      const { anchors } = await similarity(inFolder('extraction', file))
      const { layers } = handedBy<SiteMaps>(inFolder('extraction', 'site'), 'maps', '0', 'mean.js')
      expect(layers[i]?.means).toEqual(Object.values(anchors).map(({ mean }) => mean))
    }
    // Layers without them beside layers that have them: their maps would be of other positions.
    describeAs({ ...DESCRIPTION, layers: [layers[0], DESCRIPTION.layers[1]] })
    expect(await messageOf(view(folder))).toContain('extract.json is damaged (layers)')
  })

  it('says what the network answers, where the classes are known', async () => {
    const names = { 0: 'cat', 2: 'dog & bone' }
    const answers = { layer: 'fc6', source: 'x', classes: [], names }
    const scores = { meaning: 'logits', source: 'options' }
    const folder = await storeExtraction({ answers: { ...answers, scores } })
    const data = new Float32Array(4 * 4 * 3)
    for (let position = 0; position < 16; position++) data[3 * position + (position < 4 ? 1 : 2)] = Math.log(2)
    await writeNpy(inFolder('extraction', 'fc6.npy'), [4, 4, 3], data)
    const { unit } = await readExtraction(await findArrays(folder), () => undefined)
    const [layer, other] = unit.layers
    const [half, quarter] = [expect.closeTo(1 / 2, 6), expect.closeTo(1 / 4, 6)]
    expect(layer?.answers).toEqual({
      center: { class: 2, probability: half },
      anchors: {
        'top-left': { class: 1, probability: half, ofCenter: quarter },
        'top-right': { class: 1, probability: half, ofCenter: quarter },
        center: { class: 2, probability: half, ofCenter: half },
        'bottom-left': { class: 2, probability: half, ofCenter: half },
        'bottom-right': { class: 2, probability: half, ofCenter: half },
      },
      right: null,
      ...{ kept: 0.75, least: quarter, names: { 1: '1', 2: 'dog & bone' } },
    })
    expect(Object.values(layer?.consistency ?? {})).toEqual([1, expect.closeTo(2 / 3, 6)])
    expect(other?.answers).toBeNull()
    expect(await unit.answers('fc/7')).toBeUndefined()
    const maps = await unit.answers('fc6')
    expect(maps?.shape).toEqual([3, 4, 4])
    expect([...(maps?.data.subarray(0, 16) ?? [])]).toEqual([...Array(4).fill(1), ...Array(12).fill(2)])
    const text = readFileSync((await viewFeatures(folder)).page, 'utf8')
    expect(text).toContain(
      'answers dog &amp; bone with a probability of 0.500. At two random positions, its answer is the same in 63 % of cases.',
    )
  })

  it('has the same bytes again, until the picture of the patch is gone, which it says', async () => {
    const folder = await storeExtraction()
    const known = await viewFeatures(folder)
    expect(readFileSync(known.page, 'utf8')).not.toContain('is not known, so this page')
    const before = await contents(folder)
    await viewFeatures(folder)
    expect(await contents(folder)).toEqual(before)
    rmSync(inFolder('extraction', 'pictures'), { recursive: true })
    const { page, hasPicture } = await viewFeatures(folder)
    expect(hasPicture).toBe(false)
    expect(readFileSync(page, 'utf8')).toContain('The picture of the object is not known, so this page')
  })

  it('is made of one of the arrays, too, in a folder of its name', async () => {
    await storeExtraction()
    const { page, layers } = await viewFeatures(inFolder('extraction', 'fc%2F7.npy'))
    expect(page).toBe(inFolder('extraction', 'fc%2F7', 'index.html'))
    expect(layers).toEqual([{ name: 'fc/7', dims: 2, hasFeatures: true }])
    expect(studyIndex(page).groups[0]).toMatchObject({ size: 75, stride: 40, frame: 224 })
  })

  it('shows names as text, whatever they hold', async () => {
    const { page } = await viewFeatures(await storeExtraction({ model: '</script><b>', patch: '<i>' }))
    const text = readFileSync(page, 'utf8')
    expect(text).toContain('&lt;/script&gt;&lt;b&gt;, object &lt;i&gt;')
    expect(text).not.toContain('<b>')
    expect(studyIndex(page).groups[0]?.model).toBe('</script><b>')
  })
})

describe('the page of an array of which nothing is known', () => {
  it('counts each position as a pixel', async () => {
    const { page, model, hasPicture } = await viewFeatures(await storeArray())
    expect([page, model, hasPicture]).toEqual([inFolder('foreign', 'index.html'), null, false])
    const [group] = studyIndex(page).groups
    expect(group).toMatchObject({ size: 1, stride: 1, frame: 5, rows: 3, cols: 5, background: null })
    expect(group?.anchors[4]).toEqual({ name: 'bottom-right', row: 2, col: 4 })
    const part = Buffer.from(handedBy<SiteFeatures>(inFolder('foreign', 'site'), 'features', '0', '0-0-0.js'), 'base64')
    expect(part.byteLength).toBe(3 * 5 * 4 * 2)
    expect(readFileSync(page, 'utf8')).toContain('No extract.json describes this array')
  })

  it('goes where it is told to', async () => {
    const { page } = await viewFeatures(await storeArray(), { out: inFolder('elsewhere'), limits: { low: 0, high: 1 } })
    expect(page).toBe(inFolder('elsewhere', 'index.html'))
    expect(studyIndex(page).limits).toEqual({ low: 0, high: 1 })
    expect(existsSync(inFolder('foreign'))).toBe(false)
  })

  it('has the features of as many positions as a browser takes', () => {
    expect(fitsPage(150 * 150, 4096)).toBe(true)
    expect(fitsPage(150 * 150, 9216)).toBe(false)
  })
})

describe('what is no extraction', () => {
  it('is refused with the position of what is no feature', async () => {
    const data = features(3, 5, 4).fill(0, (5 + 2) * 4, (5 + 3) * 4)
    await expect(viewFeatures(await storeArray(data))).rejects.toThrow('the feature at position (1, 2) is all zero')
    expect(existsSync(inFolder('foreign'))).toBe(false)
  })

  it.each([
    [[15, 4], 'has shape (15, 4)'],
    [[1, 4097, 1], 'has 1 × 4097 positions'],
  ])('is refused by its shape %j', async (shape, message) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1)
    await expect(viewFeatures(await storeArray(data, shape))).rejects.toThrow(message)
  })

  it.each([
    [{ rows: 5 }, 'fc6.npy has shape (4, 4, 3), which does not match'],
    [{ layers: [{ name: 'fc6', dims: 4 }] }, 'does not match extract.json in its folder'],
    [{ layers: [{ name: 'fc8', dims: 4 }] }, 'fc8.npy: no such file'],
    [{ layers: [] }, 'extract.json is damaged (layers); run the extract command again'],
    [{ blend: 'x' }, 'extract.json is damaged (blend); run the extract command again'],
  ])('is refused where extract.json says something else: %j', async (changes, message) => {
    expect(await messageOf(viewFeatures(await storeExtraction(changes)))).toContain(message)
  })

  it.each([
    ['none', 'no such file or folder; give a .npy file'],
    ['', 'has no extract.json; give a folder that the extract command wrote'],
    ['layerless', 'has no layers in its extract.json; give a folder'],
    ['results', 'is a results folder, whose page is'],
  ])('is named with what would be one: %j', async (name, message) => {
    for (const folder of ['layerless', 'results/units']) mkdirSync(inFolder(folder), { recursive: true })
    writeFileSync(inFolder('layerless/extract.json'), JSON.stringify({ ...DESCRIPTION, layers: undefined }))
    await expect(viewFeatures(inFolder(name))).rejects.toThrow(message)
  })

  it.each(['units', 'arithmetic'])('has no page in a folder of results with %s', async (entry) => {
    mkdirSync(inFolder('results', entry), { recursive: true })
    const refusal = await messageOf(viewFeatures(await storeArray(), { out: inFolder('results') }), UsageError)
    expect(refusal).toContain('choose another folder with `out`')
  })

  it('has no page where no path is given', async () => {
    await expect(viewFeatures(3 as unknown as string)).rejects.toThrow(UsageError)
  })

  it('and what was stopped leave the former page', async () => {
    const folder = await storeExtraction()
    const { page } = await viewFeatures(folder)
    const before = readFileSync(page)
    describeAs({ ...DESCRIPTION, model: 'other' })
    const signal = AbortSignal.abort(new InterruptedError())
    await expect(viewFeatures(folder, { signal })).rejects.toThrow('the previous page, if there is one, is unchanged')
    await writeNpy(inFolder('extraction', 'fc%2F7.npy'), [4, 4, 2], new Float32Array(32))
    await expect(viewFeatures(folder)).rejects.toThrow('is all zero')
    expect(readFileSync(page)).toEqual(before)
  })
})
