import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { columnsOf, type ProtocolName, protocolNamed } from '../../../src/experiments/answers/protocols.js'
import { sha256 } from '../../../src/files/sha256.js'
import type { AnsweredPhotograph } from '../../../src/results/answers/schema.js'
import { bucketOf } from '../../../src/results/answers/schema.js'
import { answersFolder, readAnswers, readValues } from '../../../src/results/answers/store.js'
import { type OpenBucket, openBucket } from '../../../src/study/answers/bucket.js'
import type { AnswersItem, PlannedPhotograph } from '../../../src/study/answers/item.js'
import { describedNetwork } from '../../support/smallNetwork.js'
import { madeInputs } from '../../support/storedAnswers.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()
const FRAME = 28
const BUCKET = bucketOf('0.png')
/** Names of photographs that are in one bucket. */
const NAMES = Array.from({ length: 5000 }, (_, i) => `${i}.png`).filter((name) => bucketOf(name) === BUCKET)
const [FIRST, SECOND, THIRD] = NAMES as [string, string, string]

const labelled = (words: string, ...right: readonly number[]) => ({ words, right })

/** An item of these photographs. They are all missing, unless others are given. */
function itemOf(
  photographs: Readonly<Record<string, PlannedPhotograph['label']>>,
  look: Partial<Awaited<ReturnType<AnswersItem['look']>>> = {},
  protocol: ProtocolName = 'diagonal',
): AnswersItem {
  const planned = Object.entries(photographs).map(([name, label]) => ({ name, path: folder(name), label }))
  const network = { ...describedNetwork(), classes: { layer: 'fc', names: ['ant', 'bee', 'cat'] } }
  return {
    ...{ network, facts: { classes: 3, parameters: 12 }, protocol: protocolNamed(protocol), photographs: planned },
    setting: { frame: FRAME, draws: 2, background: { rgb: [0, 0, 0] } },
    inputs: madeInputs({ protocol, frame: FRAME, bucket: BUCKET }),
    look: async () => ({ left: planned, isRelabelled: false, differences: [], ...look }),
  } as unknown as AnswersItem
}

const opened = (item: AnswersItem) => openBucket(folder(), item, () => undefined)

/** Adds answers to a photograph: always class 1, with probabilities that its name decides. */
function answer(bucket: OpenBucket, name: string, content = name): void {
  const answers = bucket.begin(name)
  for (let i = 0; !answers.isComplete(); i++) {
    const low = ((NAMES.indexOf(name) + i) % 8) / 32
    answers.take(Float64Array.of(low, 0.75 - low, 0.25))
  }
  bucket.add(name, sha256(content), answers)
}

async function stored(protocol: ProtocolName = 'diagonal') {
  const path = answersFolder(folder(), madeInputs({ protocol, bucket: BUCKET }))
  const answers = await readAnswers(path)
  const rows = await readValues(path, answers)
  const bytes = ['answers.json', 'answers.npy'].map((file) => readFileSync(join(path, file)))
  return { ...answers, rows, bytes }
}

const names = (photographs: readonly Pick<AnsweredPhotograph, 'name'>[]) => photographs.map(({ name }) => name)

