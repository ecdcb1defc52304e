import { availableParallelism } from 'node:os'
import type { PlannedUnit } from '../engine/plan.js'
import type { LayerFeatures } from '../engine/pool.js'
import type { Classifiers } from '../experiments/classifiers.js'
import { consistency } from '../experiments/consistency.js'
import {
  type Separability,
  type SeparabilityGrid,
  separabilityByScheme,
  type TaskSeparability,
} from '../experiments/separability.js'
import { featuresAt, similarityMaps } from '../experiments/similarity.js'
import { argmax } from '../native.js'
import type { Progress } from '../progress.js'
import { type Unit, writeUnit } from '../results/unit.js'
import { type Study, unitInputs } from './studyPlan.js'

/**
 * Measures everything of one unit and stores it.
 * @param features of every layer of the network, [positions of the unit's grid, dims]
 * @param classifiers where those of the unit are trained
 * @throws InputError that names the position of an all-zero or non-finite feature; OutputError
 */
export async function storeUnit(
  study: Study,
  unit: PlannedUnit,
  features: readonly LayerFeatures[],
  progress: Progress,
  classifiers: Classifiers,
): Promise<void> {
  const { network, patch, grid } = unit
  const positions = grid.rows * grid.cols
  const mapLength = grid.anchors.length * positions
  const maps = new Float32Array(features.length * mapLength)
  const anchorFeatures: Float32Array[] = []
  const layers: Unit['layers'] = []
  for (const [i, { name, dims, matrix }] of features.entries()) {
    const onGrid = { layer: `${network.id} ${name}, patch ${patch.name}`, matrix, dims, ...grid }
    const threads = availableParallelism()
    const similarity = await similarityMaps(onGrid, threads)
    const strongest = await argmax({ features: matrix.subarray(0, positions * dims), rows: positions, dims, threads })
    maps.set(similarity.maps, i * mapLength)
    anchorFeatures.push(featuresAt(matrix, dims, grid.anchors))
    layers.push({
      name,
      dims,
      similarity: similarity.anchors,
      consistency: consistency(strongest, grid),
      separability: await separabilityOf(study, onGrid, classifiers),
    })
  }
  const described = { inputs: unitInputs(study, unit), rows: grid.rows, cols: grid.cols, layers }
  const onGrid = features.map(({ matrix, dims }) => matrix.subarray(0, positions * dims))
  const stored = await writeUnit(study.out, described, {
    maps,
    anchorFeatures,
    ...(study.keepsFeatures && { features: onGrid }),
  })
  noteUnsolved(stored, progress)
}

/** Cross-validation under every fold scheme of the study, as unit.json holds it. */
async function separabilityOf(
  { separability: classifier }: Study,
  grid: SeparabilityGrid,
  classifiers: Classifiers,
): Promise<Unit['layers'][number]['separability']> {
  if (classifier === null) return {}
  const { cv: schemes, loss, C, seed } = classifier
  const results = await classifiers.train((where) =>
    separabilityByScheme(grid, schemes, { loss, C, seed, threads: availableParallelism(), ...where }),
  )
  const stored = ({ folds, mean, std, gaps, notConverged }: TaskSeparability) => ({
    folds: [...folds],
    mean,
    std,
    gap: Math.max(...gaps),
    notConverged: [...notConverged],
  })
  return Object.fromEntries(
    schemes.map((scheme, i) => {
      const result = results[i] as Separability
      return [scheme, { 'left-right': stored(result['left-right']), 'top-bottom': stored(result['top-bottom']) }]
    }),
  )
}

/** A classifier that did not converge is never passed over in silence. */
function noteUnsolved({ inputs, layers }: Unit, progress: Progress): void {
  for (const { name, separability } of layers) {
    for (const [scheme, tasks] of Object.entries(separability)) {
      for (const [task, { gap, notConverged }] of Object.entries(tasks)) {
        if (notConverged.length === 0) continue
        progress.note(
          `${inputs.model} ${name}, patch ${inputs.patch}, size ${inputs.size}: ${task} ${scheme}: ${notConverged.length} classifiers did not converge, largest gap ${gap.toExponential(1)}`,
        )
      }
    }
  }
}
