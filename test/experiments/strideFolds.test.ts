import { describe, expect, it } from 'vitest'
import { foldPrediction, strideFolds, subGrid } from '../../src/experiments/strideFolds.js'
import { positionFeatures } from '../support/features.js'

const SIDE = 25
const STRIDE = 4

/** Features of a network: the position, or nothing but its phase as a point on a circle for each axis. */
function gridOf(kind: 'position' | 'phase') {
  const position = positionFeatures(SIDE, SIDE)
  const angle = (index: number) => (2 * Math.PI * STRIDE * index) / 32
  const circles = [...position].flatMap((index) => [Math.cos(angle(index)), Math.sin(angle(index))])
  const matrix = kind === 'position' ? position : Float32Array.from(circles)
  return { layer: kind, rows: SIDE, cols: SIDE, stride: STRIDE, dims: matrix.length / SIDE ** 2, matrix }
}

describe('folds of sub-grids', () => {
  it('are of strides that leave 8 rows, and the made-up feature that the network has predicts them best', async () => {
    const [position, phase] = await Promise.all(
      (['position', 'phase'] as const).map((kind) => strideFolds(gridOf(kind))),
    )
    expect(position?.map(({ stride, rows }) => [stride, rows])).toEqual([
      [4, 25],
      [8, 13],
      [12, 9],
    ])
    const byPosition = foldPrediction(position ?? [])
    expect(byPosition?.folds).toBe(15)
    expect(byPosition?.position).toBeLessThan(0.1)
    expect(byPosition?.phase).toBeGreaterThan(0.3)
    const byPhase = foldPrediction(phase ?? [])
    expect(byPhase?.phase).toBeLessThan(byPhase?.position as number)
  })

  it('take every twelfth row and column from the first on', () => {
    const { rows, cols, stride, matrix } = subGrid(gridOf('position'), 12)
    expect({ rows, cols, stride }).toEqual({ rows: 3, cols: 3, stride: 48 })
    expect([...matrix.subarray(0, 8)]).toEqual([0, 0, 0, 12, 0, 24, 12, 0])
  })

  it('predict nothing where no grid is large enough', async () => {
    expect(foldPrediction(await strideFolds({ ...gridOf('position'), rows: 7, cols: 7 }))).toBeUndefined()
  })
})
