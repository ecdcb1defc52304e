import type { LayerFeatures } from '../../engine/features/features.js'
import type { PositionGrid } from '../../engine/scene/positions.js'
import type { Wording } from '../../message.js'
import type { Head } from '../../network.js'
import type { Patch } from '../../patches/patch.js'
import type { Box } from './boxes.js'

/** Answer where no class reaches the threshold. Its index follows those of the classes. */
export const SEES_NOTHING = 'nothing'

/** Columns that answers to photographs may have besides those of class scores. */
export const HEAD_COLUMNS = ['overlap'] as const
export type HeadColumn = (typeof HEAD_COLUMNS)[number]

/** Maps that the page may show besides those of class scores. */
export type HeadQuantity = 'overlap' | 'found'

/** How scores become the answers for one object. */
export interface AnswerRule extends Pick<Head, 'threshold'> {
  /** Index of the object's class. */
  readonly own: number
  /** Whether the object's category or the user states this class. Otherwise, it is the best one at the center. */
  readonly isStated: boolean
}

/** What a head sees of one object. */
export interface Sightings extends AnswerRule {
  /** The numbers to store, [positions + 5, values]: at the grid's positions, then at the anchors. */
  readonly sightings: Float32Array
}

/** A layer whose values are compared as features. */
export interface ComparedLayer extends LayerFeatures {
  /** Only of a head's layer: all of its values. */
  readonly all?: Float32Array
}

/** What a head sees in a frame of a photograph. */
export interface Seen {
  /** Index of the answer's class; the number of classes if nothing is seen. */
  readonly answer: number
  /** Where it is seen, if the photograph had not moved; absent if nothing is seen. */
  readonly box?: Box
}

export interface HeadMap {
  readonly name: HeadQuantity
  /** The map in the page's menu and before its mean, and after “Colour: ”. */
  readonly title: string
  readonly explanation: string
  /** @param sighting the numbers stored for a position */
  readonly of: (sighting: ArrayLike<number>) => number
  /** What the numbers stand for, if they are no scale. The first one is right. */
  readonly names?: readonly string[]
}

/** How the values of a head's layer are read. Tensors have a row for each image. */
interface HeadReader {
  /** The values that are compared as features. */
  readonly compared: (layer: LayerFeatures) => ComparedLayer
  /**
   * @param center scores of the classes with the object at the center
   * @param right indices of the classes that are right for the object; undefined if none is known
   */
  readonly rule: (
    head: Pick<Head, 'threshold' | 'objectClass'>,
    names: readonly string[],
    center: Float32Array,
    right: readonly number[] | undefined,
  ) => AnswerRule
  /** Start of the name of the file with sightings, and the number of their values at a position. */
  readonly file: string
  readonly values: number
  /**
   * The sightings in several images, [images, values].
   * @param images for each image, its row in the layer and the index of its position in `offsets`
   * @param size side of the object in pixels
   */
  readonly sightings: (
    layer: ComparedLayer,
    images: readonly (readonly [row: number, position: number])[],
    square: Pick<PositionGrid, 'offsets'> & Pick<Patch, 'size'>,
    rule: AnswerRule,
  ) => Float32Array
  /**
   * The measures of one object by name; null if one is not known.
   * @param answers class index of the answer at each position
   */
  readonly measured: (answers: Float32Array, seen: Sightings) => Record<string, number | null>
  /** @param moved shift of the photograph in pixels */
  readonly seen: (
    layer: ComparedLayer,
    frame: number,
    probabilities: Float64Array,
    threshold: number,
    moved: { readonly rows: number; readonly cols: number },
  ) => Seen
  /** How the outputs were read, for people. */
  readonly described: (head: Head) => Wording
  /** What the values of the layer are. They are no features. */
  readonly content: string
}

/** A kind of output: how its values become answers, and what is stored and shown of them. */
export interface HeadRow {
  /** Absent if the layer has one score for each class and nothing else. */
  readonly reader?: HeadReader
  /** Names of the answers that follow those of the classes. */
  readonly otherAnswers: readonly string[]
  /** Measures of an object besides those of all answers, and their table. */
  readonly measures: readonly { readonly name: string; readonly better: 'higher' | 'lower' }[]
  readonly table?: { readonly stem: string; readonly title: string; readonly note: string }
  /** Columns of answers to photographs, with the measure that is the mean of each. */
  readonly columns: readonly { readonly name: HeadColumn; readonly measure: string; readonly title: string }[]
  /** What the page calls the value of a class, and its map. */
  readonly score: { readonly word: string; readonly title: string }
  /** The map with which the page opens. */
  readonly opens: 'answers' | HeadQuantity
  readonly maps: readonly HeadMap[]
}
