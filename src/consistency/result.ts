import type { ExecutionRecord } from '../engine/handle.js'
import type { Settings } from '../engine/task.js'
import { CONFIDENT } from '../experiments/confidence.js'
import type { ClassScores } from '../networks/index.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import type { Better } from '../results/measures.js'
import { meanInterval } from '../support/statistics.js'
import { CONFIDENCE, type MeasureUnit, type Protocol, type ProtocolName } from './protocols.js'

/** A photograph with its answers to all frames. */
export interface MeasuredPhotograph {
  readonly name: string
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string
  /** Values of all measures, protocol by protocol. NaN for what needs a label, if the photograph has none. */
  readonly values: readonly number[]
}

/** Mean of a measure over photographs. */
export interface MeasureMean {
  /** Null if there are no values. */
  readonly mean: number | null
  /** Standard error of the mean; null for fewer than two photographs. */
  readonly standardError: number | null
  /** Number of photographs that have a value. */
  readonly count: number
}

/** Value of one measure over all photographs, and over confident ones. */
export interface ConsistencyMeasure extends MeasureMean {
  readonly protocol: ProtocolName
  /**
   * Name of the measure:
   * - `agreement`: share of pairs of shifted images with the same answer (most probable class)
   * - `change`: share of moves by 1 px that change the answer
   * - `probability-change`: mean absolute change of the answer's probability when the image moves by 1 px
   * - `equivariance-error`: local equivariance error
   * - `overlap`, only of a detector: mean intersection over union of its best boxes in two shifted images, after the
   *   shift is taken back; 1 if it sees nothing in both
   * - `always-same`: share of photographs for which all shifts give the same answer
   * - `confidence`: probability of the answer to the protocol's first image
   * - `accuracy`, only with labels, as the others below: share of photographs with a right answer, without a shift
   * - `mean-accuracy`: share of shifted images with a right answer
   * - `worst-case-accuracy`: share of photographs whose answer is right at every shift
   * - `right-probability`: mean probability of the right class; if several classes are right, of the most probable one
   */
  readonly measure: string
  readonly title: string
  readonly unit: MeasureUnit
  /** Whether a higher or a lower value is better, or neither. */
  readonly better: Better
  /** The mean over photographs with a probability of at least 0.5 for the answer to the protocol's first image. */
  readonly confident: MeasureMean
}

/** Results of `consistency`: the same photographs and shifts in one or several networks. */
export interface Consistency {
  readonly protocols: readonly ProtocolName[]
  readonly draws: number
  readonly seed: number
  readonly background: string
  /** Where the labels were read from; absent without labels. */
  readonly labels?: string
  /** In the order in which they were given. */
  readonly networks: readonly NetworkConsistency[]
}

/** Results of one network. */
export interface NetworkConsistency extends ExecutionRecord {
  /** Name of the network. */
  readonly model: string
  readonly weightsSha256: string
  /** Side of the network's square input in pixels. */
  readonly frame: number
  /** How pixels become the network's input. */
  readonly input: string
  /** Name of the layer with class scores, whose answers are compared. */
  readonly layer: string
  /** What the network's class scores mean. Probabilities are computed from them accordingly. */
  readonly scores: ClassScores
  /** Only of a detector: the least score at which it sees something. */
  readonly threshold?: number
  readonly measures: readonly ConsistencyMeasure[]
  /** Name of each measured photograph, the SHA-256 of its file, and its values in the order of `measures`. */
  readonly photographs: readonly MeasuredPhotograph[]
  /** Photographs that could not be measured, and why. */
  readonly failed: readonly PatchFailure[]
  readonly settings: Settings
  /**
   * Number of images that this call ran through the network. Images of an earlier, interrupted call are not included.
   */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/** What the files of a folder show of a network, which this call or an earlier one has measured. */
export interface ShownNetwork
  extends Pick<NetworkConsistency, 'model' | 'frame' | 'measures' | 'photographs' | 'failed'> {
  readonly device: string
}

/** Results of `consistency` together with those of earlier calls in the same folder. */
export interface ShownConsistency extends Omit<Consistency, 'networks'> {
  readonly networks: readonly ShownNetwork[]
}

/** @param photographs in the order of the given files */
export function summary(
  protocols: readonly Protocol[],
  photographs: readonly MeasuredPhotograph[],
): Pick<NetworkConsistency, 'measures' | 'photographs'> {
  const all = protocols.flatMap((protocol) => protocol.measures.map((measure) => ({ protocol, measure })))
  const column = (i: number) => photographs.map(({ values }) => values[i] as number)
  const measures = all.map(({ protocol, measure: { name, title, unit, better } }, i) => {
    const values = column(i)
    const confidences = column(all.findIndex((one) => one.protocol === protocol && one.measure.name === CONFIDENCE))
    const confident = values.filter((_, at) => (confidences[at] as number) >= CONFIDENT)
    return {
      protocol: protocol.name,
      measure: name,
      title,
      unit,
      better,
      ...meanOf(values),
      confident: meanOf(confident),
    }
  })
  return { measures, photographs: photographs.map(({ name, sha256, values }) => ({ name, sha256, values })) }
}

/** The mean of those values that exist. */
function meanOf(values: readonly number[]): MeasureMean {
  const found = values.filter((value) => !Number.isNaN(value))
  const { mean, standardError } = meanInterval(found)
  return { mean: found.length === 0 ? null : mean, standardError, count: found.length }
}
