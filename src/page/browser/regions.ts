import { type CountedClass, positionsOfClasses, type RankedClasses, rankedClasses } from '../site/classRanks.js'
import { HEAD_MAPS, type Quantity } from '../site/view.js'
import { classWords, isolated } from '../text/text.js'
import type { NamedRegions } from './answers.js'
import type { LoadedMap } from './maps.js'

/** Red, green and blue, 0 to 255 each. */
export type Colour = readonly [number, number, number]

/** Blues for the classes that are correct for the object. */
export const RIGHT_COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [86, 180, 233],
  [0, 52, 112],
]
/**
 * Other hues for the most frequent other classes. To deuteranopes, all colours differ by a ΔE of at least 20 in CIELAB.
 */
export const OTHER_COLOURS: readonly Colour[] = [
  [230, 159, 0],
  [204, 84, 160],
  [250, 240, 70],
  [0, 158, 115],
  [134, 72, 32],
  [196, 88, 4],
]
/** Pale grey for all other classes. In greyscale, it is lighter than the blues by an L* of at least 15. */
export const REST_COLOUR: Colour = [216, 216, 216]

/** Colours of the classes that networks predict. In a map, a region is all positions with the same class. */
export type Regions = ReturnType<typeof regionsOf>

export interface ClassRegion {
  readonly name: string
  readonly colour: Colour
  readonly positions: number
}

/** Colours of the maps of heads, by quantity. */
const HEAD_COLOURS: ReadonlyMap<Quantity, ReadonlyMap<string, Colour>> = new Map(
  HEAD_MAPS.map(({ name, names = [] }) => [name, classColours({ right: names.slice(0, 1), others: names.slice(1) })]),
)

/**
 * Chooses the colours of classes, the same in all maps. Only the most frequent classes get a colour of their own.
 * @param ranked the study's classes of the object (see `SiteClasses`); without them, the maps alone decide
 */
export function regionsOf(all: readonly LoadedMap[], ranked = rankedIn(all)) {
  const classes = withFreeColours(classColours(ranked), rankedIn(all))
  const coloursOf = ({ quantity }: LoadedMap) => HEAD_COLOURS.get(quantity) ?? classes
  return {
    /** @param number index of the class in the names of `map.regions` */
    colourOf: (map: LoadedMap, number: number): Colour =>
      coloursOf(map).get(map.regions?.names[number] ?? '') ?? REST_COLOUR,
    /** The colour of a class in all maps, readings and charts. */
    colourOfClass: (name: string): Colour => classes.get(name) ?? REST_COLOUR,
    /**
     * Entries of a map's legend, the most frequent class first. Classes without a colour of their own share the last
     * entry.
     */
    legend: (map: LoadedMap): readonly ClassRegion[] => {
      const colours = coloursOf(map)
      const found = classesOf(map.regions).filter(({ positions }) => positions > 0)
      const named = found.flatMap(({ name, positions, isRight }) => {
        const colour = colours.get(name)
        const ending = isRight && map.quantity === 'answers' ? ' ✓' : ''
        return colour === undefined ? [] : [{ name: `${isolated(classWords(name))}${ending}`, positions, colour }]
      })
      const rest = found.filter(({ name }) => !colours.has(name))
      const positions = rest.reduce((sum, one) => sum + one.positions, 0)
      const name = rest.length === 1 ? isolated(classWords(rest[0]?.name ?? '')) : `${rest.length} others`
      return [
        ...named.sort((a, b) => b.positions - a.positions),
        ...(rest.length === 0 ? [] : [{ name, positions, colour: REST_COLOUR }]),
      ]
    },
  }
}

/**
 * Gives the classes of the shown maps that have no colour in the study those colours that no class of these maps has.
 * Networks with other classes would else leave most of a map grey.
 */
function withFreeColours(colours: ReadonlyMap<string, Colour>, shown: RankedClasses): ReadonlyMap<string, Colour> {
  const names = [...shown.right, ...shown.others]
  const used = new Set(names.map((name) => colours.get(name)))
  const given = (names: readonly string[], palette: readonly Colour[]) =>
    paired(
      names.filter((name) => !colours.has(name)),
      palette.filter((colour) => !used.has(colour)),
    )
  return new Map([...colours, ...given(shown.right, RIGHT_COLOURS), ...given(shown.others, OTHER_COLOURS)])
}

/** As the study's classes of an object, the class that a head looks for counts as right. It is the first one. */
function rankedIn(all: readonly LoadedMap[]): RankedClasses {
  return rankedClasses(
    all.flatMap(({ answers }) =>
      classesOf(answers?.strongest).map((one, i) => (i === 0 && answers?.sightingAt ? { ...one, isRight: true } : one)),
    ),
  )
}

/** Colours of classes by name; classes without one share `REST_COLOUR`. */
export function classColours({ right, others }: RankedClasses): ReadonlyMap<string, Colour> {
  return new Map([...paired(right, RIGHT_COLOURS), ...paired(others, OTHER_COLOURS)])
}

function paired(names: readonly string[], palette: readonly Colour[]) {
  return palette.slice(0, names.length).map((colour, i) => [names[i]!, colour] as const)
}

function classesOf(regions: NamedRegions | undefined): readonly CountedClass[] {
  const { names = [], numbers = [], right = [] } = regions ?? {}
  const positions = positionsOfClasses(numbers, names.length)
  return names.map((name, i) => ({ name, positions: positions[i]!, isRight: right.includes(i) }))
}
