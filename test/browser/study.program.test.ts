import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { probabilityText, shareText } from '../../src/page/text/text.js'
import { openUnit } from '../../src/results/store/openUnit.js'
import { unitFolder } from '../../src/results/store/units.js'
import { reproduce } from '../../src/study/maps/reproduce.js'
import { randomNumbers } from '../../src/support/randomNumbers.js'
import {
  boxOf,
  chosen,
  follow,
  goTo,
  mapColour,
  page,
  pixel,
  ready,
  text,
  texts,
  usePage,
} from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
import { readSvg } from '../support/readSvg.js'
import { node, weightsOf } from '../support/smallNetwork.js'
import { sharedFolder } from '../support/temporaryFolder.js'

/** Total strides: 32 pixels and 16 pixels. */
const [EMBEDDED, OWN] = ['tiny-alexnet', 'own']
const PATCHES = 'car,dog,clock,boat,zebra'
const SIZE = 125

/** A network of random weights with ImageNet's classes, whose confident answers change with the position. */
function writeNetwork(path: string): Promise<void> {
  const random = randomNumbers(1)
  const shape = [1000, 4 * 14 * 14] as const
  const weight = Float32Array.from({ length: shape[0] * shape[1] }, () => 6 * random() - 3)
  return writeModel(path, {
    name: OWN,
    inputs: [{ name: 'image', shape: ['N', 3, 224, 224] }],
    outputs: [{ name: 'logits', shape: ['N', 1000] }],
    nodes: [
      node('Conv', ['image', 'kernels'], 'map', { strides: [16, 16] }),
      node('Flatten', ['map'], 'values'),
      node('Gemm', ['values', 'weight'], 'logits', { transB: 1 }),
    ],
    initializers: [weightsOf('kernels', 4, 3, 16, 16), { name: 'weight', shape, float32: async () => weight }],
  })
}

