import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ARITHMETIC_SCENES } from '../../../src/experiments/arithmeticScenes.js'
import { writeReport } from '../../../src/report/report.js'
import { type Unit, unitSchema } from '../../../src/results/unit/schema.js'
import { writeUnit } from '../../../src/results/unit/store.js'
import { studyStatus } from '../../../src/study/status.js'
import { arraysOf, madeUnit } from '../../support/unit.js'
import { disturb, oddText } from '../documents.js'
import type { Random } from '../random.js'
import { placeFiles, type Reader } from '../reader.js'
import { accuracyDocument, expressionDocument } from './arithmetic.js'
import { sealed } from './units.js'

type Made = Omit<Unit, 'arrays'>

/** Results folders of units and arithmetic that are whole, but of odd names and numbers, up to the report. */
export const reports: Reader = {
  name: 'reports',
  isExpensive: true,
  open: (parent) => {
    const results = join(parent, 'results')
    return {
      draw: (random) => ({
        kind: 'study',
        files: {
          'units.json': JSON.stringify(Array.from({ length: 1 + random.below(3) }, () => drawUnit(random))),
          'accuracy.json': JSON.stringify(sealed(disturb(accuracyDocument(), random))),
          'arithmetic.json': JSON.stringify(sealed(disturb(expressionDocument(), random))),
        },
      }),
      read: async ({ kind, files }) => {
        rmSync(results, { recursive: true, force: true })
        const { 'units.json': units = '[]', ...arithmetic } = files
        // Units as the program could have written them; another is refused as one that was damaged.
        const whole = (JSON.parse(String(units)) as Made[]).filter(
          (unit) => unitSchema.safeParse({ ...unit, arrays: {} }).success,
        )
        for (const unit of whole) await storeUnit(results, unit)
        const folder = join(results, 'arithmetic', 'net')
        const scene = join(folder, (ARITHMETIC_SCENES[0] as (typeof ARITHMETIC_SCENES)[number]).name)
        mkdirSync(scene, { recursive: true })
        writeFileSync(join(scene, 'fc6-result.npy'), 'features')
        placeFiles(folder, { kind, files: { 'accuracy.json': arithmetic['accuracy.json'] ?? '' } })
        placeFiles(scene, { kind, files: { 'arithmetic.json': arithmetic['arithmetic.json'] ?? '' } })
        await studyStatus(results).catch(() => undefined)
        const { rows } = await writeReport(results)
        return rows.every(({ mean }) => Number.isFinite(mean)) ? [] : ['a mean is not finite']
      },
    }
  },
}

/** Arrays of the unit's own extents, where these are small. */
async function storeUnit(results: string, unit: Made): Promise<void> {
  const length = unit.layers.length * 5 * unit.rows * unit.cols
  const isSmall = unit.rows * unit.cols <= 10_000 && unit.layers.every(({ dims }) => dims <= 1000)
  if (!isSmall || unit.inputs.keepsFeatures) return
  const maps = Float32Array.from({ length }, (_, i) => 0.5 + (i % 50) / 100)
  await writeUnit(results, unit, arraysOf(unit, maps))
}

function drawUnit(random: Random): Made {
  const name = (usual: string) => (random.chance(0.9) ? usual : oddText(random))
  const { unit } = madeUnit({
    model: name('alexnet'),
    patch: name(random.pick(['car', 'dog', 'cat'])),
    layers: [...new Set([name('fc6'), name('fc8')])],
    category: random.chance(0.5) ? name('car') : null,
    background: name('white'),
    stride: random.pick([1, 4, 50]),
    ...(random.chance(0.3) && { separability: { loss: 'hinge', C: 1, seed: 0, cv: ['ordered'] } }),
  })
  return disturb(structuredClone(unit), random)
}
