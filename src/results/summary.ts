import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import type { StudyGroup } from './study.js'

/** One cell of Table 1 or 2: mean and population standard deviation over patches of each patch's mean cosine. */
export interface SimilaritySummary {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly anchor: AnchorName
  readonly mean: number
  readonly std: number
  readonly patches: number
}

/** What summary.json holds. */
export interface Summary {
  readonly similarity: readonly SimilaritySummary[]
}

/** The paper's statistics (SPEC section 1, tables) from the units of a study. */
export function summarize(groups: readonly StudyGroup[]): Summary {
  const similarity = groups.flatMap((group) =>
    group.layers.flatMap((layer, i) =>
      ANCHOR_NAMES.map((anchor) => {
        const means = group.units.map(
          (unit) => (unit.layers[i] as (typeof unit.layers)[number]).similarity[anchor].mean,
        )
        return { model: group.model, layer, size: group.size, anchor, ...meanAndStd(means), patches: means.length }
      }),
    ),
  )
  return { similarity }
}

/** Rows of metrics.csv: model,layer,size,patch,metric,variant,value with one value a row. */
export function metricsCsv(groups: readonly StudyGroup[]): string {
  const lines = ['model,layer,size,patch,metric,variant,value']
  for (const { model, size, units } of groups) {
    for (const { inputs, layers } of units) {
      for (const { name, similarity } of layers) {
        for (const anchor of ANCHOR_NAMES) {
          for (const statistic of ['mean', 'min'] as const) {
            const cells = [
              model,
              name,
              size,
              inputs.patch,
              `similarity-${statistic}`,
              anchor,
              similarity[anchor][statistic],
            ]
            lines.push(cells.map(csvCell).join(','))
          }
        }
      }
    }
  }
  return `${lines.join('\n')}\n`
}

/** A cell by RFC 4180: quoted if it holds a comma, a quote or a line break. */
export function csvCell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