describe.skipIf(!hasChromium())('the page of a study whose anchors lie between its positions', () => {
  const folder = sharedFolder()
  const results = (...way: readonly string[]) => folder('results', ...way)
  usePage(() => pathToFileURL(results()).href)

  beforeAll(async () => {
    await writeNetwork(folder(`${OWN}.onnx`))
    await reproduce({
      ...{ models: [EMBEDDED, folder(`${OWN}.onnx`)], patches: PATCHES, sizes: [SIZE], stride: 12, cv: ['ordered'] },
      ...{ device: 'cpu', out: results() },
    })
    await page.goto(pathToFileURL(results('index.html')).href)
    await ready()
  })

  /** Name and probability of a network's answer at an anchor, from its stored features. */
  async function answerAt(model: string, patch: string, anchor: (typeof ANCHOR_NAMES)[number]) {
    const unit = await openUnit(results(), unitFolder(results(), { model, size: SIZE, patch }))
    const layer = unit.layers.find(({ answers }) => answers !== null)
    if (!layer?.answers) throw new Error('the networks have answers')
    // An independent softmax of the stored features.
    const { data } = await unit.anchorFeatures(layer.name)
    const start = ANCHOR_NAMES.indexOf(anchor) * layer.dims
    const scores = [...data.subarray(start, start + layer.dims)]
    const largest = Math.max(...scores)
    const probability = 1 / scores.reduce((sum, score) => sum + Math.exp(score - largest), 0)
    const name = layer.answers.names[scores.indexOf(largest)]
    return { name, words: `\u2068${name}\u2069 ${probabilityText(probability)}`, ...layer.answers.center }
  }

  it('has charts without NaN, although the networks have different strides', async () => {
    const found = await page.evaluate(() =>
      [...document.querySelectorAll('main svg *')].flatMap((one) =>
        [...one.attributes].flatMap(({ name, value }) => (value.includes('NaN') ? [`${name}=${value}`] : [])),
      ),
    )
    const words = (await texts('main section.report')).join('')
    expect([found, words.includes('NaN')]).toEqual([[], false])
    const figure = page.locator('#claim-top-bottom-less-separable figure.measure')
    const curves = await figure.locator('g:has(> polyline) > title').allTextContents()
    // In the panel of each task: the two networks, and position only.
    expect(curves.map((words) => words.replace(/:.*/, ''))).toEqual(
      [0, 1].flatMap(() => [`${EMBEDDED} fc8`, `${OWN} logits`, 'position only (no network)']),
    )
  })

  it('is on the anchor of a link: object, tags and readings show its own answer and position', async () => {
    const [first, second, patch = ''] = await chosen(['a-model', 'b-model', 'patch'])
    const models = [first, second]
    expect(models).toEqual([EMBEDDED, OWN])
    expect(await texts('.knows')).toEqual(['knows 627 emoji', 'knows ImageNet'])
    // It opens where a small move changes the answer of A, and a link without a position leads to the anchor.
    const [here, moved] = [await text('#a-answer'), await text('#a-then')]
    expect(here.replace(/ [\d.]+$/, '')).not.toBe(moved.replace(/ [\d.]+$/, ''))
    await follow({ network: EMBEDDED, with: OWN, patch, size: String(SIZE), anchor: 'center', map: 'answers' })
    expect(await text('#at-place')).toBe('row 49, column 49')
    const object = page.locator('#a-frame rect.outline.over')
    expect([await object.getAttribute('x'), await object.getAttribute('y')]).toEqual(['49.5', '49.5'])
    for (const [i, panel] of ['a', 'b'].entries()) {
      const { words, probability } = await answerAt(models[i] as string, patch, 'center')
      expect(words).toContain(probabilityText(probability))
      expect([await text(`#${panel}-tag`), await text(`#${panel}-answer`)]).toEqual([words, words])
      expect(await page.locator(`#${panel}-value`).count()).toBe(0)
      expect(await text(`#${panel}-summary`)).toMatch(/^agreement \d/)
      expect(await text(`#${panel}-note`)).toBe('')
    }
  })

  it('shows the answer at another anchor while the cursor is on it, and at the nearest position otherwise', async () => {
    const view = { network: EMBEDDED, with: OWN, layer: 'fc6', size: String(SIZE), patch: 'dog', map: 'similarity' }
    await follow({ ...view, anchor: 'bottom-right', at: '99,99' })
    const words = await Promise.all([EMBEDDED, OWN].map((one) => answerAt(one, 'dog', 'bottom-right')))
    expect([await text('#a-tag'), await text('#b-tag')]).toEqual(words.map((one) => one.words))
    expect(await text('#at-place')).toBe('row 99, column 99')
    expect([await text('#a-value'), await text('#b-value')]).toEqual(['1.000', '1.000'])
    await follow({ ...view, anchor: 'bottom-right', at: '98,99' })
    expect(await text('#at-place')).toBe('row 96, column 96')
    expect(await text('#a-value')).not.toBe('1.000')
  })

  it('has both maps at one height, even with a note about one of them', async () => {
    await follow({
      network: EMBEDDED,
      with: OWN,
      layer: 'none',
      map: 'similarity',
      size: String(SIZE),
      patch: 'dog',
    })
    expect([(await text('#a-note')) !== '', await text('#b-note')]).toEqual([true, ''])
    const [a, b] = [await boxOf('#a-frame'), await boxOf('#b-frame')]
    expect([a.y, a.height]).toEqual([b.y, b.height])
  })

  it('has each column of the table of questions on a narrow screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 })
    const cells = page.locator('#findings .matrix tbody td')
    const ends = await cells.evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().right))
    expect([ends.length > 0, ends.filter((end) => end > 390)]).toEqual([true, []])
    const heads = await cells.evaluateAll((all) => all.map((cell) => getComputedStyle(cell, '::before').content))
    expect(heads.slice(0, 4)).toEqual([`"${EMBEDDED}"`, `"${OWN}"`, '"the paper"', '"in numbers"'])
    await page.setViewportSize({ width: 1280, height: 1000 })
  })

  it('has files of its charts, with heading, caption, axis and legend', async () => {
    const figure = page.locator('section.report figure.measure:has(.dots)').first()
    const heading = await figure.locator('xpath=preceding::*[self::h2 or self::h3][1]').textContent()
    const caption = (await figure.locator('figcaption').textContent()) ?? ''
    const address = (await figure.locator('a').getAttribute('href')) ?? ''
    const svg = readFileSync(results(...address.split('/')), 'utf8')
    const { texts: words, addresses, title, ...found } = await readSvg(svg)
    expect(found).toMatchObject({ isWhole: true, outside: [], ground: '#fff' })
    expect(heading).toContain(title)
    expect(words.join(' ')).toContain(caption.trim())
    for (const shown of await figure.locator('.keys span, .axis, svg text').allTextContents())
      expect(words).toContain(shown)
    expect([addresses, svg.includes('var(')]).toEqual([[], false])
    expect(words.at(-1)).toMatch(/Shiftscope \d+\.\d+\.\d+$/)
  })

  it('shows the figure of a question whose evidence maps cannot show', async () => {
    await page.locator('.matrix a[aria-label*="show the figure"]').first().click()
    await expect.poll(() => page.url()).toContain('#claim-top-bottom-less-separable')
    const top = () =>
      page.evaluate(() => document.getElementById('claim-top-bottom-less-separable')?.getBoundingClientRect().top)
    await expect.poll(top).toBeLessThan(200)
  })

  it('has the answers for every object below the viewer, where a click loads a map as A and Shift as B', async () => {
    const mapOf = (model: string, patch: string) =>
      page.locator(`.answer-map[data-column="${patch}"]`, { hasText: `\u2068${model}\u2069` })
    const pressed = () =>
      page
        .locator('.answer-map[aria-pressed=true]')
        .evaluateAll((all) =>
          all.map((one) => `${one.getAttribute('data-column')} ${one.querySelector('.badge')?.textContent}`),
        )
    expect(await page.locator('.answer-map').count()).toBe(10)
    await mapOf(OWN, 'zebra').click()
    await ready()
    expect((await chosen()).filter((_, i) => [0, 4].includes(i))).toEqual([OWN, 'zebra'])
    expect(await page.inputValue('#shows')).toBe('answers')
    // The viewer was above the screen.
    expect((await boxOf('#a-frame')).y).toBeGreaterThan(-100)
    await mapOf(EMBEDDED, 'boat').click({ modifiers: ['Shift'] })
    await ready()
    expect((await chosen()).filter((_, i) => [0, 1, 4].includes(i))).toEqual([OWN, EMBEDDED, 'boat'])
    expect((await pressed()).toSorted()).toEqual(['boat A', 'boat B'])
    // The small map has the colours of the large one. The object is at the bottom right.
    const line = await mapOf(OWN, 'boat').getAttribute('data-line')
    const small = `.answer-map[data-line="${line}"][data-column="boat"] canvas`
    await goTo(99, 99)
    const large = { size: SIZE, stride: 12 }
    for (const at of [0, 3, 8]) expect(await pixel(small, at, 1)).toEqual(await mapColour('a', at, 1, large))
    // The share is that of the measure.
    const unit = await openUnit(results(), unitFolder(results(), { model: OWN, size: SIZE, patch: 'boat' }))
    const [numbers = {}] = (await unit.measures()).filter((layer) => layer['answer-agreement'])
    const agreement = numbers['answer-agreement']?.[0]?.[1] as number
    expect(await mapOf(OWN, 'boat').locator('b').textContent()).toBe(shareText(agreement, 1))
  })

  it('is used by keys, as one stop of Tab', async () => {
    expect(await page.locator('.answer-map[tabindex="0"]').count()).toBe(1)
    await page.locator('.answer-map[tabindex="0"]').focus()
    const [first, second] = await page.locator('.answer-maps thead th > span[dir]').allTextContents()
    await page.locator(`.answer-map[data-column="${first}"]`).first().focus()
    for (const key of ['ArrowRight', 'ArrowDown', 'Shift+Enter']) await page.keyboard.press(key)
    await ready()
    expect((await chosen())[4]).toBe(second)
  })
})
