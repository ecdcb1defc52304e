import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { InputError, UsageError } from '../../../src/errors.js'
import { overlapOf } from '../../../src/experiments/answers/boxes.js'
import { detectionAt } from '../../../src/experiments/answers/detections.js'
import { explore } from '../../../src/explore/explore.js'
import { extract } from '../../../src/features/openNetwork.js'
import { separability } from '../../../src/features/separability.js'
import { similarity } from '../../../src/features/similarity.js'
import { viewFeatures } from '../../../src/features/view.js'
import { type AnsweredNetwork, type NamedAnswers, readAnsweredNetworks } from '../../../src/results/answers/read.js'
import { openResults } from '../../../src/results/store/openResults.js'
import type { OpenUnit } from '../../../src/results/store/openUnit.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import { reproduce } from '../../../src/study/maps/reproduce.js'
import { post, rowsIn, wholeMap } from '../../support/liveServer.js'
import { messageOf } from '../../support/messageOf.js'
import { SIDE, writeDetector } from '../../support/smallDetector.js'
import { node } from '../../support/smallNetwork.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const folder = sharedFolder()
const NAMES = ['person', 'dog', 'cow']
const SIZE = 8
/** Number of boxes of a small detector. */
const BOXES = 16
/** The best scores of the small detector are at most 0.731, the sigmoid of 1, so that this threshold divides them. */
const THRESHOLD = 0.72
const GIVEN = { boxes: 'cxcywh,share', threshold: THRESHOLD, workers: 1 } as const

async function detector(): Promise<string> {
  writeFileSync(folder('detector.labels.json'), JSON.stringify(NAMES))
  return writeDetector(folder('detector.onnx'), {
    nodes: [
      node('Identity', ['box_shares'], 'boxes'),
      node('Sin', ['logits_of_boxes'], 'waves'),
      node('Sigmoid', ['waves'], 'scores'),
    ],
    outputs: { boxes: [BOXES, 4], scores: [BOXES, NAMES.length] },
    columns: NAMES.length,
  })
}

async function storedUnit(results: string): Promise<OpenUnit> {
  for await (const unit of openResults(folder(results))) return unit
  throw new Error('no unit')
}

/** Row `at` of detections: the score of each class and its box. */
function bestBoxes(values: Float32Array, at: number) {
  const value = (row: number, index: number) => values[(5 * at + row) * NAMES.length + index] as number
  return NAMES.map((_, index) => {
    const box = [value(1, index), value(2, index), value(3, index), value(4, index)] as const
    return { score: value(0, index), box }
  })
}

it('a study of a detector without feature layers has answers, boxes, measures and a page', async () => {
  const model = await detector()
  const options = { ...GIVEN, models: [model], patches: 'dog', sizes: [SIZE], stride: 1, out: folder('study') }
  const result = await reproduce({ ...options, experiments: ['similarity'] })
  expect(result).toMatchObject({ units: 1, computed: 1 })
  const { layers } = await extract({ ...GIVEN, model, patch: 'dog', size: SIZE, stride: 1 })
  const raw = layers[0]?.data as Float32Array
  const unit = await storedUnit('study')
  const side = SIDE - SIZE + 1
  const [boxes, answers] = [await unit.sightings('detections'), await unit.answers('detections')]
  expect(boxes?.shape).toEqual([side * side + 5, 10])
  const kinds = new Set<number>()
  let [found, right] = [0, 0]
  for (let at = 0; at < side * side; at++) {
    const best = bestBoxes(raw, at)
    const scores = best.map(({ score }) => score)
    const top = scores.indexOf(Math.max(...scores))
    const answer = (scores[top] as number) < THRESHOLD ? NAMES.length : top
    const [row, col] = [Math.floor(at / side), at % side]
    const overlap = overlapOf(best[1]?.box as [number, number, number, number], [col, row, col + SIZE, row + SIZE])
    const sighting = detectionAt(boxes?.data as Float32Array, at)
    const none = [0, 0, 0, 0]
    expect(sighting.own).toEqual((scores[1] as number) < THRESHOLD ? none : best[1]?.box)
    expect(sighting.answer).toEqual(best[answer]?.box ?? none)
    expect(sighting.overlap).toBeCloseTo(overlap, 6)
    expect(answers?.data[at]).toBe(answer)
    kinds.add(answer)
    const isFound = (scores[1] as number) >= THRESHOLD && overlap >= 0.5
    found += isFound ? 1 / side ** 2 : 0
    right += isFound && answer === 1 ? 1 / side ** 2 : 0
  }
  expect(kinds.size).toBeGreaterThan(2)
  expect([found > 0, found < 1, right > 0, right < found]).toEqual([true, true, true, true])
  const detected = unit.layers[0]?.answers?.seen
  expect(detected).toMatchObject({ found: expect.closeTo(found, 12), 'right-and-found': expect.closeTo(right, 12) })
  expect(unit.layers[0]?.dims).toBe(NAMES.length)
  expect(unit.inputs.head).toEqual({ kind: 'detector', threshold: THRESHOLD, boxes: 'cxcywh,share' })
  expect(readFileSync(folder('study', 'metrics.csv'), 'utf8')).toContain(
    `right-and-found,,${detected?.['right-and-found']}`,
  )
  expect(readFileSync(folder('study', 'index.html'), 'utf8')).toContain('"head":"detector"')
  // Other thresholds need other units.
  const other = { ...options, threshold: 0.5, experiments: ['similarity'] } as const
  expect(await reproduce(other)).toMatchObject({ computed: 1 })
  expect(await messageOf(reproduce({ ...other, objectClass: 'cat' }), UsageError)).toMatch(/has no class "cat"/)
})

