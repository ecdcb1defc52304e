import { describe, expect, it } from 'vitest'
import { checkMemory } from '../../../src/engine/open/machineMemory.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { UsageError } from '../../../src/errors.js'
import type { Network } from '../../../src/network.js'
import type { Patch } from '../../../src/patches/patch.js'
import { resolveOptions } from '../../../src/study/maps/options.js'
import { arrayBytes, planUnits } from '../../../src/study/maps/units.js'
import { imagenetInput } from '../../support/imagenetInput.js'

function network(id: string, dims: readonly number[], frame = 224): Network {
  const layers = dims.map((dims, i) => ({ name: `layer${i}`, dims }))
  const input = { ...imagenetInput, rows: frame, cols: frame }
  const weights = { weightsPath: `${id}.pth`, weightsSha256: id, weightsBytes: 1 }
  return { id, title: id, onnxPath: `${id}.onnx`, layers, input, inputSource: 'catalog', ...weights }
}

function patch(name: string, size: number): Patch {
  return { name, size, rgba: new Uint8Array(size * size * 4), sha256: `${name} ${size}` }
}

function planned(networks: readonly Network[], patches: readonly Patch[], stride: number) {
  const background = { identity: 'white', background: { rgb: [255, 255, 255] } as const }
  const backgrounds = new Map(networks.map(({ input }) => [input.rows, background]))
  const options = resolveOptions({ stride, experiments: ['similarity'] })
  return planUnits('out', networks, { patches, patchesOf: () => patches, backgrounds }, options)
}

describe('plan', () => {
  const networks = [network('first', [4096, 4096, 1000]), network('second', [1000])]
  const patches = [patch('a', 125), patch('b', 125), patch('a', 75)]

  it('has every network × patch once, one network after the other, patches in their order', () => {
    const units = planned(networks, patches, 1).map(({ network, patch }) => `${network.id} ${patch.name} ${patch.size}`)
    const expected = ['first', 'second'].flatMap((id) => ['a 125', 'b 125', 'a 75'].map((patch) => `${id} ${patch}`))
    expect(units).toEqual(expected)
    expect(planned([], patches, 1)).toEqual([])
    expect(planned(networks, [], 1)).toEqual([])
  })

  it("has the paper's 6.5 million images: 10 classes × 20 patches × both sizes", () => {
    const images = planned(networks.slice(0, 1), patches.slice(1), 1).map(({ images }) => images)
    expect(images.reduce((a, b) => a + b) * 10 * 20).toBe(6_500_000)
  })

  it('shares one grid among units of equal frame and size, and no other', () => {
    const [a, b, small] = planned(networks, patches, 1)
    expect(a?.grid).toBe(b?.grid)
    expect(a?.grid).not.toBe(small?.grid)
    const [large, other] = planned([network('large', [1]), network('other', [1], 227)], [patch('a', 125)], 1)
    expect([large?.grid.rows, other?.grid.rows]).toEqual([100, 103])
  })

  it('counts images and bytes: anchors outside the grid are computed, but no part of the maps', () => {
    const [unit] = planned(networks, patches, 4)
    if (unit === undefined) throw new Error('no unit')
    expect(unit.images).toBe(25 * 25 + 4)
    expect(arrayBytes(unit)).toBe((3 * 5 * 25 * 25 + 5 * 9192) * 4)
  })

  it('refuses features that do not fit into the memory, and names the widest layer', () => {
    const [large, grid] = [network('conv', [1000, 193_600]), positionGrid(224, 75, 1)]
    expect(() => checkMemory(large, grid, 20 * 2 ** 30)).not.toThrow()
    const refused = () => checkMemory(large, grid, 16 * 2 ** 30)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(
      /^conv: weights and features of 22500 positions need 16.3 GiB, .* 16.0 GiB .* layer1 \(193600/,
    )
  })
})