describe('a bucket', () => {
  it('has the same bytes whatever the order in which photographs are answered and stored', async () => {
    const all = { [FIRST]: undefined, [SECOND]: undefined, [THIRD]: undefined }
    const whole = await opened(itemOf(all))
    for (const name of [THIRD, FIRST, SECOND]) answer(whole, name)
    expect(whole.isComplete()).toBe(true)
    await whole.store()
    const { bytes, photographs } = await stored()
    expect(names(photographs)).toEqual([FIRST, SECOND, THIRD].sort())
    const parts = await opened(itemOf(all))
    for (const name of [SECOND, THIRD, FIRST]) {
      answer(parts, name)
      expect(parts.unsavedBytes()).toBeGreaterThan(0)
      await parts.store()
      expect(parts.unsavedBytes()).toBe(0)
    }
    expect((await stored()).bytes).toEqual(bytes)
  })

  it('keeps what other processes store meanwhile', async () => {
    const [own, other] = [await opened(itemOf({ [FIRST]: undefined })), await opened(itemOf({ [SECOND]: undefined }))]
    answer(own, FIRST)
    answer(other, SECOND)
    await own.store()
    await other.store()
    expect(names((await stored()).photographs)).toEqual([FIRST, SECOND].sort())
  })

  it('keeps answers that are added while it is being stored', async () => {
    const bucket = await opened(itemOf({ [FIRST]: undefined, [SECOND]: undefined, [THIRD]: undefined }))
    answer(bucket, FIRST)
    await bucket.fail(THIRD, 'broken')
    const storing = bucket.store()
    answer(bucket, SECOND)
    await storing
    await bucket.store()
    const { photographs, failed } = await stored()
    expect(names(photographs)).toEqual([FIRST, SECOND].sort())
    expect(names(failed)).toEqual([THIRD])
  })

  it('writes nothing if nothing was added', async () => {
    const bucket = await opened(itemOf({ [FIRST]: undefined }))
    await bucket.store()
    await expect(stored()).rejects.toThrow('no such file')
  })

  it('has a photograph as answered or as failed, whichever came last', async () => {
    writeFileSync(folder(FIRST), 'no picture')
    const failures: unknown[] = []
    const broken = await openBucket(folder(), itemOf({ [FIRST]: undefined, [SECOND]: undefined }), (failure) =>
      failures.push(failure),
    )
    for (const name of [FIRST, SECOND]) await broken.fail(name, 'broken')
    expect(broken.isComplete()).toBe(true)
    await broken.store()
    const reasons = [
      { name: FIRST, sha256: sha256('no picture'), reason: 'broken' },
      // The file is missing, so its hash is unknown.
      { name: SECOND, reason: 'broken' },
    ]
    expect(failures).toEqual(reasons)
    expect((await stored()).failed.toSorted((a, b) => Number(a.name === SECOND) - Number(b.name === SECOND))).toEqual(
      reasons,
    )
    const repaired = await opened(itemOf({ [FIRST]: undefined }))
    answer(repaired, FIRST)
    await repaired.store()
    expect(await stored()).toMatchObject({ photographs: [{ name: FIRST }], failed: [{ name: SECOND }] })
    const again = await opened(itemOf({ [FIRST]: undefined }))
    await again.fail(FIRST, 'broken')
    await again.store()
    expect((await stored()).photographs).toEqual([])
  })

  it('drops answers that were made from other inputs', async () => {
    const before = await opened(itemOf({ [FIRST]: undefined }))
    answer(before, FIRST)
    await before.store()
    const item = itemOf({ [SECOND]: undefined })
    const after = await opened({ ...item, inputs: { ...item.inputs, weightsSha256: sha256('others') } })
    answer(after, SECOND)
    await after.store()
    expect(names((await stored()).photographs)).toEqual([SECOND])
  })
})

describe('a label that changes', () => {
  const columns = columnsOf({})

  it('is stored without new images, and leaves the right class without a probability', async () => {
    const first = await opened(itemOf({ [FIRST]: labelled('bee', 1), [SECOND]: labelled('ant', 0) }, {}, 'subpixel'))
    for (const name of [FIRST, SECOND]) answer(first, name)
    await first.store()
    const before = await stored('subpixel')
    const changed = { [FIRST]: labelled('cat;ant', 0, 2), [SECOND]: labelled('ant', 0) }
    const again = await opened(itemOf(changed, { left: [], isRelabelled: true }, 'subpixel'))
    expect(again.isComplete()).toBe(true)
    await again.store()
    const after = await stored('subpixel')
    const at = names(after.photographs).indexOf(FIRST)
    expect(after.photographs[at]).toEqual({ ...before.photographs[at], label: 'cat;ant', right: [0, 2] })
    expect(after.names).toEqual({ 0: 'ant', 1: 'bee', 2: 'cat' })
    expect(after.rows[1 - at]).toEqual(before.rows[1 - at])
    // Both directions of the two values of local equivariance error stay, although they follow 16 answers.
    const isRight = (i: number) => i < 16 * columns.length && columns[i % columns.length] === 'right'
    expect([...(after.rows[at] ?? [])]).toEqual(
      [...(before.rows[at] ?? [])].map((v, i) => (isRight(i) ? Number.NaN : v)),
    )
    expect(before.rows[at]?.filter((_, i) => isRight(i)).every(Number.isFinite)).toBe(true)
  })

  it.each([
    ['is removed if the call has labels, but none for the photograph', null, undefined],
    ['stays if the call has no labels', undefined, 'bee'],
  ])('%s', async (_, label, expected) => {
    const first = await opened(itemOf({ [FIRST]: labelled('bee', 1) }))
    answer(first, FIRST)
    await first.store()
    const again = await opened(itemOf({ [FIRST]: label, [SECOND]: label }, { isRelabelled: true }))
    answer(again, SECOND)
    await again.store()
    const { photographs } = await stored()
    expect(photographs.find(({ name }) => name === FIRST)?.label).toBe(expected)
  })
})
