import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidateSettings, chooseSettings } from '../../src/engine/settings.js'
import { UsageError } from '../../src/errors.js'
import { imagenetInput, type Network } from '../../src/networks/network.js'
import { randomCases } from '../support/randomCases.js'

const MEBIBYTE = 1024 * 1024

function network(mebibytes: number, batch: number | null = null): Network {
  return {
    ...{ id: 'network', title: 'Network', onnxPath: 'network.onnx', inputSource: 'catalog' },
    layers: [{ name: 'fc', dims: 10 }],
    input: { ...imagenetInput, batch },
    ...{ weightsPath: 'network.onnx', weightsSha256: '', weightsBytes: mebibytes * MEBIBYTE },
  }
}

const light = network(10)

describe('candidate settings', () => {
  it('of a light network are a worker a core, then one worker on all cores, in each batch size', () => {
    expect(candidateSettings(light, {}, 4)).toEqual([
      { workers: 4, threads: 1, batch: 32 },
      { workers: 1, threads: 4, batch: 32 },
      { workers: 4, threads: 1, batch: 8 },
      { workers: 1, threads: 4, batch: 8 },
    ])
    const one = { workers: 1, threads: 1 }
    expect(candidateSettings(light, {}, 1)).toEqual([
      { ...one, batch: 32 },
      { ...one, batch: 8 },
    ])
  })

  it.each([
    [{ workers: 3, threads: 2, batch: 5 }, [{ workers: 3, threads: 2, batch: 5 }]],
    [
      { threads: 3, batch: 5 },
      [
        { workers: 2, threads: 3, batch: 5 },
        { workers: 1, threads: 3, batch: 5 },
      ],
    ],
    [{ workers: 4, batch: 5 }, [{ workers: 4, threads: 2, batch: 5 }]],
    [{ workers: 16, batch: 5 }, [{ workers: 16, threads: 1, batch: 5 }]],
  ])('keep to what was wished: %j', (wished, settings) => {
    expect(candidateSettings(light, wished, 8)).toEqual(settings)
  })

  it('never ask for more threads than there are cores, unless both numbers were wished so', () => {
    const whole = fc.integer({ min: 1, max: 64 })
    const wishes = fc.record({ workers: whole, threads: whole, batch: whole }, { requiredKeys: [] })
    fc.assert(
      fc.property(wishes, whole, fc.integer({ min: 0, max: 2000 }), (wished, cores, mebibytes) => {
        fc.pre((wished.threads ?? 1) <= cores)
        const candidates = candidateSettings(network(mebibytes), wished, cores, Number.POSITIVE_INFINITY)
        expect(candidates.length).toBeGreaterThan(0)
        expect(new Set(candidates.map((one) => JSON.stringify(one))).size).toBe(candidates.length)
        const most = Math.max(cores, (wished.workers ?? 1) * (wished.threads ?? 1))
        for (const settings of candidates) {
          expect(settings).toMatchObject(wished)
          expect(settings.workers * settings.threads).toBeLessThanOrEqual(most)
        }
      }),
      { numRuns: randomCases(50) },
    )
  })

  it("keep the workers' copies of the weights within 600 MiB, but for the one that is needed", () => {
    const most = (mebibytes: number) =>
      Math.max(...candidateSettings(network(mebibytes), {}, 16).map(({ workers }) => workers))
    expect([0, 30, 100, 300, 301, 5000].map(most)).toEqual([16, 16, 6, 2, 1, 1])
  })

  it('leave out those that memory does not suffice for, unless all were', () => {
    // A worker takes three batches of 602,112 bytes an image, the weights of 10 MiB and 16 MiB.
    const bytes = (workers: number, batch: number) => workers * (3 * batch * 602_112 + 26 * MEBIBYTE)
    const fitting = (memory: number) =>
      candidateSettings(light, {}, 4, memory).map(({ workers, batch }) => [workers, batch])
    expect(fitting(bytes(4, 32))).toHaveLength(4)
    expect(fitting(bytes(4, 32) - 1)).toEqual([
      [1, 32],
      [4, 8],
      [1, 8],
    ])
    expect(fitting(bytes(1, 8) - 1)).toHaveLength(4)
  })

  it.each([
    [{ threads: 999 }, '`threads 999` is more than the 2 cores of this machine; use at most 2, or leave it out'],
    [
      { batch: 100_000 },
      "100000 images in a batch and 1 worker do not fit into this machine's 16.0 GiB of memory; use a",
    ],
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

describe('chosen settings', () => {
  it.each([
    [100_000, {}, { workers: 2, threads: 1, batch: 32 }],
    [65, {}, { workers: 2, threads: 1, batch: 32 }],
    [64, {}, { workers: 1, threads: 2, batch: 32 }],
    [4, { workers: 2 }, { workers: 2, threads: 1, batch: 32 }],
  ])('are a worker a core, and one worker on all cores for a few images: %i with %j', (images, wished, settings) => {
    expect(chooseSettings(light, images, wished, 2)).toEqual(settings)
  })
})
