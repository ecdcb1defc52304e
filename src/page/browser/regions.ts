import type { SiteClasses } from '../siteIndex.js'
import type { LoadedMap } from './maps.js'
import { isolated } from './text.js'

/** Red, green and blue, 0 to 255 each. */
export type Colour = readonly [number, number, number]

/** Blues for the classes that are correct for the object. */
export const RIGHT_COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [86, 180, 233],
  [0, 62, 112],
]
/** Other hues for the most frequent other classes. Colour-blind readers can tell them from the blues. */
export const OTHER_COLOURS: readonly Colour[] = [
  [230, 159, 0],
  [204, 84, 160],
  [240, 228, 66],
  [0, 158, 115],
  [140, 74, 30],
  [213, 94, 0],
]
/** Pale grey for all other classes. */
export const REST_COLOUR: Colour = [216, 216, 216]

/** Colours for maps of predicted classes. A region is all positions at which the same class is predicted. */
export interface Regions {
  /** @param number index of the class in the names of `map.regions` */
  readonly colourOf: (map: LoadedMap, number: number) => Colour
  /**
   * Entries of a map's legend, the most frequent class first. Classes without a colour of their own share the last
   * entry.
   */
  readonly legend: (map: LoadedMap) => readonly Region[]
}

export interface Region {
  readonly name: string
  readonly colour: Colour
  readonly positions: number
}

/**
 * Chooses the colours of classes, the same in all maps. Only the most frequent classes get a colour of their own.
 * @param ranked the study's classes of the object (see `SiteClasses`); without them, the maps alone decide
 */
export function regionsOf(all: readonly LoadedMap[], ranked?: Pick<SiteClasses, 'right' | 'others'>): Regions {
  const counts = new Map<string, { positions: number; readonly isRight: boolean }>()
  for (const map of all) {
    for (const { name, positions, isRight } of classesOf(map))
      counts.set(name, { positions: (counts.get(name)?.positions ?? 0) + positions, isRight })
  }
  const frequent = [...counts].sort(([a, many], [b, more]) => more.positions - many.positions || (a < b ? -1 : 1))
  const namesOf = (isRight: boolean) => frequent.filter(([, one]) => one.isRight === isRight).map(([name]) => name)
  const isAnswers = all.some(({ quantity }) => quantity === 'answers')
  const colours =
    isAnswers && ranked ? classColours(ranked) : classColours({ right: namesOf(true), others: namesOf(false) })
  return {
    colourOf: ({ regions }, number) => colours.get(regions?.names[number] ?? '') ?? REST_COLOUR,
    legend: (map) => {
      const classes = classesOf(map).filter(({ positions }) => positions > 0)
      const named = classes.flatMap(({ name, positions, isRight }) => {
        const colour = colours.get(name)
        const ending = isRight && map.quantity === 'answers' ? ' (correct)' : ''
        return colour === undefined ? [] : [{ name: `${isolated(name)}${ending}`, positions, colour }]
      })
      const rest = classes.filter(({ name }) => !colours.has(name))
      const positions = rest.reduce((sum, one) => sum + one.positions, 0)
      const name = rest.length === 1 ? isolated(rest[0]?.name ?? '') : `${rest.length} others`
      return [
        ...named.sort((a, b) => b.positions - a.positions),
        ...(rest.length === 0 ? [] : [{ name, positions, colour: REST_COLOUR }]),
      ]
    },
  }
}

/** Colours of classes by name; classes without one share `REST_COLOUR`. */
export function classColours({ right, others }: Pick<SiteClasses, 'right' | 'others'>): ReadonlyMap<string, Colour> {
  const paired = (names: readonly string[], palette: readonly Colour[]) =>
    palette.slice(0, names.length).map((colour, i) => [names[i] as string, colour] as const)
  return new Map([...paired(right, RIGHT_COLOURS), ...paired(others, OTHER_COLOURS)])
}

interface AnsweredClass {
  readonly name: string
  readonly positions: number
  readonly isRight: boolean
}

function classesOf({ regions }: LoadedMap): readonly AnsweredClass[] {
  const { names = [], numbers = [], right = [] } = regions ?? {}
  const positions = new Uint32Array(names.length)
  for (const number of numbers) positions[number] = (positions[number] as number) + 1
  return names.map((name, i) => ({ name, positions: positions[i] as number, isRight: right.includes(i) }))
}
