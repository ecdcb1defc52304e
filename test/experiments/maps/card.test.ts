import { createRequire } from 'node:module'
import { afterEach, expect, it, vi } from 'vitest'
import { DeviceError } from '../../../src/errors.js'
import { openClassifiers, studyClassifiers } from '../../../src/experiments/classifiers/classifiers.js'
import { namedCard } from '../../../src/experiments/maps/card.js'
import { CudaFailure } from '../../../src/native.js'

afterEach(() => void vi.restoreAllMocks())

const addon = () => createRequire(import.meta.url)('../../../native/build/Release/shiftscope.node')
/** A card that no machine has, so that all work on it fails. */
const CARD = { index: 999, name: 'Broken', computeCapability: '9.0', memoryBytes: 1 }
const GRID = { layer: 'fc', matrix: new Float32Array(6), dims: 3, rows: 2, cols: 1, stride: 1 }
const ON_PROCESSOR = { device: 'cpu', adapter: null }

it('a card that the machine lacks is refused by its name, with the reason', () => {
  const refusal = /^device cuda:999 is not usable: [^:]+.*; or use `device cpu`$/
  expect(() => namedCard('cuda:999')).toThrow(DeviceError)
  expect(() => namedCard('cuda:999')).toThrow(refusal)
})

/** Trains the classifiers of a study's networks, which ran on these devices. */
async function trained(index: number | null, devices: readonly ('cpu' | 'cuda')[]) {
  const notes: string[] = []
  const classifiersFor = studyClassifiers(index, (line) => notes.push(line))
  const records: object[] = []
  for (const device of devices) {
    const classifiers = classifiersFor(device)
    for (let i = 0; i < 2; i++) expect(await classifiers.train(GRID, async (place) => place)).toEqual({})
    records.push(classifiers.ran())
  }
  return { notes, records }
}

it('classifiers are trained on the processor if the machine lacks the card, which is noted once', async () => {
  const { notes, records } = await trained(999, ['cpu', 'cuda', 'cuda'])
  expect(notes).toEqual([expect.stringMatching(/^classifiers run on the processor: ./)])
  expect(records).toEqual([ON_PROCESSOR, ON_PROCESSOR, ON_PROCESSOR])
})

it.each([
  [3, 3],
  [null, 0],
])(
  'classifiers whose card fails are trained on the processor, and so are all later ones (%j)',
  async (index, asked) => {
    const find = vi.spyOn(addon(), 'cudaDevices').mockReturnValue({ devices: [CARD], reason: '' })
    const { notes, records } = await trained(index, ['cpu', 'cuda', 'cuda'])
    expect(find.mock.calls).toEqual([[asked]])
    const note = /^training classifiers on cuda:999 failed \(.+\); the processor trains these and all later ones$/
    expect(notes).toEqual([expect.stringMatching(note)])
    const failed = { device: 'cuda:999', adapter: 'Broken', failure: expect.any(String) }
    expect(records).toEqual([ON_PROCESSOR, failed, ON_PROCESSOR])
  },
)

it('the features of classifiers are on the card while these are trained, and an error takes them off, too', async () => {
  const classifiers = openClassifiers(() => CARD)
  await expect(classifiers.train(GRID, async () => undefined)).rejects.toThrow(CudaFailure)
  vi.spyOn(addon(), 'uploadFeatures').mockResolvedValue({ handle: 'features' })
  const release = vi.spyOn(addon(), 'releaseFeatures').mockReturnValue(undefined)
  const place = await classifiers.train(GRID, async (place) => {
    expect(release).not.toHaveBeenCalled()
    return place
  })
  expect(place).toEqual({ cudaFeatures: { device: 999, handle: 'features' } })
  await expect(classifiers.train(GRID, () => Promise.reject(new Error('of the training')))).rejects.toThrow('training')
  expect(release.mock.calls).toEqual([['features'], ['features']])
  expect(classifiers.ran()).toEqual({ device: 'cuda:999', adapter: 'Broken' })
})
