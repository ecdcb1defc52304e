import type { LoadedMap } from './maps.js'
import { isolated } from './text.js'

/** Red, green and blue, 0 to 255 each. */
type Colour = readonly [number, number, number]

/** Greens for the classes that are correct for the object: Okabe and Ito's green, a lighter one and a darker one. */
const RIGHT_COLOURS: readonly Colour[] = [
  [0, 158, 115],
  [128, 208, 178],
  [0, 92, 66],
]
/** Okabe and Ito's other colours, for the most frequent other classes. Colour-blind readers can tell them apart. */
const COLOURS: readonly Colour[] = [
  [213, 94, 0],
  [86, 180, 233],
  [240, 228, 66],
  [0, 114, 178],
  [204, 121, 167],
  [230, 159, 0],
]
const REST: Colour = [150, 150, 150]

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

/** Chooses the colours of classes, the same in all maps. Only the most frequent classes get a colour of their own. */
export function regionsOf(all: readonly LoadedMap[]): Regions {
  const counts = new Map<string, { positions: number; readonly isRight: boolean }>()
  for (const map of all) {
    for (const { name, positions, isRight } of classesOf(map))
      counts.set(name, { positions: (counts.get(name)?.positions ?? 0) + positions, isRight })
  }
  const ranked = [...counts].sort(([a, many], [b, more]) => more.positions - many.positions || (a < b ? -1 : 1))
  const colours = new Map<string, Colour>()
  for (const [wanted, palette] of [
    [true, RIGHT_COLOURS],
    [false, COLOURS],
  ] as const) {
    const names = ranked.filter(([, { isRight }]) => isRight === wanted).map(([name]) => name)
    for (const [i, colour] of palette.slice(0, names.length).entries()) colours.set(names[i] as string, colour)
  }
  return {
    colourOf: ({ regions }, number) => colours.get(regions?.names[number] ?? '') ?? REST,
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
        ...(rest.length === 0 ? [] : [{ name, positions, colour: REST }]),
      ]
    },
  }
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
