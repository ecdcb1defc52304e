import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { candidateSettings, chooseSettings } from '../../src/engine/settings.js'
import { UsageError } from '../../src/errors.js'
import { imagenetInput, type Network } from '../../src/networks/network.js'

function network(weightsBytes: number, batch: number | null = null): Network {
  return {
    id: 'network',
    title: 'Network',
    onnxPath: 'network.onnx',
    layers: [{ name: 'fc', dims: 10 }],
    input: { ...imagenetInput, batch },
    inputSource: 'catalog',
    weightsPath: 'network.onnx',
    weightsSha256: '',
    weightsBytes,
  }
}

const MEBIBYTE = 1024 * 1024
const light = network(10 * MEBIBYTE)
const whole = fc.integer({ min: 1, max: 64 })
const wishes = fc.record({ workers: whole, threads: whole, batch: whole }, { requiredKeys: [] })

describe('candidate settings', () => {
  it('of a light network are a worker a core, then one worker on all cores, in each batch size', () => {
    expect(candidateSettings(light, {}, 4)).toEqual([
      { workers: 4, threads: 1, batch: 32 },
      { workers: 1, threads: 4, batch: 32 },
      { workers: 4, threads: 1, batch: 8 },
      { workers: 1, threads: 4, batch: 8 },
    ])
    expect(candidateSettings(light, {}, 1).map(({ workers, threads }) => [workers, threads])).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it('are refused with more threads than the machine has cores', () => {
    expect(() => candidateSettings(light, { threads: 999 }, 2)).toThrow(
      '`threads 999` is more than the 2 cores of this machine; use at most 2, or leave it out',
    )
  })

  it('are refused where batches or workers cannot fit into memory', () => {
    expect(() => candidateSettings(light, { batch: 100_000 }, 2, 16 * 1024 * MEBIBYTE)).toThrow(UsageError)
    expect(() => candidateSettings(light, { workers: 3000 }, 2, 16 * 1024 * MEBIBYTE)).toThrow(/fewer `workers`/)
  })

  it('never ask for more threads than there are cores, unless both numbers were wished so', () => {
    fc.assert(
      fc.property(wishes, whole, fc.integer({ min: 0, max: 2000 }), (wished, cores, mebibytes) => {
        fc.pre((wished.threads ?? 1) <= cores)
        const candidates = candidateSettings(network(mebibytes * MEBIBYTE), wished, cores, Number.POSITIVE_INFINITY)
        expect(candidates.length).toBeGreaterThan(0)
        for (const { workers, threads, batch } of candidates) {
          for (const value of [workers, threads, batch]) expect(Number.isInteger(value) && value >= 1).toBe(true)
          expect(workers * threads).toBeLessThanOrEqual(Math.max(cores, (wished.workers ?? 1) * (wished.threads ?? 1)))
        }
      }),
    )
  })

  it('keep to what was wished', () => {
    fc.assert(
      fc.property(wishes, whole, (wished, cores) => {
        fc.pre((wished.threads ?? 1) <= cores)
        for (const settings of candidateSettings(light, wished, cores, Number.POSITIVE_INFINITY))
          expect(settings).toMatchObject(wished)
      }),
    )
    expect(candidateSettings(light, { workers: 3, threads: 2, batch: 5 }, 4)).toEqual([
      { workers: 3, threads: 2, batch: 5 },
    ])
  })

  it("keep the workers' copies of the weights within 600 MiB, but for the one that is needed", () => {
    const most = (mebibytes: number) =>
      Math.max(...candidateSettings(network(mebibytes * MEBIBYTE), {}, 16).map(({ workers }) => workers))
    expect([0, 30, 100, 233, 301, 5000].map(most)).toEqual([16, 16, 6, 2, 1, 1])
  })

  it('have the only batch that the network accepts', () => {
    expect(new Set(candidateSettings(network(1, 4), {}, 8).map(({ batch }) => batch))).toEqual(new Set([4]))
  })

  it('are never the same twice', () => {
    fc.assert(
      fc.property(wishes, whole, (wished, cores) => {
        fc.pre((wished.threads ?? 1) <= cores)
        const candidates = candidateSettings(light, wished, cores, Number.POSITIVE_INFINITY).map((settings) =>
          JSON.stringify(settings),
        )
        expect(new Set(candidates).size).toBe(candidates.length)
      }),
    )
  })

  it.each(['workers', 'threads', 'batch'])('refuse %s that is no positive whole number', (name) => {
    for (const value of [0, -1, 1.5, Number.NaN]) {
      expect(() => candidateSettings(light, { [name]: value }, 4)).toThrow(UsageError)
      expect(() => candidateSettings(light, { [name]: value }, 4)).toThrow(`\`${name}\` ${value} is not a positive`)
    }
  })

  it('refuse a wished batch that the network does not accept', () => {
    expect(() => candidateSettings(network(1, 4), { batch: 8 }, 4)).toThrow(UsageError)
    expect(candidateSettings(network(1, 4), { batch: 4 }, 4)[0]?.batch).toBe(4)
  })
})

describe('chosen settings', () => {
  it('are a worker a core, and one worker on all cores for a few images', () => {
    const choose = (images: number, wished = {}) => chooseSettings(light, images, wished, 2)
    expect(choose(100_000)).toEqual({ workers: 2, threads: 1, batch: 32 })
    expect(choose(100)).toEqual({ workers: 2, threads: 1, batch: 32 })
    expect(choose(4)).toEqual({ workers: 1, threads: 2, batch: 32 })
    expect(choose(4, { workers: 2 })).toEqual({ workers: 2, threads: 1, batch: 32 })
  })
})
