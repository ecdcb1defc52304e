import { sizeInFrame, sourceSide } from '../../patches/sizes.js'
import type { Row } from '../measures/rows.js'
import type { Variant } from '../measures/variant.js'
import type { AnsweredNetwork } from './read.js'
import type { MetricMean } from './summary.js'

/** Makes rows from the measures of photographs: one over all photographs, and one over confident ones. */
export function answerRows(networks: readonly AnsweredNetwork[]): readonly Row[] {
  return networks.flatMap(({ model, layer, frame, measures }) => {
    const place = { model, layer, ...sizeInFrame({ size: sourceSide(frame), frame }) }
    return measures.flatMap(({ protocol, measure: metric, confident, ...all }) => [
      ...rowOf({ ...place, metric, variant: { protocol } }, all),
      ...rowOf({ ...place, metric, variant: { protocol, confidence: 'confident' } }, confident),
    ])
  })
}

type Key = Omit<Row, 'variant' | 'mean' | 'std' | 'count' | 'values'> & { readonly variant: Variant }

/** None if no photograph has a value. */
function rowOf(key: Key, { mean, standardError, count }: MetricMean): readonly Row[] {
  if (mean === null) return []
  // The standard error has the sample standard deviation, and rows have that of the population.
  const std = standardError === null ? 0 : standardError * Math.sqrt(count - 1)
  return [{ ...key, mean, std, count, values: new Map() }]
}
