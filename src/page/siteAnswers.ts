import { ANCHOR_NAMES } from '../engine/positions.js'
import { InputError } from '../errors.js'
import { isRightAnswer } from '../networks/objectClasses.js'
import type { OpenUnit } from '../results/unit/open.js'
import { encodeMap, encodeRegions, PROBABILITY_DECIMALS } from './mapCoding.js'
import type { SiteAnswers } from './siteIndex.js'

/** Averages maps of objects. A map holds the probability of the network's answer for the object at the center. */
export interface MeanProbability {
  /** @param map the probability at each position, [rows, cols], and then at each anchor */
  readonly add: (map: Float32Array) => void
  /** The mean map, encoded like `SiteAnswers.ofCenter`; undefined if no map was added. */
  readonly map: () => string | undefined
}

const SCALE = 10 ** PROBABILITY_DECIMALS

/** Averages by adding whole numbers, so that the mean does not depend on the order of the units. */
export function meanProbability(model: string): MeanProbability {
  let sums: Float64Array | undefined
  let units = 0
  return {
    add: (map) => {
      sums ??= new Float64Array(map.length)
      for (let i = 0; i < map.length; i++) sums[i] = (sums[i] as number) + Math.round((map[i] as number) * SCALE)
      units++
    },
    map: () =>
      sums &&
      encodedMap(
        sums.map((sum) => sum / units / SCALE),
        model,
        PROBABILITY_DECIMALS,
      ),
  }
}

/**
 * Encodes a unit's answers (the most probable class at each position and at each anchor) for its file. It also adds the
 * unit's probabilities to `mean`.
 */
export async function unitAnswers(unit: OpenUnit, mean: MeanProbability): Promise<SiteAnswers | undefined> {
  const layer = unit.layers.find(({ answers }) => answers !== null)
  const maps = layer && (await unit.answers(layer.name))
  if (!layer?.answers || maps === undefined) return undefined
  const positions = unit.rows * unit.cols
  const { anchors } = layer.answers
  const map = (i: number, key: 'class' | 'probability' | 'ofCenter') =>
    Float32Array.from([
      ...maps.data.subarray(i * positions, (i + 1) * positions),
      ...ANCHOR_NAMES.map((name) => anchors[name][key]),
    ])
  const [strongest, probability, ofCenter] = [map(0, 'class'), map(1, 'probability'), map(2, 'ofCenter')]
  mean.add(ofCenter)
  const { center, names } = layer.answers
  const sightings = (await unit.boxes(layer.name))?.data
  const classes = [...new Set([center.class, ...strongest])]
  const numbers = new Map(classes.map((one, number) => [one, number]))
  const named = classes.map((one) => names[one] ?? String(one))
  const right = [...named.keys()].filter((i) => isRightAnswer(unit.inputs.category, named[i] as string, named))
  return {
    classes: named,
    ...(sightings && { sightings: base64(sightings) }),
    ...(right.length > 0 && { right }),
    strongest: base64(encodeRegions(strongest.map((one) => numbers.get(one) as number))),
    ofCenter: encodedMap(ofCenter, unit.folder, PROBABILITY_DECIMALS),
    ofOthers: encodedMap(
      probability.filter((_, i) => strongest[i] !== center.class),
      unit.folder,
      PROBABILITY_DECIMALS,
    ),
  }
}

/** @throws InputError if a value is out of range. The message names `source`: a unit's folder, or a network. */
export function encodedMap(map: ArrayLike<number>, source: string, decimals?: number): string {
  try {
    return base64(encodeMap(map, decimals))
  } catch (error) {
    throw new InputError(
      `the maps of ${source} are damaged: ${(error as Error).message}. Remove the folder of these results and run reproduce again`,
      { cause: error },
    )
  }
}

function base64(values: ArrayBufferView): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')
}
