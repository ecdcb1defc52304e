import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { readNpy } from '../../../src/files/npy.js'
import { reproduce } from '../../../src/study/maps/reproduce.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const SHARED = fileURLToPath(new URL('../../../../shared/data', import.meta.url))
const WEIGHTS = join(SHARED, 'mobilenet_v2-dequantised.pth')
const STRIDE = 4
const SIDE = Math.ceil(125 / STRIDE)

const present = existsSync(WEIGHTS)
if (!present) console.warn(`skipped: the authors' berry maps need ${SHARED}, which is not here`)

/** The authors' published map as value at (row, col), 125×125. */
async function publishedMap(anchor: 'tl' | 'c'): Promise<(row: number, col: number) => number> {
  const text = await readFile(join(SHARED, 'berry', `mobilev2-fc-berry-${anchor}-d3.csv`), 'utf8')
  const values = new Map<string, number>()
  for (const line of text.trim().split('\n').slice(1)) {
    const [row, col, value] = line.split(',').map(Number)
    values.set(`${row} ${col}`, value as number)
  }
  return (row, col) => values.get(`${row} ${col}`) as number
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanA, meanB] = [mean(a), mean(b)]
  const product = (x: readonly number[], meanX: number, y: readonly number[], meanY: number) =>
    x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] as number) - meanY), 0)
  return product(a, meanA, b, meanB) / Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB))
}

describe.skipIf(!present)('MobileNetV2 on the authors’ berry', () => {
  const inFolder = sharedFolder()

  beforeAll(async () => {
    await reproduce({
      models: ['mobilenet_v2'],
      weights: { mobilenet_v2: WEIGHTS },
      patches: join(SHARED, 'berry', 'berry-100-on-white.png'),
      sizes: [100],
      stride: STRIDE,
      experiments: ['similarity'],
      out: inFolder(),
    })
  })

  it.each([
    ['tl', 0],
    ['c', 2],
  ] as const)('agrees with their published map, anchor %s', async (anchor, index) => {
    const { shape, data } = await readNpy(inFolder('units/mobilenet_v2/100/berry-100-on-white/similarity.npy'))
    expect(shape).toEqual([1, 5, SIDE, SIDE])
    const published = await publishedMap(anchor)
    const theirs: number[] = []
    for (let row = 0; row < SIDE; row++)
      for (let col = 0; col < SIDE; col++) theirs.push(published(row * STRIDE, col * STRIDE))
    const ours = [...data.subarray(index * SIDE ** 2, (index + 1) * SIDE ** 2)]
    const difference = ours.reduce((sum, value, i) => sum + Math.abs(value - (theirs[i] as number)), 0) / ours.length
    // Their network has float weights, ours went through int8: on the whole map 0.84 and 0.012 were measured.
    expect(pearson(ours, theirs)).toBeGreaterThan(0.8)
    expect(difference).toBeLessThan(0.015)
  })
})