it('the live page gets the boxes that a study stores', async () => {
  const model = await detector()
  await using page = await explore({ ...GIVEN, models: [model], results: folder('kept') })
  const scene = { network: 'detector', object: 3, category: 'dog', size: SIZE, stride: 1, background: 'white' }
  const anchor = { row: 0, col: 0 }
  const messages = await wholeMap(page.address, { ...scene, layer: 'detections', anchor, cursor: anchor })
  const sent = new Map(
    rowsIn(messages).flatMap(({ places, answers }) =>
      [...places].map((place, i) => [place, detectionAt(answers?.sightings ?? [], i)]),
    ),
  )
  // The user may say that it is something else, which the network then looks for.
  for (const [category, own] of [
    ['dog', 1],
    ['cow', 2],
  ] as const) {
    const told = await wholeMap(page.address, { ...scene, category, layer: 'detections', anchor, cursor: anchor })
    expect(rowsIn(told).map(({ answers }) => [answers?.center, answers?.right])).toContainEqual([own, [own]])
  }
  await post(`${page.address}keep`, { ...scene, replaces: false })
  const unit = await storedUnit('kept')
  expect(unit.inputs.head).toEqual({ kind: 'detector', threshold: THRESHOLD, boxes: 'cxcywh,share' })
  const stored = (await unit.sightings('detections'))?.data as Float32Array
  expect(sent.size).toBe(81)
  for (const [place, sighting] of sent) expect(sighting).toEqual(detectionAt(stored, place))
})

it('photographs tell how well the boxes fit after a shift', async () => {
  const model = await detector()
  const photographs = fileURLToPath(new URL('../../golden/consistency', import.meta.url))
  const { networks } = await consistency({ ...GIVEN, model, photographs, draws: 2, protocols: ['crop'] })
  const { measures, threshold } = networks[0] as (typeof networks)[number]
  const names = ['relative-agreement', 'agreement', 'chance', 'box-consistency', 'always-same', 'confidence']
  expect(measures.map(({ measure }) => measure)).toEqual(names)
  expect(measures[3]?.mean).toBeGreaterThanOrEqual(0)
  expect(measures[3]?.mean).toBeLessThanOrEqual(1)
  expect(threshold).toBe(THRESHOLD)
})

it('the exact chance counts windows in which it sees nothing as equal answers', async () => {
  const model = await detector()
  const photographs = fileURLToPath(new URL('../../golden/consistency', import.meta.url))
  const { networks } = await consistency({
    ...GIVEN,
    threshold: 0.731,
    model,
    photographs,
    exact: true,
    protocols: ['crop'],
    out: folder('exact'),
  })
  const exact = networks[0] as (typeof networks)[number]
  const measures = ['relative-agreement', 'agreement', 'chance', 'always-same', 'confidence']
  expect(exact.measures.map(({ measure }) => measure)).toEqual(measures)
  const [stored] = (await readAnsweredNetworks(folder('exact'))) as [AnsweredNetwork]
  const seen = new Set<string | undefined>()
  for (const { sha256, values } of exact.photographs) {
    const { answers, names } = (await stored.answersTo('crop-exact', sha256)) as NamedAnswers
    const pairs = answers.flatMap((one) => answers.map((other): number => Number(one.answer === other.answer)))
    expect(values[1]).toBeCloseTo(pairs.reduce((sum, one) => sum + one) / pairs.length, 12)
    for (const { answer } of answers) seen.add(names[answer])
  }
  expect(seen).toContain('nothing')
})

it('detections are no features, neither stored nor in memory', async () => {
  const model = await detector()
  const out = folder('extraction')
  const extraction = await extract({ ...GIVEN, model, patch: 'dog', size: SIZE, stride: 1, out })
  const { answers } = extraction
  expect(answers?.threshold).toBe(THRESHOLD)
  expect(answers?.classes.map(({ name }) => name)).toContain('nothing')
  expect(Object.values(answers?.names ?? {})).toContain('nothing')
  const only = /has only a detector’s scores and boxes, which are no features/
  expect(await messageOf(separability(folder('extraction', 'detections.npy')), InputError)).toMatch(only)
  expect(await messageOf(viewFeatures(out), InputError)).toMatch(only)
  expect(await messageOf(similarity(extraction), InputError)).toMatch(only)
  expect(await messageOf(separability(extraction), InputError)).toMatch(only)
  const embedding = { name: 'embedding', data: Float32Array.from({ length: 8 }, (_, i) => 1 + i), shape: [2, 2, 2] }
  const both = { ...extraction, layers: [embedding, ...extraction.layers] }
  expect((await similarity(both)).layers.map(({ name }) => name)).toEqual(['embedding'])
})
