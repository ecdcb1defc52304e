import type { Features } from '../../engine/features/features.js'
import type { ComparedLayer } from '../../experiments/answers/headRow.js'
import { answerNames, comparedFeatures, sightingsOf } from '../../experiments/answers/heads.js'
import type { Classifiers } from '../../experiments/classifiers/classifiers.js'
import { coarseGrid, foldBaselines, meanAccuracy, USUAL_PERIOD } from '../../experiments/classifiers/foldBaselines.js'
import { separabilityByScheme, type TaskSeparability } from '../../experiments/classifiers/separability.js'
import { foldPrediction, strideFolds } from '../../experiments/classifiers/strideFolds.js'
import { measureFeatures } from '../../experiments/featureMeasures.js'
import type { ExperimentPlace } from '../../experiments/maps/card.js'
import { extractedGrid } from '../../experiments/maps/cosines.js'
import type { EquivarianceError } from '../../experiments/maps/equivariance.js'
import type { LayerGrid } from '../../experiments/maps/grid.js'
import { sketchOf } from '../../experiments/maps/sketch.js'
import { positionReadout } from '../../experiments/readout/readout.js'
import { type Network, outputOf } from '../../network.js'
import { classesOfObject } from '../../networks/classes/words.js'
import { networkGraph } from '../../onnx/graph/analysis.js'
import { strideOf } from '../../onnx/graph/spacing.js'
import type { Progress } from '../../progress.js'
import { writeUnit } from '../../results/store/units.js'
import { assembleUnit, type LayerParts } from '../../results/unit/assemble.js'
import type { Unit, UnitInputs } from '../../results/unit/schema.js'
import { availableCores } from '../../support/machine.js'
import { counted } from '../../support/text.js'
import type { PlannedUnit } from './units.js'

/** Features of a unit, and its equivariance errors, which can be measured only while the network is open. */
interface ExtractedUnit extends Features {
  /** Equivariance errors of each layer; empty if they are not measured. */
  readonly equivariance: readonly (readonly EquivarianceError[])[]
}

/** Runs all experiments of a study on one unit's features, stores the results, then releases the features. */
export async function measureAndStore(
  study: { readonly out: string },
  unit: PlannedUnit,
  features: ExtractedUnit,
  progress: Progress,
  classifiers: Classifiers,
): Promise<void> {
  const { grid, network, inputs } = unit
  const parts: LayerParts[] = []
  const layers = features.layers.map((layer) => comparedFeatures(layer, network.head))
  for (const [i, layer] of layers.entries()) {
    const measured = await layerParts(unit, layer, classifiers)
    parts.push({ ...measured, equivariance: features.equivariance[i] })
  }
  const { unit: made, arrays } = assembleUnit(
    inputs,
    { ...grid, frame: network.input.rows },
    parts,
    answerNames(network),
  )
  const kept = inputs.keepsFeatures && {
    features: layers.map(({ matrix, dims }) => matrix.subarray(0, grid.rows * grid.cols * dims)),
  }
  const stored = await writeUnit(study.out, made, { ...arrays, ...kept })
  features.release()
  noteUnsolved(stored, progress)
  noteCoarse(study, stored, progress)
}

async function layerParts(
  { network, patch, grid, inputs }: PlannedUnit,
  layer: ComparedLayer,
  classifiers: Classifiers,
): Promise<LayerParts> {
  const { name } = layer
  const onGrid = extractedGrid(grid, layer, `${network.id} ${name}, object ${patch.name}`)
  const scores = name === network.classes?.layer ? network.classes.scores : undefined
  const { classes, head } = network
  const right = head && patch.category ? classesOfObject(patch.category, classes?.names ?? []) : undefined
  const seen = sightingsOf(grid, layer, network, patch.size, right)
  const isMap = network.layers.find((one) => one.name === name)?.isMap
  const named = { name, dims: layer.dims, ...(isMap && { isMap: true as const }) }
  const measure = async (place: ExperimentPlace) => ({
    ...(await measureFeatures(onGrid, scores, place, seen)),
    separability: await separabilityOf(inputs, onGrid, place),
  })
  const period = periodOf(network, name)
  // If no classifiers are trained, the cosines are computed on the processor. Copying the features to a GPU would take
  // longer.
  const measures = await (inputs.separability === null ? measure({}) : classifiers.train(onGrid, measure))
  const rows = grid.rows * grid.cols
  return {
    ...named,
    ...measures,
    ...(await foldsExplained(inputs, onGrid, period, measures.separability.ordered?.['top-bottom'].folds)),
    ...(inputs.readout && { readout: await positionReadout(onGrid, inputs.readout) }),
    sketch: inputs.sketches
      ? await sketchOf(onGrid.matrix.subarray(0, rows * layer.dims), rows, layer.dims, availableCores())
      : undefined,
  }
}

