import type { ExecutionRecord } from '../engine/choice.js'
import type { Settings } from '../engine/task.js'
import type { PatchFailure } from '../patches/patchFolder.js'
import { meanAndError } from '../support/statistics.js'
import type { PhotographFile } from './photographs.js'
import type { Protocol, ProtocolName, ProtocolSetting } from './protocols.js'

/** A measure over all photographs. */
export interface ConsistencyMeasure {
  readonly protocol: ProtocolName
  /**
   * `agreement` (share of shifts with the same strongest class), `change` (share of steps that change it),
   * `probability-change` (mean absolute change of the probability of the strongest class per step), or
   * `equivariance-error`.
   */
  readonly measure: string
  /** The measure in words. */
  readonly title: string
  readonly unit: 'share' | 'probability' | 'error'
  /** Mean over photographs. */
  readonly mean: number
  /** Standard error of the mean; null for a single photograph. */
  readonly standardError: number | null
}

/** The measures of a network on photographs. */
export interface Consistency extends ExecutionRecord {
  readonly model: string
  /** SHA-256 of the network's weights. */
  readonly weightsSha256: string
  /** Side of the square frame in pixels. */
  readonly frame: number
  readonly protocols: readonly ProtocolName[]
  readonly draws: number
  readonly seed: number
  readonly background: string
  readonly measures: readonly ConsistencyMeasure[]
  /** Name of each measured photograph, and its values in the order of `measures`. */
  readonly photographs: readonly { readonly name: string; readonly values: readonly number[] }[]
  /** Photographs that could not be measured. */
  readonly failed: readonly PatchFailure[]
  readonly settings: Settings
  /** Number of images that this call ran. */
  readonly images: number
  readonly seconds: number
  readonly imagesPerSecond: number
}

/**
 * Numbers that are kept of all photographs, for each protocol [photographs, kept]. A row that begins with NaN is
 * missing.
 */
export interface KeptAnswers {
  readonly protocols: readonly Protocol[]
  readonly setting: ProtocolSetting
  readonly files: readonly PhotographFile[]
  readonly rows: (protocol: number, photograph: number) => Float32Array
}

/** Measures of each photograph, and their means over all photographs. */
export function summary(kept: KeptAnswers): Pick<Consistency, 'measures' | 'photographs'> {
  const { protocols, files, rows } = kept
  const all = protocols.flatMap((protocol, i) => protocol.measures.map((measure) => ({ protocol, measure, i })))
  const photographs = [...files.entries()].flatMap(([at, { name }]) =>
    Number.isNaN(rows(0, at)[0]) ? [] : [{ name, values: all.map(({ measure, i }) => measure.of(rows(i, at))) }],
  )
  const measures = all.map(({ protocol, measure: { name, title, unit } }, i) => {
    const values = photographs.map((photograph) => photograph.values[i] as number)
    return { protocol: protocol.name, measure: name, title, unit, ...meanAndError(values) }
  })
  return { measures, photographs }
}
