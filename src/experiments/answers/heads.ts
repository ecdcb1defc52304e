import type { LayerFeatures } from '../../engine/features/features.js'
import type { PositionGrid } from '../../engine/scene/positions.js'
import type { Head, HeadKind, Network } from '../../network.js'
import { DETECTOR } from './detections.js'
import type { ComparedLayer, HeadRow, Sightings } from './headRow.js'

/** All kinds of output. The page reads this table, too, so its rows import nothing of Node. */
export const HEADS: Readonly<Record<HeadKind, HeadRow>> = {
  classifier: {
    otherAnswers: [],
    measures: [],
    columns: [],
    score: { word: 'Probability', title: 'probability of the center’s answer' },
    opens: 'answers',
    maps: [],
  },
  detector: DETECTOR,
}

export function headOf(kind: HeadKind = 'classifier'): HeadRow {
  return HEADS[kind]
}

/** The values of a layer that are compared as features. */
export function comparedFeatures(layer: LayerFeatures, head: Pick<Head, 'kind' | 'layer'> | undefined): ComparedLayer {
  return (layer.name === head?.layer && headOf(head?.kind).reader?.compared(layer)) || layer
}

/** Names of all answers by index: of the classes, then others, such as that a detector sees nothing. */
export function answerNames({ classes, head }: Pick<Network, 'classes' | 'head'>): readonly string[] {
  return [...(classes?.names ?? []), ...headOf(head?.kind).otherAnswers]
}

/** The part of a head that decides its answers, as it is stored. */
export function storedHead({ kind, threshold, boxes }: Head): Pick<Head, 'kind' | 'threshold' | 'boxes'> {
  return { kind, threshold, boxes }
}

/** What a head sees of an object at the positions of a grid and at its anchors; undefined for other layers. */
export function sightingsOf(
  grid: PositionGrid,
  layer: ComparedLayer,
  { classes, head }: Pick<Network, 'classes' | 'head'>,
  size: number,
  right: readonly number[] | undefined,
): Sightings | undefined {
  const { reader } = headOf(head?.kind)
  if (reader === undefined || head === undefined || layer.all === undefined) return undefined
  const center = grid.anchors.find(({ name }) => name === 'center')!.index * layer.dims
  const scores = layer.matrix.subarray(center, center + layer.dims)
  const rule = reader.rule(head, classes?.names ?? [], scores, right)
  const images = [...Array(grid.rows * grid.cols).keys(), ...grid.anchors.map(({ index }) => index)]
  const rows = images.map((index) => [index, index] as const)
  return { ...rule, sightings: reader.sightings(layer, rows, { ...grid, size }, rule) }
}
