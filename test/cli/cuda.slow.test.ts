import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { EMULATED_ADDON, FIRST_LAUNCH, type Stored, storeUnits, useEmulatedPackage } from '../support/emulatedCuda.js'

const HOSTILE = fileURLToPath(new URL('../native/processes/hostile/main.mjs', import.meta.url))
const { isBuilt, folder } = await useEmulatedPackage()

it.skipIf(!isBuilt)('features on an emulated CUDA device live through hostile calls', async () => {
  const args = ['--expose-gc', HOSTILE, '--seed', '1', '--calls', '2000', '--addon', EMULATED_ADDON]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(stdout).toMatch(/^\d+ fulfilled, \d+ refused\n$/)
})

describe.skipIf(!isBuilt)('cosines and classifiers of a study', () => {
  const PROCESSOR = { device: 'cpu', adapter: null }
  let onProcessor: Stored
  beforeAll(async () => {
    onProcessor = await storeUnits(folder, 'webgpu', 'webgpu')
  })

  it.each([
    [
      'is lost at the cosines',
      { EMULATED_CUDA_LOST_AT: FIRST_LAUNCH },
      /^training classifiers on cuda:0 failed \(cudaLaunch.*\); the/,
    ],
    ['is not there', { EMULATED_CUDA_DRIVER: '0' }, /^classifiers run on the processor: no NVIDIA driver: install the/],
  ])('go to the processor, with one note, where the card %s', async (_, machine, note) => {
    const { notes, ran, text } = await storeUnits(folder, 'fallen', 'cuda', machine)
    expect([notes, ran[1], text]).toEqual([[expect.stringMatching(note)], PROCESSOR, onProcessor.text])
  })

  it('go to the processor where the card is lost in the middle, and what it has trained stands', async () => {
    const { notes, numbers, text } = await storeUnits(folder, 'lost', 'cuda', { EMULATED_CUDA_LOST_AT: '500' })
    expect(notes).toEqual([
      expect.stringMatching(/^training classifiers on cuda:0 failed \(.*unspecified launch failure/),
    ])
    expect([numbers, text === onProcessor.text]).toEqual([onProcessor.numbers, false])
  })
})
