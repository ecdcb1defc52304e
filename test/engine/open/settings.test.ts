import { describe, expect, it } from 'vitest'
import { candidateSettings, chooseSettings } from '../../../src/engine/open/settings.js'
import { UsageError } from '../../../src/errors.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { behindAtan, describedNetwork } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const MEBIBYTE = 1024 * 1024
const inFolder = temporaryFolder()

const network = (mebibytes: number, batch: number | null = null) =>
  describedNetwork({
    onnxPath: 'models/tiny-alexnet.onnx',
    input: { ...imagenetInput, batch },
    weightsBytes: mebibytes * MEBIBYTE,
  })
const light = network(10)

/** Candidates as `workers×threads×batch`. */
const texts = (...given: Parameters<typeof candidateSettings>) =>
  candidateSettings(...given).map(({ workers, threads, batch }) => `${workers}×${threads}×${batch}`)

describe('candidate settings', () => {
  it.each([
    [{}, 4, ['4×1×32', '1×4×32', '4×1×8', '1×4×8']],
    [{}, 1, ['1×1×32', '1×1×8']],
    [{ workers: 3, threads: 2, batch: 5 }, 8, ['3×2×5']],
    [{ threads: 3, batch: 5 }, 8, ['2×3×5', '1×3×5']],
    [{ workers: 4, batch: 5 }, 8, ['4×2×5']],
    [{ workers: 16, batch: 5 }, 8, ['16×1×5']],
  ])('with %j wished on %i cores are %j', (wished, cores, expected) => {
    expect(texts(light, wished, cores)).toEqual(expected)
  })

  it("keep the workers' copies of the weights within 600 MiB, but for the one that is needed", () => {
    const most = (mebibytes: number) =>
      Math.max(...candidateSettings(network(mebibytes), {}, 16).map(({ workers }) => workers))
    expect([0, 30, 100, 300, 301, 5000].map(most)).toEqual([16, 16, 6, 2, 1, 1])
  })

  it('have small batches if a tensor behind any operator is large', async () => {
    expect(texts(await behindAtan(inFolder('atan.onnx')), {}, 2)).toEqual(['2×1×8', '1×2×8'])
  })

  it('leave out those that memory does not suffice for, unless all were', () => {
    // A worker takes three batches of 602,112 bytes an image, the weights of 10 MiB and 16 MiB.
    const bytes = (workers: number, batch: number) => workers * (3 * batch * 602_112 + 26 * MEBIBYTE)
    expect(texts(light, {}, 4, bytes(4, 32))).toHaveLength(4)
    expect(texts(light, {}, 4, bytes(4, 32) - 1)).toEqual(['1×4×32', '4×1×8', '1×4×8'])
    expect(texts(light, {}, 4, bytes(1, 8) - 1)).toHaveLength(4)
  })

  it.each([
    [{ threads: 999 }, '`threads 999` is more than the 2 cores of this machine; use at most 2'],
    [{ batch: 100_000 }, "100000 images in a batch and 1 worker do not fit into this machine's 16.0 GiB of memory"],
    [{ workers: 3000 }, /^8 images in a batch and 3000 workers .* or fewer `workers`$/],
    [{ workers: 0 }, '`workers` 0 is not a positive'],
    [{ threads: 1.5 }, '`threads` 1.5 is not a positive'],
    [{ batch: Number.NaN }, '`batch` NaN is not a positive'],
  ])('refuse %j', (wished, message) => {
    const refused = () => candidateSettings(light, wished, 2, 16 * 1024 * MEBIBYTE)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(message)
  })

  it('have the only batch that the network accepts, and refuse another', () => {
    expect(candidateSettings(network(1, 4), {}, 8).map(({ batch }) => batch)).toEqual([4, 4])
    expect(candidateSettings(network(1, 4), { batch: 4 }, 4)[0]?.batch).toBe(4)
    expect(() => candidateSettings(network(1, 4), { batch: 8 }, 4)).toThrow(UsageError)
  })
})

it.each([
  [65, {}, { workers: 2, threads: 1, batch: 32 }],
  [64, {}, { workers: 1, threads: 2, batch: 32 }],
  [4, { workers: 2 }, { workers: 2, threads: 1, batch: 32 }],
])('few images need one worker on all cores, others a worker a core: %i with %j', (images, wished, settings) => {
  expect(chooseSettings(light, images, wished, 2)).toEqual(settings)
})
