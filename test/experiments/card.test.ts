import { createRequire } from 'node:module'
import { expect, it, vi } from 'vitest'
import { DeviceError } from '../../src/errors.js'
import { namedCard } from '../../src/experiments/card.js'
import { studyClassifiers } from '../../src/experiments/classifiers.js'

it('a card that the machine lacks is refused by its name, with the reason', () => {
  const refusal = /^device cuda:999 is not usable: [^:]+.*; or use `device cpu`$/
  expect(() => namedCard('cuda:999')).toThrow(DeviceError)
  expect(() => namedCard('cuda:999')).toThrow(refusal)
})

/** A study of two networks: the devices that trained their classifiers, and the notes. */
async function trained(index: number, devices: readonly ('cpu' | 'cuda' | 'tensorrt')[]) {
  const notes: string[] = []
  const classifiersFor = studyClassifiers(index, (line) => notes.push(line))
  const grid = { layer: 'fc', matrix: new Float32Array(6), dims: 3, rows: 2, cols: 1, stride: 1 }
  const records: object[] = []
  for (const device of devices) {
    const classifiers = classifiersFor(device)
    for (let i = 0; i < 2; i++) expect(await classifiers.train(grid, async (place) => place)).toEqual({})
    records.push(classifiers.ran())
  }
  return { notes, records }
}

const onProcessor = { device: 'cpu', adapter: null }

it('classifiers are trained on the processor if the machine lacks the card, which is noted once', async () => {
  const { notes, records } = await trained(999, ['cpu', 'cuda', 'cuda'])
  expect(notes).toEqual([expect.stringMatching(/^classifiers run on the processor: ./)])
  expect(records).toEqual([onProcessor, onProcessor, onProcessor])
})

it('classifiers whose card fails are trained on the processor, and so are all later ones', async () => {
  const addon = createRequire(import.meta.url)('../../native/build/Release/shiftscope.node')
  const card = { index: 999, name: 'Broken', computeCapability: '9.0', memoryBytes: 1 }
  const asked = vi.spyOn(addon, 'cudaDevices').mockReturnValue({ devices: [card], reason: '' })
  const { notes, records } = await trained(3, ['cuda', 'cuda'])
  expect(asked.mock.calls).toEqual([[3]])
  asked.mockRestore()
  expect(notes).toEqual([
    expect.stringMatching(
      /^training classifiers on cuda:999 failed \(.+\); the processor trains these and all later ones$/,
    ),
  ])
  expect(records).toEqual([{ device: 'cuda:999', adapter: 'Broken', failure: expect.any(String) }, onProcessor])
})
