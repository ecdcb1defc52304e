import { expectedGain, usualImageSeconds } from '../engine/reuse/expected.js'
import type { Network } from '../networks/index.js'
import { imagesOfArithmetic } from './arithmeticPlan.js'
import type { Study } from './plan.js'
import type { UnitQueue } from './unitQueue.js'
import { imagesOf, type PlannedUnit } from './units.js'

/** Estimates the remaining time of a study, including its classifiers, arithmetic and report. */
export interface TimeLeft {
  /** Records how long a unit's network took to open, and whether values shared by several images are computed once. */
  opened(unit: PlannedUnit, seconds: number, isReused: boolean): void
  extracted(unit: PlannedUnit, seconds: number): void
  /** Records the seconds in which a unit's features were measured and stored. */
  measured(unit: PlannedUnit, seconds: number): void
  seconds(now: UnitInHand): number
}

interface UnitInHand {
  readonly unit: PlannedUnit
  /** Number of the unit's finished images (more than 0), and the seconds that they took. */
  readonly images: number
  readonly seconds: number
  /** Whether the features of one unit are measured while those of the next one are computed. */
  readonly overlaps: boolean
}

/**
 * Seconds that work usually takes on two cores. They are used until work of the same kind has been timed.
 *
 * - `opening`: to open a network
 * - `starting`: to set up the first unit of each combination of network and size
 * - `classified`: to measure one feature value at one position, if classifiers are trained
 * - `compared`: to measure one feature value at one position, if no classifiers are trained
 * - `reported`: to report on one layer at one position
 */
const USUAL = { opening: 2, starting: 1, classified: 1.5e-7, compared: 1e-8, reported: 1.5e-5 } as const

/**
 * Additional work for each unit. Checking some images and waiting for other workers take, together, as long as
 * computing `images` images in full. Writing files takes as long as measuring `positions` positions.
 */
const EXTRA = { images: 100, positions: 250 } as const

/** A generator makes one image in about the time in which the network computes the features of this many images. */
const PASSES_PER_GENERATOR = 2

export function studyTimeLeft(study: Study, queue: Pick<UnitQueue, 'left' | 'byOthers'>): TimeLeft {
  const opening = new Pace()
  // For each network and size, the first unit takes longer, because its computation must be set up.
  const first = new Pace()
  const extraction = new Pace()
  const measuring = new Pace()
  const { extracting, learn } = extractionPrediction()
  const starting = (unit: PlannedUnit) => USUAL.starting + extracting(unit)
  const perFeature = ({ inputs }: PlannedUnit) => (inputs.separability ? USUAL.classified : USUAL.compared)
  const measurement = (unit: PlannedUnit) => (positionsOf(unit) + EXTRA.positions) * featuresOf(unit) * perFeature(unit)
  const afterUnits = sum(study.arithmetic, arithmeticSeconds) + sum(study.units, reportSeconds)
  let measured = 0
  let told = { at: Number.NEGATIVE_INFINITY, seconds: 0 }
  return {
    opened(unit, seconds, isReused) {
      opening.took(unit, USUAL.opening, seconds)
      learn([unit, ...queue.left()], unit.network, isReused)
    },
    extracted(unit, seconds) {
      if (first.knows(unit)) extraction.took(unit, extracting(unit), seconds)
      else first.took(unit, starting(unit), seconds)
    },
    measured(unit, seconds) {
      measuring.took(unit, measurement(unit), seconds)
      measured++
    },
    seconds({ unit, images, seconds, overlaps }) {
      if (performance.now() - told.at < 1000 * SECONDS_BETWEEN_ESTIMATES) return told.seconds
      const left = queue.left()
      const unopened = distinct(left, ({ network }) => network.id).filter(({ network }) => network !== unit.network)
      const firsts = distinct(left, sizeOf).filter((one) => sizeOf(one) !== sizeOf(unit) && !first.knows(one))
      const share = images / imagesOf(unit)
      const isFirst = !first.knows(unit)
      const usual = isFirst ? starting(unit) : extracting(unit)
      const pace = isFirst ? first : extraction
      // The more images of the current unit are finished, the more weight its own speed gets.
      const extrapolated = seconds / share
      const expected = pace.isEmpty ? extrapolated : pace.seconds(unit, usual)
      const ofUnit = share * extrapolated + (1 - share) * expected
      const scale = ofUnit / usual
      const later = (one: PlannedUnit) =>
        extraction.isEmpty ? scale * extracting(one) : extraction.seconds(one, extracting(one))
      const ofImages =
        ofUnit * (1 - share) +
        sum(firsts, (one) => (first.isEmpty ? scale * starting(one) : first.seconds(one, starting(one)))) +
        sum(left, (one) => (firsts.includes(one) ? 0 : later(one)))
      const ofMeasuring = sum([unit, ...left], (one) => measuring.seconds(one, measurement(one)))
      const ofUnits = overlaps ? Math.max(ofImages, ofMeasuring) : ofImages + ofMeasuring
      // If other processes compute units too, only a share of the remaining units is left for this one.
      const ownShare = measured === 0 ? 1 : measured / (measured + queue.byOthers)
      const ofOpening = sum(unopened, (one) => opening.seconds(one, USUAL.opening))
      told = { at: performance.now(), seconds: ofOpening + ofUnits * ownShare + afterUnits }
      return told.seconds
    },
  }
}

