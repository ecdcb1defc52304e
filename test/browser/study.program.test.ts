import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { probabilityText, shareText } from '../../src/page/text/text.js'
import { openUnit } from '../../src/results/store/openUnit.js'
import { unitFolder } from '../../src/results/store/units.js'
import { reproduce } from '../../src/study/maps/reproduce.js'
import { randomNumbers } from '../../src/support/randomNumbers.js'
import { boxOf, chosen, follow, page, pixel, ready, text, texts, usePage } from '../support/browserPage.js'
import { hasChromium } from '../support/chromium.js'
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

  it('opens on the anchor: object, tags, readings and sentence show its own answer and position', async () => {
    const [first, second, patch = ''] = await chosen(['a-model', 'b-model', 'patch'])
    const models = [first, second]
    expect(models).toEqual([EMBEDDED, OWN])
    expect((await texts('#a-model option')).map((one) => one.replace(/[\u2068\u2069]/g, ''))).toEqual(
      expect.arrayContaining([`${OWN} — ImageNet`, `${EMBEDDED} — 627 emoji`]),
    )
    // Maps of answers compare with the center, and the page has no other word for it there.
    expect([await text('#at-place'), await text('#at-offset')]).toEqual([
      'row 49, column 49',
      'at the center, between the positions of the map',
    ])
    const object = page.locator('#a-image rect.at-cursor.over')
    expect([await object.getAttribute('x'), await object.getAttribute('y')]).toEqual(['49.5', '49.5'])
    for (const [i, panel] of ['a', 'b'].entries()) {
      const { words, probability } = await answerAt(models[i] as string, patch, 'center')
      expect(words).toContain(probabilityText(probability))
      expect([await text(`#${panel}-tag`), await text(`#${panel}-answer`)]).toEqual([words, words])
      expect(await page.locator(`#${panel}-value`).count()).toBe(0)
      expect(await text(`#${panel}-summary`)).toMatch(/^two positions get the same answer with a chance of \d/)
      expect(await text(`#${panel}-note`)).toBe('')
    }
  })

  it('shows the answer at another anchor while the cursor is on it, and at the nearest position otherwise', async () => {
    const view = { network: EMBEDDED, with: OWN, layer: 'fc6', size: String(SIZE), patch: 'dog', map: 'similarity' }
    await follow({ ...view, anchor: 'bottom-right', at: '99,99' })
    const words = await Promise.all([EMBEDDED, OWN].map((one) => answerAt(one, 'dog', 'bottom-right')))
    expect([await text('#a-tag'), await text('#b-tag')]).toEqual(words.map((one) => one.words))
    expect([await text('#at-place'), await text('#at-offset')]).toEqual([
      'row 99, column 99',
      'at the anchor, between the positions of the map',
    ])
    expect([await text('#a-value'), await text('#b-value')]).toEqual(['1.000', '1.000'])
    // Tags with long names, which are as wide as tags may be, are inside the frame.
    const beyond = await page.evaluate(() => {
      const [tags, frame] = ['tags', 'a-image'].map((id) => document.getElementById(id) as HTMLElement) as [
        HTMLElement,
        HTMLElement,
      ]
      tags.style.width = '60%'
      const right = tags.getBoundingClientRect().right
      tags.style.width = ''
      return right - frame.getBoundingClientRect().right
    })
    expect(beyond).toBeLessThanOrEqual(0)
    await follow({ ...view, anchor: 'bottom-right', at: '98,99' })
    expect([await text('#at-place'), await text('#at-offset')]).toEqual([
      'row 96, column 96',
      '3 px up, 3 px left of the anchor',
    ])
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
    const [a, b] = [await boxOf('#a-plot'), await boxOf('#b-plot')]
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
    expect((await boxOf('#a-plot')).y).toBeGreaterThan(-100)
    await mapOf(EMBEDDED, 'boat').click({ modifiers: ['Shift'] })
    await ready()
    expect((await chosen()).filter((_, i) => [0, 1, 4].includes(i))).toEqual([OWN, EMBEDDED, 'boat'])
    expect((await pressed()).toSorted()).toEqual(['boat A', 'boat B'])
    // The small map has the colours of the large one.
    const line = await mapOf(OWN, 'boat').getAttribute('data-line')
    const small = `.answer-map[data-line="${line}"][data-column="boat"] canvas`
    const rows = await page.locator(small).evaluate((canvas: HTMLCanvasElement) => canvas.height)
    for (const at of [0, 3, rows - 1]) expect(await pixel(small, at, 1)).toEqual(await pixel('#a-plot canvas', at, 1))
    // The share is that of the measure.
    const unit = await openUnit(results(), unitFolder(results(), { model: OWN, size: SIZE, patch: 'boat' }))
    const [numbers = {}] = (await unit.measures()).filter((layer) => layer['answer-agreement'])
    const agreement = numbers['answer-agreement']?.[0]?.[1] as number
    expect(await mapOf(OWN, 'boat').locator('b').textContent()).toBe(shareText(agreement, 1))
  })

  it('is used by keys, as one stop of Tab, and sorted by name', async () => {
    await page.selectOption('#every-order', 'name')
    expect(await texts('.answer-maps thead th')).toEqual(
      PATCHES.split(',')
        .toSorted()
        .map((patch) => expect.stringContaining(patch)),
    )
    expect(await page.locator('.answer-map[tabindex="0"]').count()).toBe(1)
    await page.locator('.answer-map[tabindex="0"]').focus()
    for (const key of ['ArrowRight', 'ArrowDown', 'Shift+Enter']) await page.keyboard.press(key)
    await ready()
    expect((await chosen())[4]).toBe('car')
    // The chart names the dot that has the focus, and Enter loads it, here as A.
    // The pointer would name what comes to lie under it.
    await page.mouse.move(0, 0)
    await page.locator('.spread [data-dot="0"]').focus()
    const named = await text('.spread .named')
    expect(named).toMatch(/agreement \d/)
    await page.keyboard.press('Enter')
    await ready()
    expect(named).toContain(`${(await chosen())[4]}`)
    expect(await text('.spread .letter.a')).toBe('A')
  })
})
