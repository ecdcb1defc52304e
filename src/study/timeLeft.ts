import { imagesOf, type PlannedUnit } from '../engine/plan.js'
import { expectedGain, usualImageSeconds } from '../engine/reuse/expected.js'
import { sceneOf } from '../engine/scene.js'
import type { Network } from '../networks/index.js'
import { imagesOfArithmetic } from './arithmeticPlan.js'
import { backgroundFor, type Study } from './plan.js'
import type { UnitQueue } from './unitQueue.js'

/** Estimates when a study ends, its classifiers, arithmetic and report included. */
export interface TimeLeft {
  /** A unit's network was opened in so many seconds. */
  opened(unit: PlannedUnit, seconds: number): void
  /** So many images of a unit were extracted in so many seconds. */
  extracted(unit: PlannedUnit, images: number, seconds: number): void
  /** A unit's features were measured and stored in so many seconds. */
  measured(unit: PlannedUnit, seconds: number): void
  /** Seconds until the end. @param images of the unit in hand that are extracted @param overlaps whether units are measured meanwhile */
  seconds(unit: PlannedUnit, images: number, overlaps: boolean): number
}

/**
 * Seconds on two cores: to open a network, to get the first batch of a network at one size, to measure one feature at one
 * position with classifiers and without, and to report on one layer at one position. Each matters only until the same work
 * has been timed.
 */
const USUAL = { opening: 2, starting: 1, classified: 1.5e-7, compared: 1e-8, reported: 2e-5 } as const

/**
 * Beside its images, each unit takes the time of so many images that are computed whole (a sample is computed twice, workers
 * wait for one another), and beside its positions that of so many positions (its files are written).
 */
const EXTRA = { images: 100, positions: 250 } as const

/** A generator decodes an image in about the time of so many passes through its network. */
const PASSES_PER_GENERATOR = 2

/** @param queue of the study, from which other processes may take units too */
export function studyTimeLeft(study: Study, queue: Pick<UnitQueue, 'left' | 'byOthers'>): TimeLeft {
  const opening = new Pace()
  const starting = new Pace()
  const extraction = new Pace()
  const measuring = new Pace()
  const perImage = unitImageSeconds(study)
  const perFeature = study.separability ? USUAL.classified : USUAL.compared
  const unitSeconds = (unit: PlannedUnit): number =>
    (positionsOf(unit) + EXTRA.positions) * featuresOf(unit) * perFeature
  const afterUnits = sum(study.arithmetic, arithmeticSeconds) + sum(study.units, reportSeconds)
  let measured = 0
  return {
    opened: (unit, seconds) => opening.took(unit, USUAL.opening, seconds),
    extracted(unit, images, seconds) {
      // The first batch at a size also waits for what computes it.
      if (starting.knows(unit)) extraction.took(unit, images * perImage(unit), seconds)
      else starting.took(unit, USUAL.starting, seconds)
    },
    measured(unit, seconds) {
      measuring.took(unit, unitSeconds(unit), seconds)
      measured++
    },
    seconds(unit, images, overlaps) {
      const left = queue.left()
      const unopened = distinct(left, ({ network }) => network.id).filter(({ network }) => network !== unit.network)
      const unstarted = distinct(left, sizeOf).filter((one) => !starting.knows(one))
      const ofStarts =
        sum(unopened, (one) => opening.seconds(one, USUAL.opening)) +
        sum(unstarted, (one) => starting.seconds(one, USUAL.starting))
      const ofImages =
        extraction.seconds(unit, (imagesOf(unit) - images) * perImage(unit)) +
        sum(left, (one) => extraction.seconds(one, imagesOf(one) * perImage(one)))
      const ofUnits = sum([unit, ...left], (one) => measuring.seconds(one, unitSeconds(one)))
      const here = overlaps ? Math.max(ofImages, ofUnits) : ofImages + ofUnits
      // Other processes take their share of what is left.
      const share = measured === 0 ? 1 : measured / (measured + queue.byOthers)
      return ofStarts + here * share + afterUnits
    },
  }
}

interface Spent {
  readonly predicted: number
  readonly seconds: number
}

/** How long one kind of work took, beside what was predicted for it. */
class Pace {
  /** By network and size, by network, and of all. */
  readonly #spent = new Map<string, Spent>()

  /** Whether it was done for a unit of the same network and size. */
  knows(unit: PlannedUnit): boolean {
    return this.#spent.has(sizeOf(unit))
  }

  took(unit: PlannedUnit, predicted: number, seconds: number): void {
    for (const key of keysOf(unit)) {
      const spent = this.#spent.get(key) ?? { predicted: 0, seconds: 0 }
      this.#spent.set(key, { predicted: spent.predicted + predicted, seconds: spent.seconds + seconds })
    }
  }

  /** A prediction, scaled by what the nearest work took: at the same size, in the same network, or in any. */
  seconds(unit: PlannedUnit, predicted: number): number {
    const spent = keysOf(unit).flatMap((key) => this.#spent.get(key) ?? [])
    const { predicted: before, seconds } = spent[0] ?? { predicted: 1, seconds: 1 }
    return before > 0 ? predicted * (seconds / before) : predicted
  }
}

/** From the nearest work to the farthest. */
function keysOf(unit: PlannedUnit): readonly string[] {
  return [sizeOf(unit), unit.network.id, '']
}

/** Predicts the seconds of an image of a unit: only their ratios between networks and sizes matter once one has been timed. */
function unitImageSeconds(study: Study): (unit: PlannedUnit) => number {
  const known = new Map<string, number>()
  return (unit) => {
    const { network, grid } = unit
    const key = sizeOf(unit)
    const share = () =>
      1 / expectedGain(network, sceneOfUnit(study, unit), grid.offsets) + EXTRA.images / imagesOf(unit)
    const seconds = known.get(key) ?? imageSeconds(network) * share()
    known.set(key, seconds)
    return seconds
  }
}

/** Of an image that is computed whole; never 0, whatever is known of the graph. */
function imageSeconds(network: Network): number {
  return Math.max(1e-4, usualImageSeconds(network))
}

/** A network at one size. */
function sizeOf({ network, patch }: PlannedUnit): string {
  return JSON.stringify([network.id, patch.size])
}

/** The first unit of each key. */
function distinct(units: readonly PlannedUnit[], keyOf: (unit: PlannedUnit) => string): readonly PlannedUnit[] {
  return [...new Map(units.map((unit) => [keyOf(unit), unit])).values()]
}

function sceneOfUnit(study: Study, { network, patch }: PlannedUnit) {
  return sceneOf(patch, backgroundFor(study, network).background, study.blend)
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
