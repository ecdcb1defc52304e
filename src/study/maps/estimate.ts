import { PROVIDERS } from '../../engine/devices/providers.js'
import { gridFeatureBytes } from '../../engine/open/machineMemory.js'
import { expectedGain } from '../../engine/reuse/expected.js'
import { throwIfStopped } from '../../errors.js'
import { progressTo } from '../../progress.js'
import { siteFeatureBytes } from '../../results/store/siteFeatures.js'
import { arithmeticImageSeconds } from '../arithmetic/compute.js'
import { imageRate, type WorkEstimate } from '../items/estimate.js'
import { groupsOf, imagesOf } from '../items/workItem.js'
import { openForUnits } from './compute.js'
import { type ReproduceOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { type MapsPlan, planStudy, unitsLeft } from './plan.js'
import { checkStudyWeights } from './studyNetworks.js'
import { arrayBytes, type PlannedUnit, sketchDims } from './units.js'

/** Estimated work, storage and time of a study of objects. */
export interface StudyEstimate extends WorkEstimate {
  /** Number of all units. A unit is one object at one size in one network. */
  readonly units: number
  /** Number of units that the results folder already holds. */
  readonly finished: number
  /** Number of images left to compute for feature arithmetic. Each layer's generator makes about this many pictures. */
  readonly arithmeticImages: number
  /** Bytes of the page's own copy of stored features. The size of compressed features (sketches) is a rough guess. */
  readonly pageFeatureBytes: number
}

/** @throws InputError that names all networks and generators whose weights are not on this machine */
export async function estimateStudy(given: ReproduceOptions = {}, isTimed = true): Promise<StudyEstimate> {
  const options = resolveOptions(given)
  await checkStudyWeights(options)
  const plan = await planStudy(options)
  const left = unitsLeft(plan)
  const times = isTimed ? await timesOf(plan, options) : UNKNOWN_TIMES
  return {
    units: plan.units.length,
    finished: plan.units.length - left.length,
    replaced: plan.replaced.items.length,
    differences: plan.replaced.differences,
    images: imagesOf(left),
    arithmeticImages: imagesOf(plan.arithmetic),
    bytes: plan.units.reduce((sum, unit) => sum + arrayBytes(unit) + keptFeatureBytes(unit), 0),
    pageFeatureBytes: plan.units.reduce((sum, unit) => sum + pageFeatureBytes(unit), 0),
    weightsBytes: Math.max(0, ...plan.networks.map((network) => network.weightsBytes)),
    featureBytes: plan.units.reduce((most, { network, grid }) => Math.max(most, gridFeatureBytes(network, grid)), 0),
    ...times,
  }
}

const UNKNOWN_TIMES = { seconds: null, unitSeconds: null, arithmeticSeconds: null }

async function timesOf(plan: MapsPlan, options: ResolvedOptions) {
  const times: { readonly all: number; readonly each: number }[] = []
  for (const network of plan.networks) {
    const groups = groupsOf(unitsLeft(plan).filter((unit) => unit.network === network))
    const [first] = groups
    if (first === undefined) continue
    throwIfStopped(options.signal)
    const handle = await openForUnits(network, first[0], imagesOf(groups.flat()), options)
    const imagesPerSecond = await imageRate(handle, first[0].scene, options.signal)
    for (const group of groups) {
      const [unit] = group
      // A GPU computes every image in full, because computing shared values once brought no gain there.
      const isReused = PROVIDERS[handle.ran().device].isProcessor && options.reuse !== 'off'
      const gain = isReused ? await expectedGain(network, unit.scene, unit.grid.offsets) : 1
      const all = imagesOf(group) / imagesPerSecond / gain
      times.push({ all, each: all / group.length })
    }
  }
  return {
    seconds: times.reduce((sum, { all }) => sum + all, 0),
    unitSeconds: Math.max(0, ...times.map(({ each }) => each)),
    arithmeticSeconds: await arithmeticTime(plan, options),
  }
}

async function arithmeticTime({ arithmetic }: MapsPlan, { request, onProgress, signal }: ResolvedOptions) {
  let seconds = 0
  for (const { missing, images } of arithmetic) {
    if (images > 0) seconds += images * (await arithmeticImageSeconds(missing, request, progressTo(onProgress), signal))
  }
  return seconds
}

/** Bytes on disk of the features, or the compressed features (sketches), that a unit stores for all positions. */
function keptFeatureBytes(unit: PlannedUnit): number {
  const { rows, cols } = unit.grid
  return keptDims(unit).reduce((sum, dims) => sum + rows * cols * dims * Float32Array.BYTES_PER_ELEMENT, 0)
}

function pageFeatureBytes(unit: PlannedUnit): number {
  const { rows, cols } = unit.grid
  return keptDims(unit).reduce((sum, dims) => sum + siteFeatureBytes(rows * cols, dims), 0)
}

/**
 * Number of values that a unit stores per position. If features are stored, the list has one number for each layer. If
 * sketches (compressed features) are stored, it has one estimate for all layers together. Otherwise, it is empty.
 */
function keptDims(unit: PlannedUnit): readonly number[] {
  if (unit.inputs.keepsFeatures) return unit.network.layers.map(({ dims }) => dims)
  return unit.inputs.sketches ? [sketchDims(unit)] : []
}
