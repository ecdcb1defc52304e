import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { indexOf } from '../../experiments/maps/grid.js'
import { type ColourLimits, PAPER_LIMITS } from '../../plot/colormap.js'
import { centerOf, kindOf } from '../site/groups.js'
import { decodeMap, fromBase64 } from '../site/mapCoding.js'
import { HEAD_MAPS, type Quantity } from '../site/view.js'
import { positionText } from '../text/text.js'
import {
  type AnswerAt,
  answerAt,
  decodeAnswers,
  firstAnswers,
  type LoadedAnswers,
  type NamedRegions,
} from './answers.js'
import { cosinesWith, type OnFiles } from './features.js'
import { loadMaps } from './files.js'
import type { Fitted } from './fit.js'
import { recent } from './recent.js'

export interface LoadedMap extends MapValues {
  readonly fitted: Fitted
  readonly quantity: Quantity
  /** Largest possible error of the cosines. It is 0 unless they are computed from sketches (shortened features). */
  readonly error: number
  readonly answers: LoadedAnswers | undefined
  /** What the values stand for, if they are not numbers of a scale. */
  readonly regions?: NamedRegions
  /**
   * The answer with the object at the anchor, which may lie between the map's positions. Undefined if it is not known,
   * or if the anchor is not a named one.
   */
  readonly atAnchor?: AnswerAt | undefined
  /**
   * 1 at each computed position; the map repeats its value at nearby positions. Absent if all positions are computed.
   */
  readonly known?: Uint8Array
}

export interface MapValues {
  /** One value per position, [rows, cols], row-major. */
  readonly values: Float64Array
  /** Mean of the values. Like `lowest` and `highest`, it considers only positions that are computed. */
  readonly mean: number
  readonly lowest: number
  readonly highest: number
}

const keptMaps = recent<MapValues>(24)
const keptAnswers = recent<LoadedAnswers | undefined>(24)

/** @throws Error if a file of the site is missing or damaged */
export async function loadMap(fitted: Fitted, wanted: Quantity, onFiles: OnFiles): Promise<LoadedMap> {
  const { group, unit, layer, anchor, anchorPosition } = fitted
  const key = [group.key, unit, layer, anchor ?? `${anchorPosition.row},${anchorPosition.col}`].join(' ')
  const cosines = await keptMaps(key, () => (anchor === null ? computeMap(fitted, onFiles) : readMap(fitted, anchor)))
  const positions = group.rows * group.cols
  const all = await keptAnswers(`${group.key} ${unit}`, async () =>
    decodeAnswers(await loadMaps(group.key, unit), positions + group.anchors.length),
  )
  const error = anchor === null && unit !== null ? (group.units[unit]?.error ?? 0) : 0
  const answers = all && firstAnswers(all, positions)
  // The answers at the anchors follow those at the positions.
  const atAnchor = anchor === null ? undefined : all && answerAt(all, positions + anchor)
  return mapOf({ fitted, cosines, error, answers, atAnchor }, wanted)
}

export interface MapParts extends Pick<LoadedMap, 'fitted' | 'error' | 'answers' | 'atAnchor' | 'known'> {
  readonly cosines: MapValues
}

/** Makes a map of the wanted quantity. If the network's predictions are not known, the map shows similarity instead. */
export function mapOf({ cosines, ...parts }: MapParts, wanted: Quantity): LoadedMap {
  const { answers, known } = parts
  if (wanted === 'similarity' || answers === undefined) return { ...parts, quantity: 'similarity', ...cosines }
  const { sightingAt, strongest } = answers
  if (wanted === 'probability') return { ...parts, quantity: 'probability', ...measured(answers.ofCenter, known) }
  const seen = HEAD_MAPS.find(({ name }) => name === wanted)
  if (seen === undefined || sightingAt === undefined) return { ...parts, ...regionMap('answers', strongest, known) }
  const values = answers.ofCenter.map((_, position) => seen.of(sightingAt(position)))
  if (seen.names === undefined) return { ...parts, quantity: seen.name, ...measured(values, known) }
  const regions = { names: seen.names, numbers: Uint32Array.from(values), right: [0] }
  return { ...parts, ...regionMap(seen.name, regions, known) }
}

function regionMap(quantity: Quantity, regions: NamedRegions, known: Uint8Array | undefined) {
  return { quantity, regions, ...measured(Float64Array.from(regions.numbers), known) }
}

/** Name of the layer that a map shows. Predicted classes come from the output layer, whichever layer the user chose. */
export function shownLayer({ quantity, fitted: { choice, group } }: Pick<LoadedMap, 'quantity' | 'fitted'>): string {
  return quantity === 'similarity' ? choice.layer : (group.classes ?? '')
}

/** Position with which a map compares all others. Maps of answers always compare with the center. */
export function anchorOf({ quantity, fitted }: Pick<LoadedMap, 'quantity' | 'fitted'>): Position {
  return quantity === 'similarity' ? fitted.anchorPosition : centerOf(fitted.group)
}

export function quantityNote(map: LoadedMap, wanted: Quantity): string {
  const { quantity, fitted } = map
  if (quantity !== 'similarity' && !isSamePosition(anchorOf(map), fitted.anchorPosition))
    return `This map compares with the center (+). The anchor at ${positionText(fitted.anchorPosition)} counts in maps of similarity.`
  if (quantity === wanted || quantity !== 'similarity') return ''
  const reason =
    fitted.unit === null && fitted.group.classes !== null
      ? `A map of answers needs one ${kindOf(fitted.group)}.`
      : 'The answers of this network are not known here.'
  return `${reason} The map shows similarity instead.`
}

async function readMap({ group, unit, layer }: Fitted, anchor: number): Promise<MapValues> {
  const { means, minima, maps } = (await loadMaps(group.key, unit)).layers[layer]!
  const values = decodeMap(fromBase64(maps[anchor]!), group.rows * group.cols)
  return { ...measured(values), mean: means[anchor]!, lowest: minima[anchor]! }
}

async function computeMap(fitted: Fitted, onFiles: OnFiles): Promise<MapValues> {
  return measured(await cosinesWith(fitted, indexOf(fitted.anchorPosition, fitted.group), onFiles))
}

/**
 * Returns the values of a map together with their mean, their lowest and their highest value.
 * @param known 1 at each position to include in these three numbers; by default, all positions are included
 */
export function measured(values: Float64Array, known?: Uint8Array): MapValues {
  const counted = known === undefined ? values : values.filter((_, i) => known[i] === 1)
  return {
    values,
    mean: counted.reduce((sum, value) => sum + value, 0) / counted.length,
    lowest: counted.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
    highest: counted.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  }
}

export const PROBABILITY_LIMITS: ColourLimits = { low: 0, high: 1 }

/**
 * Ends of a colour scale: the lowest and the highest value of all similarity maps, rounded outwards to four decimals.
 * If there are no similarity maps, the ends of the paper's scale are returned.
 */
export function extremes(shown: readonly LoadedMap[]): ColourLimits {
  const maps = shown.filter(({ quantity }) => quantity === 'similarity')
  if (maps.length === 0) return PAPER_LIMITS
  const low = Math.floor(Math.min(...maps.map(({ lowest }) => lowest)) * 1e4) / 1e4
  const high = Math.ceil(Math.max(...maps.map(({ highest }) => highest)) * 1e4) / 1e4
  return low < high ? { low, high } : { low: low - 0.001, high: high + 0.001 }
}