/** Shortest time between two estimates, because each estimate goes through all remaining units. */
const SECONDS_BETWEEN_ESTIMATES = 0.5

/**
 * Each new unit multiplies the weight of earlier ones by this factor, because the first units are slow and the
 * machine's load changes.
 */
const KEPT = 0.8

interface Spent {
  readonly predicted: number
  readonly seconds: number
}

/** Corrects the predicted times of one kind of work by the times that such work really took. */
class Pace {
  /** Predicted and true seconds of finished work, summed under each key of `keysOf`. */
  readonly #spent = new Map<string, Spent>()

  get isEmpty(): boolean {
    return this.#spent.size === 0
  }

  knows(unit: PlannedUnit): boolean {
    return this.#spent.has(sizeOf(unit))
  }

  took(unit: PlannedUnit, predicted: number, seconds: number): void {
    for (const key of keysOf(unit)) {
      const spent = this.#spent.get(key) ?? { predicted: 0, seconds: 0 }
      this.#spent.set(key, { predicted: KEPT * spent.predicted + predicted, seconds: KEPT * spent.seconds + seconds })
    }
  }

  /** Multiplies a prediction by the ratio of true to predicted seconds of the most similar finished work. */
  seconds(unit: PlannedUnit, predicted: number): number {
    const spent = keysOf(unit).flatMap((key) => this.#spent.get(key) ?? [])
    const { predicted: before, seconds } = spent[0] ?? { predicted: 1, seconds: 1 }
    return before > 0 ? predicted * (seconds / before) : predicted
  }
}

/** Keys of similar work, the most similar first: same network and size, same network, any work. */
function keysOf(unit: PlannedUnit): readonly string[] {
  return [sizeOf(unit), unit.network.id, '']
}

/** For units of up to this many positions, predicting the gain of reuse takes at most a tenth of a second. */
const FEW_POSITIONS = 2000

/**
 * Predicts the seconds that a unit's images take. `learn` predicts how much time is saved if values that several images
 * share are computed once. This is predicted for the opened network, and for small units of other networks. For all
 * other units, no saving is assumed.
 */
function extractionPrediction() {
  const perImage = new Map<string, number>()
  const learn = (units: readonly PlannedUnit[], opened: Network, isReused: boolean): void => {
    for (const unit of distinct(units, sizeOf)) {
      const isKnown = perImage.has(sizeOf(unit))
      if (isKnown || (unit.network !== opened && imagesOf(unit) > FEW_POSITIONS)) continue
      const gain = isReused ? gainOf(unit) : 1
      perImage.set(sizeOf(unit), imageSeconds(unit.network) * (1 / gain + EXTRA.images / imagesOf(unit)))
    }
  }
  const extracting = (unit: PlannedUnit): number =>
    (perImage.get(sizeOf(unit)) ?? imageSeconds(unit.network)) * imagesOf(unit)
  return { extracting, learn }
}

function gainOf({ network, scene, grid }: PlannedUnit): number {
  try {
    return expectedGain(network, scene, grid.offsets)
  } catch {
    // The estimate reads the network's file, which may be gone by now. A failed estimate must not end the study.
    return 1
  }
}

/** Usual seconds to compute one image without reuse. Never 0, because other times are divided by it. */
const imageSeconds = remembered((network: Network) => {
  try {
    return Math.max(1e-4, usualImageSeconds(network))
  } catch {
    // As in `gainOf`, a failed estimate must not end the study.
    return 1e-4
  }
})

const sizeOf = remembered(({ network, patch }: PlannedUnit) => JSON.stringify([network.id, patch.size]))

function remembered<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const entry = known.get(key) ?? { value: compute(key) }
    known.set(key, entry)
    return entry.value
  }
}

function distinct(units: readonly PlannedUnit[], keyOf: (unit: PlannedUnit) => string): readonly PlannedUnit[] {
  return [...new Map(units.map((unit) => [keyOf(unit), unit])).values()]
}

function arithmeticSeconds(plan: Study['arithmetic'][number]): number {
  const { network, generators } = plan.models
  return imagesOfArithmetic(plan) * imageSeconds(network) * (1 + PASSES_PER_GENERATOR * generators.length)
}

function reportSeconds(unit: PlannedUnit): number {
  return unit.network.layers.length * positionsOf(unit) * USUAL.reported
}

function positionsOf({ grid }: PlannedUnit): number {
  return grid.rows * grid.cols
}

function featuresOf({ network }: PlannedUnit): number {
  return sum(network.layers, ({ dims }) => dims)
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
