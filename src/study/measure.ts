import { availableCores } from '../cores.js'
import { counted } from '../counted.js'
import type { Comparison, Features, LayerComparison, LayerFeatures } from '../engine/features.js'
import type { PlannedUnit } from '../engine/plan.js'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { ANSWER_MAPS, type Answers, answersOf } from '../experiments/answers.js'
import type { ExperimentPlace } from '../experiments/card.js'
import type { Classifiers } from '../experiments/classifiers.js'
import { consistency } from '../experiments/consistency.js'
import { coarseGrid, foldBaselines, foldsOf, meanAccuracy, USUAL_PERIOD } from '../experiments/foldBaselines.js'
import type { FoldScheme } from '../experiments/folds.js'
import {
  type Separability,
  type SeparabilityGrid,
  separabilityByScheme,
  type TaskSeparability,
} from '../experiments/separability.js'
import { comparedMaps, featuresAt, type SimilarityMaps, similarityMaps } from '../experiments/similarity.js'
import { type Sketch, sketchOf } from '../experiments/sketch.js'
import { foldPrediction, strideFolds } from '../experiments/strideFolds.js'
import { argmax } from '../native.js'
import { isRightAnswer, type Network, outputOf, readGraphNodes, totalStride } from '../networks/index.js'
import type { Patch } from '../patches/patch.js'
import type { Progress } from '../progress.js'
import { type MeasuredLayer, measureLayer } from '../results/measures.js'
import type { Unit } from '../results/unit/schema.js'
import { writeUnit } from '../results/unit/store.js'
import { type Study, unitInputs } from './plan.js'

/** What is measured of a layer. */
interface LayerMeasures {
  readonly similarity: SimilarityMaps
  /** Index of the largest feature at each position of the grid. */
  readonly strongest: Int32Array
  /** [anchors, dims] */
  readonly anchorFeatures: Float32Array
  readonly separability: Unit['layers'][number]['separability']
  readonly baselines: Unit['layers'][number]['baselines']
  readonly foldErrors: MeasuredLayer['foldErrors']
  /** Of the layer of the network's classes. */
  readonly answers?: Answers
  /** Of a unit that keeps sketches, where there is one. */
  readonly sketch?: Sketch
}

/**
 * Measures everything of one unit and stores it.
 * @param response features of every layer, or where nothing else is needed, what a device made of them; features are given
 * back
 * @param classifiers where those of the unit are trained, and its features compared
 * @throws InputError that names the position of an all-zero or non-finite feature; OutputError
 */
export async function storeUnit(
  study: Study,
  unit: PlannedUnit,
  response: Features | Comparison,
  progress: Progress,
  classifiers: Classifiers,
): Promise<void> {
  const { grid } = unit
  const positions = grid.rows * grid.cols
  const inputs = unitInputs(study, unit)
  const measured = await measureUnit(study, unit, response, classifiers)
  const maps = new Float32Array(measured.length * grid.anchors.length * positions)
  for (const [i, { similarity }] of measured.entries()) maps.set(similarity.maps, i * grid.anchors.length * positions)
  const layers = measured.map(({ similarity, strongest, answers, sketch, ...classified }, i) => {
    const { name, dims } = response.layers[i] as { readonly name: string; readonly dims: number }
    const { separability, baselines, foldErrors } = classified
    const layer = {
      ...{ name, dims, similarity: similarity.anchors, separability, baselines },
      answers: answers === undefined ? null : namedAnswers(answers, unit.network.classes?.names, inputs.category),
    }
    const { rows, cols, stride } = grid
    const measured = { ...layer, rows, cols, stride, maps: similarity.maps, foldErrors }
    const measures = measureLayer({ ...measured, consistency: consistency(strongest, grid) })
    return { ...layer, measures, ...(sketch && { sketch: sketch.dims }) }
  })
  const stored = await writeUnit(
    study.out,
    { inputs, rows: grid.rows, cols: grid.cols, layers },
    {
      maps,
      anchorFeatures: measured.map(({ anchorFeatures }) => anchorFeatures),
      answers: measured.map(({ answers }) => answers?.maps),
      sketch: measured.map(({ sketch }) => sketch?.rows),
      ...(inputs.keepsFeatures &&
        response.kind === 'features' && {
          features: response.layers.map(({ matrix, dims }) => matrix.subarray(0, positions * dims)),
        }),
    },
  )
  if (response.kind === 'features') response.release()
  noteUnsolved(stored, progress)
  noteCoarse(study, stored, progress)
}

