import { ANCHOR_NAMES, positionRange } from '../../engine/scene/positions.js'
import { InputError } from '../../errors.js'
import { isRightAnswer } from '../../networks/classes/words.js'
import type { OpenUnit } from '../../results/store/openUnit.js'
import { encodeMap, encodeRegions, PROBABILITY_DECIMALS, toBase64 } from './mapCoding.js'
import type { SiteAnswers } from './siteIndex.js'
import type { NumberedAnswers } from './smallAnswers.js'

/** What the site's files say about a unit's answers. */
export interface UnitAnswers {
  readonly encoded: SiteAnswers
  readonly numbered: NumberedAnswers
}

/** Reads a unit's answers (the most probable class at each position and at each anchor), and encodes them for its file. */
export async function unitAnswers(unit: OpenUnit): Promise<UnitAnswers | undefined> {
  const layer = unit.layers.find(({ answers }) => answers !== null)
  const maps = layer && (await unit.answers(layer.name))
  if (!layer?.answers || maps === undefined) return undefined
  const { inputs, rows, cols, frame } = unit
  const positions = rows * cols
  const { anchors, center, names } = layer.answers
  const map = (i: number, key: 'class' | 'probability' | 'ofCenter') =>
    Float32Array.from([
      ...maps.data.subarray(i * positions, (i + 1) * positions),
      ...ANCHOR_NAMES.map((name) => anchors[name][key]),
    ])
  const [strongest, probability, ofCenter] = [map(0, 'class'), map(1, 'probability'), map(2, 'ofCenter')]
  const sightings = (await unit.sightings(layer.name))?.data
  const indices = [...new Set([center.class, ...strongest])]
  const places = new Map(indices.map((one, place) => [one, place]))
  const numbers = strongest.map((one) => places.get(one)!)
  const named = indices.map((one) => names[one] ?? String(one))
  const classes = named.map((name) => ({ name, isRight: isRightAnswer(inputs.category, name, named) }))
  const right = [...classes.keys()].filter((i) => classes[i]?.isRight)
  return {
    encoded: {
      classes: named,
      ...(sightings && { sightings: toBase64(sightings) }),
      ...(right.length > 0 && { right }),
      strongest: toBase64(encodeRegions(numbers)),
      ofCenter: encodedMap(ofCenter, unit.folder, PROBABILITY_DECIMALS),
      ofOthers: encodedMap(
        probability.filter((_, i) => strongest[i] !== center.class),
        unit.folder,
        PROBABILITY_DECIMALS,
      ),
    },
    numbered: {
      patch: inputs.patch,
      grid: { rows, cols, stride: inputs.stride, first: positionRange(frame, inputs.size).first },
      classes,
      // Of a head, `center` is the object's class, which need not be the answer.
      own: places.get(anchors.center.class)!,
      ...(sightings && { wanted: places.get(center.class) }),
      numbers,
      probabilities: probability,
      atCenter: anchors.center.probability,
    },
  }
}

/** @throws InputError if a value is out of range. The message names `source`: a unit's folder, or a network. */
export function encodedMap(map: ArrayLike<number>, source: string, decimals?: number): string {
  try {
    return toBase64(encodeMap(map, decimals))
  } catch (error) {
    throw new InputError(
      `the maps of ${source} are damaged: ${(error as Error).message}. Remove the folder of these results and run reproduce again`,
      { cause: error },
    )
  }
}
