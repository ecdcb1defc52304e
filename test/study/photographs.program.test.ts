import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { modelsFolder } from '../../src/files/package.js'
import { isRightAnswer } from '../../src/networks/index.js'
import { openResults } from '../../src/results/openResults.js'
import type { OpenUnit } from '../../src/results/unit/open.js'
import type { ReproduceOptions } from '../../src/study/options.js'
import { reproduce } from '../../src/study/run.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { byText } from '../support/unit.js'

const folder = sharedFolder()

/** Two photographs, each of two objects. One is in a folder with the name of a category. */
async function drawPhotographs(): Promise<string> {
  mkdirSync(folder('photographs/clock'), { recursive: true })
  const objects = { 'a.png': ['orange', 'banana'], 'clock/b.png': ['dog', 'clock'] } as const
  for (const [name, both] of Object.entries(objects)) {
    const parts = both.map(async (object, i) => {
      const input = await sharp(join(modelsFolder(), 'patches', `${object}.png`))
        .resize(130, 130)
        .toBuffer()
      return { input, left: 130 * i, top: 40 + 60 * i }
    })
    await sharp({ create: { width: 260, height: 260, channels: 4, background: '#fff' } })
      .composite(await Promise.all(parts))
      .png()
      .toFile(folder(`photographs/${name}`))
  }
  return folder('photographs')
}

async function unitsOf(out: string, changes: Partial<ReproduceOptions>): Promise<readonly OpenUnit[]> {
  const photographs = await drawPhotographs()
  await reproduce({ models: ['tiny-alexnet'], photographs, out: folder(out), workers: 1, device: 'cpu', ...changes })
  const units: OpenUnit[] = []
  for await (const unit of openResults(folder(out))) units.push(unit)
  return units
}

async function measuresOf(unit: OpenUnit) {
  const [answers, measures] = [await unit.answers('fc8'), await unit.measures()]
  const classes = [...(answers?.data.subarray(0, unit.rows * unit.cols) ?? [])]
  return { classes, names: unit.layers.at(-1)?.answers?.names ?? {}, measures: byText(measures.at(-1)) }
}

it('a study of two photographs and an object at a coarse stride tells them apart everywhere', async () => {
  const objects = { patches: 'dog', sizes: [75], stride: 16 }
  const units = await unitsOf('both', { ...objects, experiments: ['similarity', 'separability'] })
  expect(units.map(({ inputs, rows }) => [inputs.patch, inputs.category, rows])).toEqual([
    ['a.png', null, 3],
    ['clock/b.png', 'clock', 3],
    ['dog', 'dog', 10],
  ])
  for (const unit of units.slice(0, 2)) {
    const { classes, names, measures } = await measuresOf(unit)
    const center = classes[4]
    expect(measures['answer-kept']?.center).toBeCloseTo(classes.filter((one) => one === center).length / 9, 12)
    const { category } = unit.inputs
    const right = classes.filter((one) => isRightAnswer(category, names[one] ?? '', [names[one] ?? '']))
    expect(measures['answer-accuracy']).toEqual(
      category === null ? undefined : { '': expect.closeTo(right.length / 9, 12) },
    )
    // The clock is recognised at some windows only.
    if (category !== null) expect([0, 9]).not.toContain(right.length)
    expect(measures['answer-always-right']).toEqual(category === null ? undefined : { '': 0 })
    for (const name of ['crop-agreement', 'separability-accuracy', 'phase-accuracy', 'jaggedness'])
      expect(measures).not.toHaveProperty(name)
  }
  const text = (file: string) => readFileSync(folder(`both/${file}`), 'utf8')
  expect(text('tables/similarity-photographs.md')).toMatch(/^# Mean cosine similarity to each anchor, photographs$/m)
  expect(text('tables/table-2-similarity-75.md')).not.toContain('different settings')
  expect(text('tables/table-4-separability-75.md')).toContain('| tiny-alexnet | fc8 |')
  expect(text('findings.md')).toContain('because fewer than 5 objects were measured')
  expect(text('findings.md')).toContain('because fewer than 5 photographs were measured')
  expect(text('index.html')).toContain('All mean maps')
})

it('a photograph at stride 1 has the exact agreement and changes of its windows', async () => {
  const units = await unitsOf('fine', { margin: 16, experiments: ['similarity'] })
  expect(units.map(({ rows }) => rows)).toEqual([17, 17])
  for (const unit of units) {
    const { classes, measures } = await measuresOf(unit)
    const at = (row: number, col: number) => classes[17 * row + col]
    const places = classes.map((_, i) => [Math.trunc(i / 17), i % 17] as const)
    const drawn = places.filter(([row, col]) => row > 0 && col > 0).map(([row, col]) => at(row, col))
    const equal = drawn.flatMap((one) => drawn.filter((other) => other === one))
    expect(measures['crop-agreement']?.['']).toBeCloseTo(equal.length / 256 ** 2, 12)
    for (const [direction, down, right] of [
      ['horizontal', 0, 1],
      ['vertical', 1, 0],
      ['diagonal', 1, 1],
    ] as const) {
      const pairs = places.filter(([row, col]) => row + down < 17 && col + right < 17)
      const changed = pairs.filter(([row, col]) => at(row, col) !== at(row + down, col + right))
      expect(measures['answer-change']?.[`${direction} 1px`]).toBeCloseTo(changed.length / pairs.length, 12)
    }
  }
  expect(readFileSync(folder('fine/tables/windows-photographs-16.md'), 'utf8')).toContain(
    '# Answers at all windows, photographs with a margin of 16 px',
  )
})
