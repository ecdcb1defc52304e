import { resolve } from 'node:path'
import { checkMemory } from '../../engine/machineMemory.js'
import { sceneOf } from '../../engine/scene.js'
import { InputError, UsageError } from '../../errors.js'
import { equivarianceReach } from '../../experiments/equivariance.js'
import { assignFolds, TASKS, taskClasses } from '../../experiments/folds.js'
import { allTokensText, type Detector, type Network, recipeText } from '../../networks/index.js'
import { type SketchedGroup, sketchedPatches } from '../../page/siteSketches.js'
import { type NamedBackground, readBackground } from '../../patches/background.js'
import { patchesFrom } from '../../patches/collection.js'
import { type Patch, patchesOfSource } from '../../patches/patch.js'
import { checkPairs } from '../../results/pairs.js'
import { checkResultsFolder } from '../../results/resultsFolder.js'
import { UNIT_FORMAT, type UnitInputs } from '../../results/unit/schema.js'
import { type ArithmeticItem, describeArithmetic, planArithmetic } from '../arithmetic/arithmeticPlan.js'
import type { Study } from '../study.js'
import { groupsOf, workLeft } from '../workItem.js'
import type { ResolvedOptions } from './options.js'
import { networksOf, networkWithGenerators, withIds } from './studyNetworks.js'
import { hasAnswers, type PlannedUnit, plannedUnit, planUnits, sketchDims } from './units.js'

/** What a call of `reproduce` computes: units, and the arithmetic of networks. */
export interface PlannedStudy extends Omit<Study<StudyItem>, 'notes' | 'keepInputs' | 'compute'> {
  readonly patches: readonly Patch[]
  /** Backgrounds in all sizes that the networks need. Each key is a side in pixels. */
  readonly backgrounds: ReadonlyMap<number, NamedBackground>
  readonly units: readonly PlannedUnit[]
  readonly arithmetic: readonly ArithmeticItem[]
  readonly description: ReturnType<typeof describePlan>
}

export type StudyItem = PlannedUnit | ArithmeticItem

export function unitsLeft({ left }: PlannedStudy): readonly PlannedUnit[] {
  return left.filter((item) => item.kind === 'maps')
}

/**
 * Opens the networks and patches of a study, and lists the units to compute.
 * @param withPlaceholders whether to plan with placeholders for published networks and generators whose weights are
 *   missing on this machine. Nothing can be computed with them. By default, missing weights are an error.
 */
export async function planStudy(given: ResolvedOptions, withPlaceholders = false): Promise<PlannedStudy> {
  const options = await withIds(given)
  const { blend, separability, unitModels, signal } = options
  const networks = await networksOf(options, withPlaceholders)
  checkPairs(
    options.pairs ?? [],
    networks.map(({ id }) => id),
  )
  const backgrounds = await backgroundsOf(options.background, networks, signal)
  const frames = networks.map(({ input }) => input.rows)
  const patches = unitModels.length > 0 ? await patchesOf(options, frames) : []
  const shownIn = (frame: number) => patches.filter(({ size }) => options.sizesFor(frame).includes(size))
  const out = resolve(options.out)
  const wanted = planUnits(out, networks, shownIn, options.strideFor, (network, patch) => {
    const { background, identity } = backgrounds.get(network.input.rows) as NamedBackground
    const inputs = { ...unitInputs(network, patch, options), background: identity }
    return { scene: sceneOf(patch, background, blend), inputs }
  })
  for (const { network, grid } of wanted) checkMemory(network, grid)
  checkFolds(wanted, separability)
  if (options.equivariance) checkEquivariance(wanted)
  await checkResultsFolder(out)
  // Sketches (compressed features) are made only by studies with classifiers. A study that stores all features needs
  // none.
  const sketched = sketchedPatches(separability === null || options.keepFeatures ? [] : sketchGroups(wanted))
  const units = wanted.map((unit) =>
    sketched.has(unit.patch.name) ? plannedUnit(out, { ...unit, inputs: { ...unit.inputs, sketches: true } }) : unit,
  )
  const arithmetic = await arithmeticItems(options, withPlaceholders, out)
  const items = [...units, ...arithmetic]
  const planned = { networks, patches, backgrounds, units, arithmetic }
  return { out, ...planned, items, description: describePlan(planned, options), ...(await workLeft(items)) }
}

/** What run.json says about the plan. `status` reads `patches`, `planned` and `arithmetic`. */
function describePlan(
  { patches, backgrounds, units, arithmetic }: Pick<PlannedStudy, 'patches' | 'backgrounds' | 'units' | 'arithmetic'>,
  { blend, separability, equivariance, readout, pairs }: ResolvedOptions,
) {
  const strides = [...new Set(units.map(({ inputs }) => inputs.stride))]
  return {
    patches: patches.map(({ name, size, sha256, category = null }) => ({ name, size, sha256, category })),
    stride: strides.length === 1 ? strides[0] : strides,
    background: [...new Set([...backgrounds.values()].map(({ identity }) => identity))].join(' '),
    blend,
    separability,
    equivariance,
    readout: readout ?? null,
    arithmetic: arithmetic.map(describeArithmetic),
    ...(pairs && { pairs }),
    planned: groupsOf(units).map((group) => {
      const { patch, patchSha256, category, sketches, ...inputs } = group[0].inputs
      const patches = group.map((unit) => unit.patch.name)
      return { model: inputs.model, size: inputs.size, images: group[0].images, patches, inputs }
    }),
  }
}

