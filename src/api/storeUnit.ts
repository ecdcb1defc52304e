import { availableParallelism } from 'node:os'
import type { PlannedUnit } from '../engine/plan.js'
import type { LayerComparison, LayerFeatures } from '../engine/pool.js'
import type { Classifiers } from '../experiments/classifiers.js'
import { consistency } from '../experiments/consistency.js'
import {
  type Separability,
  type SeparabilityGrid,
  separabilityByScheme,
  type TaskSeparability,
} from '../experiments/separability.js'
import { comparedMaps, featuresAt, type SimilarityMaps, similarityMaps } from '../experiments/similarity.js'
import { argmax } from '../native.js'
import type { Network } from '../networks/index.js'
import type { Patch } from '../patches/patch.js'
import type { Progress } from '../progress.js'
import type { Unit } from '../results/unit/schema.js'
import { writeUnit } from '../results/unit/store.js'
import { type Study, unitInputs } from './studyPlan.js'

/**
 * What was computed of a layer at all positions of a unit's grid, the anchors outside it included: its features, or where
 * nothing else is needed, what a device made of them.
 */
export type LayerResponse = LayerFeatures | LayerComparison

/** What is measured of a layer. */
interface LayerMeasures {
  readonly similarity: SimilarityMaps
  /** Index of the largest feature at each position of the grid. */
  readonly strongest: Int32Array
  /** [anchors, dims] */
  readonly anchorFeatures: Float32Array
  readonly separability: Unit['layers'][number]['separability']
}

/**
 * Measures everything of one unit and stores it.
 * @param responses of every layer of the network
 * @param classifiers where those of the unit are trained
 * @throws InputError that names the position of an all-zero or non-finite feature; OutputError
 */
export async function storeUnit(
  study: Study,
  unit: PlannedUnit,
  responses: readonly LayerResponse[],
  progress: Progress,
  classifiers: Classifiers,
): Promise<void> {
  const { grid } = unit
  const positions = grid.rows * grid.cols
  const mapLength = grid.anchors.length * positions
  const maps = new Float32Array(responses.length * mapLength)
  const anchorFeatures: Float32Array[] = []
  const features: Float32Array[] = []
  const layers: Unit['layers'] = []
  for (const [i, response] of responses.entries()) {
    const { name, dims } = response
    const measured =
      'matrix' in response
        ? await measureFeatures(study, unit, response, classifiers)
        : measureComparison(unit, response)
    maps.set(measured.similarity.maps, i * mapLength)
    anchorFeatures.push(measured.anchorFeatures)
    if ('matrix' in response) features.push(response.matrix.subarray(0, positions * dims))
    layers.push({
      name,
      dims,
      similarity: measured.similarity.anchors,
      consistency: consistency(measured.strongest, grid),
      separability: measured.separability,
    })
  }
  const described = { inputs: unitInputs(study, unit), rows: grid.rows, cols: grid.cols, layers }
  const stored = await writeUnit(study.out, described, {
    maps,
    anchorFeatures,
    ...(study.keepsFeatures && { features }),
  })
  noteUnsolved(stored, progress)
}

async function measureFeatures(
  study: Study,
  { network, patch, grid }: PlannedUnit,
  { name, dims, matrix }: LayerFeatures,
  classifiers: Classifiers,
): Promise<LayerMeasures> {
  const onGrid = { ...grid, layer: titleOf(network, name, patch), matrix, dims }
  const threads = availableParallelism()
  const rows = grid.rows * grid.cols
  return {
    similarity: await similarityMaps(onGrid, threads),
    strongest: await argmax({ features: matrix.subarray(0, rows * dims), rows, dims, threads }),
    anchorFeatures: featuresAt(matrix, dims, grid.anchors),
    separability: await separabilityOf(study, onGrid, classifiers),
  }
}

function measureComparison({ network, patch, grid }: PlannedUnit, compared: LayerComparison): LayerMeasures {
  const { name, strongest, anchorFeatures } = compared
  return {
    similarity: comparedMaps({ ...grid, ...compared, layer: titleOf(network, name, patch) }),
    strongest,
    anchorFeatures,
    separability: {},
  }
}

/** How messages name a layer of a unit. */
function titleOf(network: Network, layer: string, patch: Patch): string {
  return `${network.id} ${layer}, patch ${patch.name}`
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