async function separabilityOf(
  { separability: classifier }: UnitInputs,
  grid: LayerGrid,
  place: ExperimentPlace,
): Promise<Unit['layers'][number]['separability']> {
  if (classifier === null) return {}
  const { cv: schemes, C, seed } = classifier
  const options = { C, seed, threads: availableCores(), ...place }
  const results = await separabilityByScheme(grid, schemes, options)
  const stored = ({ folds, mean, std, gaps, notConverged }: TaskSeparability) => ({
    folds: [...folds],
    mean,
    std,
    gap: Math.max(...gaps),
    notConverged: [...notConverged],
  })
  return Object.fromEntries(
    schemes.map((scheme, i) => {
      const result = results[i]!
      return [scheme, { 'left-right': stored(result['left-right']), 'top-bottom': stored(result['top-bottom']) }]
    }),
  )
}

/** Distance in pixels between neighbouring cells of a layer's map (the network's total stride up to the layer). */
function periodOf(network: Network, layer: string): number {
  const output = network.layers.filter(({ name }) => name === layer).map(outputOf)[0] ?? layer
  const spacing = networkGraph(network).spacings.get(output)
  return (spacing && strideOf(spacing)) ?? USUAL_PERIOD
}

/** The fold scheme from which `noteCoarse` sees whether the grid of positions is too coarse. */
const SHUFFLED = 'shuffled' as const

/**
 * Trains classifiers on the study's folds with two made-up features, and measures their accuracies. The features are
 * the position itself, and its phase (the position modulo `period`). They show how much of a network's accuracy the
 * folds alone explain. `foldErrors` tells how far the network's accuracies are from these accuracies.
 */
async function foldsExplained(
  { separability: classifier }: UnitInputs,
  grid: LayerGrid,
  period: number,
  ordered: readonly (number | null)[] | undefined,
): Promise<Pick<LayerParts, 'baselines' | 'foldErrors'>> {
  if (classifier === null) return { baselines: null }
  const { cv: schemes, C, seed } = classifier
  const options = { C, seed, period, threads: availableCores() }
  const { position, phase } = await foldBaselines(grid, { ...options, schemes: [...new Set([...schemes, SHUFFLED])] })
  return {
    baselines: { period, position, phase },
    foldErrors: foldPrediction(await strideFolds(grid, options, ordered)),
  }
}

const noted = new WeakMap<object, Set<string>>()

function noteCoarse(study: object, { inputs: { model, size, stride }, layers }: Unit, progress: Progress): void {
  for (const { baselines } of layers) {
    const shuffled = baselines?.phase[SHUFFLED]
    const reason = baselines && shuffled && coarseGrid(meanAccuracy(shuffled), baselines.period)
    const line = `${model} at ${size} px: ${reason}${stride > 1 ? '; use a smaller stride' : ''}`
    const known = noted.get(study) ?? new Set()
    if (!reason || known.has(line)) continue
    noted.set(study, known.add(line))
    progress.note(line)
  }
}

function noteUnsolved({ inputs, layers }: Unit, progress: Progress): void {
  for (const { name, separability } of layers) {
    for (const [scheme, tasks] of Object.entries(separability)) {
      for (const [task, { gap, notConverged }] of Object.entries(tasks)) {
        if (notConverged.length === 0) continue
        progress.note(
          `${inputs.model} ${name}, object ${inputs.patch}, size ${inputs.size}: ${counted(notConverged.length, 'classifier')} for the task ${task} with ${scheme} folds did not converge (largest relative duality gap ${gap.toExponential(1)})`,
        )
      }
    }
  }
}