/** @throws UsageError if a grid has too few positions for the fold schemes */
function checkFolds(units: readonly PlannedUnit[], classifier: UnitInputs['separability']): void {
  if (classifier === null) return
  for (const grid of new Set(units.map((unit) => unit.grid))) {
    for (const [task, scheme] of TASKS.flatMap((task) => classifier.cv.map((scheme) => [task, scheme] as const))) {
      try {
        assignFolds(scheme, taskClasses(task, grid), grid, classifier.seed)
      } catch (error) {
        if (!(error instanceof InputError)) throw error
        throw new UsageError(
          `a grid of ${grid.rows}×${grid.cols} positions is too small to measure separability; use smaller \`sizes\` or a smaller \`stride\`, or only \`experiments similarity\``,
          { cause: error },
        )
      }
    }
  }
}

function checkEquivariance(units: readonly PlannedUnit[]): void {
  if (units.some(({ inputs }) => inputs.equivariance)) return
  throw new UsageError(
    'equivariance cannot be measured: no layer of this study has a feature map on which the object can move by one cell; choose other `layers` (see "shiftscope models inspect NETWORK") or smaller `sizes`, and do not use `pool`',
  )
}

async function backgroundsOf(
  text: string,
  networks: readonly Network[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, NamedBackground>> {
  const frames = new Set(networks.map(({ input }) => input.rows))
  const backgrounds = new Map<number, NamedBackground>()
  for (const frame of frames) backgrounds.set(frame, await readBackground(text, frame, signal))
  return backgrounds
}

/** All inputs on which a unit's results depend. `planStudy` adds `background` and `sketches`. */
function unitInputs(network: Network, patch: Patch, options: ResolvedOptions): Omit<UnitInputs, 'background'> {
  const { blend, precision, separability, equivariance, readout, keepFeatures } = options
  const tokens = allTokensText(network.layers)
  return {
    format: UNIT_FORMAT,
    model: network.id,
    ...(network.catalogId !== undefined && network.catalogId !== network.id && { catalogId: network.catalogId }),
    weightsSha256: network.weightsSha256,
    layers: network.layers.map(({ name }) => name),
    patch: patch.name,
    patchSha256: patch.sha256,
    category: patch.category ?? null,
    size: patch.size,
    stride: options.strideFor(network.input.rows),
    blend,
    ...(precision === 'fp16' && { precision }),
    ...(network.pool && { pool: network.pool }),
    ...(tokens && (network.pool || equivariance) && { tokens }),
    ...(network.inputSource !== 'catalog' && { input: recipeText(network.input) }),
    ...(network.classes && { scores: network.classes.scores.meaning }),
    ...(network.detector && { detector: detectorInputs(network.detector) }),
    separability,
    ...(equivariance && equivarianceReach(network, patch.size) > 0 && { equivariance: true }),
    ...(readout && { readout }),
    keepsFeatures: keepFeatures,
  }
}

function detectorInputs({ threshold, boxes, objectClass }: Detector): NonNullable<UnitInputs['detector']> {
  return { threshold, boxes, ...(objectClass && { objectClass }) }
}

/**
 * Estimated sizes of all units' sketches (compressed features). From these, `sketchedPatches` chooses sketches that fit
 * into the page. The true sizes are known only when a unit is computed, but a plan must not depend on how much of the
 * study is finished.
 */
function sketchGroups(units: readonly PlannedUnit[]): readonly SketchedGroup[] {
  return groupsOf(units).map((group) => {
    const [{ network, grid }] = group
    return {
      positions: grid.rows * grid.cols,
      layers: network.layers.length,
      hasAnswers: hasAnswers(network),
      units: group.map((unit) => ({ patch: unit.patch.name, dims: sketchDims(unit) })),
    }
  })
}

/** Makes a patch of every object at every size that a frame needs, ordered by size. */
async function patchesOf(options: ResolvedOptions, frames: readonly number[]): Promise<readonly Patch[]> {
  const sizes = [...new Set(frames.flatMap(options.sizesFor))]
  const bySource: (readonly Patch[])[] = []
  for (const source of await patchesFrom(options.patches))
    bySource.push(await patchesOfSource(source, sizes, Math.max(...frames), options.blend, options.signal))
  const small = frames.find((frame) => options.sizesFor(frame).some((size) => size > frame))
  if (small !== undefined)
    throw new UsageError(`\`sizes\` do not fit into the frame of ${small}×${small} px; choose smaller ones`)
  return sizes.flatMap((_, i) => bySource.flatMap((patches) => patches[i] ?? []))
}

async function arithmeticItems(
  options: ResolvedOptions,
  withPlaceholders: boolean,
  out: string,
): Promise<readonly ArithmeticItem[]> {
  const { arithmeticModels, background, blend, expressions, seed, signal } = options
  if (arithmeticModels.length === 0) return []
  const patches = await patchesFrom(options.patches)
  const items: ArithmeticItem[] = []
  for (const model of new Set(arithmeticModels)) {
    const choice = await networkWithGenerators(model, options, withPlaceholders)
    const ground = await readBackground(background, choice.network.input.rows, signal)
    const settings = { out, patches, background: ground, blend, trialsPerKind: expressions, seed, signal }
    items.push(await planArithmetic(choice, settings))
  }
  return items
}