async function measureUnit(
  study: Study,
  unit: PlannedUnit,
  response: Features | Comparison,
  classifiers: Classifiers,
): Promise<readonly LayerMeasures[]> {
  if (response.kind === 'comparison') return response.layers.map((layer) => measureComparison(unit, layer))
  const measured: LayerMeasures[] = []
  for (const layer of response.layers) measured.push(await measureFeatures(study, unit, layer, classifiers))
  return measured
}

async function measureFeatures(
  study: Study,
  unit: PlannedUnit,
  { name, dims, matrix }: LayerFeatures,
  classifiers: Classifiers,
): Promise<LayerMeasures> {
  const { network, patch, grid } = unit
  const onGrid = { ...grid, layer: titleOf(network, name, patch), matrix, dims }
  const threads = availableCores()
  const rows = grid.rows * grid.cols
  const measure = async (place: ExperimentPlace) => ({
    similarity: await similarityMaps(onGrid, threads, place),
    separability: await separabilityOf(study, onGrid, place),
  })
  const period = periodOf(network, name)
  // The cosines alone are not worth the features' way to a card.
  const measures = await (study.separability === null ? measure({}) : classifiers.train(onGrid, measure))
  const strongest = await argmax({ features: matrix.subarray(0, rows * dims), rows, dims, threads })
  const anchorFeatures = featuresAt(matrix, dims, grid.anchors)
  const sketch =
    unitInputs(study, unit).sketches && (await sketchOf(matrix.subarray(0, rows * dims), rows, dims, threads))
  return {
    ...measures,
    ...(await foldsExplained(study, onGrid, period, measures.separability.ordered?.['top-bottom'].folds)),
    strongest,
    anchorFeatures,
    ...answersIn(network, { name, matrix, strongest, anchorFeatures }),
    ...(sketch && { sketch }),
  }
}

function measureComparison({ network, patch, grid }: PlannedUnit, compared: LayerComparison): LayerMeasures {
  const { name, anchorFeatures, features: matrix } = compared
  // Anchors that the grid leaves out come after it.
  const strongest = compared.strongest.subarray(0, grid.rows * grid.cols)
  return {
    similarity: comparedMaps({ ...grid, ...compared, layer: titleOf(network, name, patch) }),
    strongest,
    anchorFeatures,
    separability: {},
    baselines: null,
    foldErrors: null,
    ...(matrix && answersIn(network, { name, matrix, strongest, anchorFeatures })),
  }
}

/** What the network answers, if this is the layer of its classes. */
function answersIn(
  { classes }: Network,
  layer: Pick<LayerMeasures, 'strongest' | 'anchorFeatures'> & Pick<LayerFeatures, 'name' | 'matrix'>,
): Pick<LayerMeasures, 'answers'> {
  if (layer.name !== classes?.layer) return {}
  const { matrix, strongest, anchorFeatures } = layer
  const dims = anchorFeatures.length / ANCHOR_NAMES.length
  const center = ANCHOR_NAMES.indexOf('center')
  return { answers: answersOf(matrix, strongest, anchorFeatures.subarray(center * dims, (center + 1) * dims)) }
}

/**
 * As unit.json holds them: with the names of the classes that occur.
 * @param known names by index; a class without one is named by its index
 * @param category of the object; null: not known
 */
export function namedAnswers(
  { maps, center, kept, least }: Answers,
  known: Readonly<Record<number, string>> = {},
  category: string | null = null,
): NonNullable<Unit['layers'][number]['answers']> {
  const found = new Set([center.class, ...maps.subarray(0, maps.length / ANSWER_MAPS)])
  const names = [...found].sort((a, b) => a - b).map((index) => [index, known[index] ?? String(index)])
  const right = isRightAnswer(category, known[center.class] ?? '', Object.values(known))
  return { center, right, kept, least, names: Object.fromEntries(names) }
}

/** How messages name a layer of a unit. */
function titleOf(network: Network, layer: string, patch: Patch): string {
  return `${network.id} ${layer}, patch ${patch.name}`
}

/** Cross-validation under every fold scheme of the study, as unit.json holds it. */
async function separabilityOf(
  { separability: classifier }: Study,
  grid: SeparabilityGrid,
  place: ExperimentPlace,
): Promise<Unit['layers'][number]['separability']> {
  if (classifier === null) return {}
  const { cv: schemes, loss, C, seed } = classifier
  const options = { loss, C, seed, threads: availableCores(), ...place }
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
      const result = results[i] as Separability
      return [scheme, { 'left-right': stored(result['left-right']), 'top-bottom': stored(result['top-bottom']) }]
    }),
  )
}

const periods = new Map<string, number>()

/** The network's total stride up to a layer, in pixels. */
function periodOf({ onnxPath, input, layers }: Network, layer: string): number {
  const output = layers.filter(({ name }) => name === layer).map(outputOf)[0] ?? layer
  const key = JSON.stringify([onnxPath, output])
  const period = periods.get(key) ?? totalStride(readGraphNodes(onnxPath), input, output) ?? USUAL_PERIOD
  periods.set(key, period)
  return period
}

/** The scheme by which a grid is found too coarse. */
const SHUFFLED: FoldScheme = 'shuffled'

/** What features that are nothing but the position or its phase give in the same folds. */
async function foldsExplained(
  { separability: classifier }: Study,
  grid: SeparabilityGrid,
  period: number,
  ordered: readonly (number | null)[] | undefined,
): Promise<Pick<LayerMeasures, 'baselines' | 'foldErrors'>> {
  if (classifier === null) return { baselines: null, foldErrors: null }
  const { cv: schemes, loss, C, seed } = classifier
  const options = { loss, C, seed, period, threads: availableCores() }
  const { position, phase } = await foldBaselines(grid, { ...options, schemes: [...new Set([...schemes, SHUFFLED])] })
  const prediction = foldPrediction(await strideFolds(grid, options, ordered))
  const byScheme = (results: typeof position) =>
    Object.fromEntries(Object.entries(results).map(([scheme, result]) => [scheme, foldsOf(result)]))
  return {
    baselines: { period, position: byScheme(position), phase: byScheme(phase) },
    foldErrors: prediction ? { position: prediction.position, phase: prediction.phase } : null,
  }
}

const noted = new WeakMap<Study, Set<string>>()

/** Said once for each network and size of a study. */
function noteCoarse(study: Study, { inputs: { model, size }, layers }: Unit, progress: Progress): void {
  for (const { baselines } of layers) {
    const shuffled = baselines?.phase[SHUFFLED]
    const reason = baselines && shuffled && coarseGrid(meanAccuracy(shuffled), baselines.period)
    const line = `${model} at ${size} px: ${reason}; use a finer stride`
    const known = noted.get(study) ?? new Set()
    if (!reason || known.has(line)) continue
    noted.set(study, known.add(line))
    progress.note(line)
  }
}

/** A classifier that did not converge is never passed over in silence. */
function noteUnsolved({ inputs, layers }: Unit, progress: Progress): void {
  for (const { name, separability } of layers) {
    for (const [scheme, tasks] of Object.entries(separability)) {
      for (const [task, { gap, notConverged }] of Object.entries(tasks)) {
        if (notConverged.length === 0) continue
        progress.note(
          `${inputs.model} ${name}, patch ${inputs.patch}, size ${inputs.size}: ${task} ${scheme}: ${counted(notConverged.length, 'classifier')} did not converge, largest gap ${gap.toExponential(1)}`,
        )
      }
    }
  }
}
