import { html, isolated } from './dom.js'
import type { LoadedMap } from './maps.js'
import { percentText } from './numbers.js'

/** Red, green, blue, 0 to 255. */
type Colour = readonly [number, number, number]

/** Of the most frequent answers; told apart by lightness too (after Okabe and Ito). */
const COLOURS: readonly Colour[] = [
  [86, 180, 233],
  [213, 94, 0],
  [240, 228, 66],
  [0, 114, 178],
  [0, 158, 115],
  [204, 121, 167],
  [230, 159, 0],
]
const OTHER: Colour = [150, 150, 150]

/** How the regions of equal answer are coloured. */
export interface Regions {
  /** Of the class with this number in the map's own list. */
  readonly colourOf: (map: LoadedMap, number: number) => Colour
  /** Classes that a map has, the most frequent first; the rest together at the end. */
  readonly legend: (map: LoadedMap) => readonly Region[]
}

interface Region {
  readonly name: string
  readonly colour: Colour
  readonly positions: number
}

/** The most frequent classes of all maps together have colours, so that one class has one colour in all of them. */
export function regionsOf(all: readonly LoadedMap[]): Regions {
  const maps = all.filter(({ quantity }) => quantity === 'answers')
  const counts = new Map<string, number>()
  for (const map of maps) {
    for (const { name, positions } of classesOf(map)) counts.set(name, (counts.get(name) ?? 0) + positions)
  }
  const ranked = [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)).map(([name]) => name)
  const colours = new Map(COLOURS.slice(0, ranked.length).map((colour, i) => [ranked[i] as string, colour]))
  return {
    colourOf: ({ answers }, number) => colours.get(answers?.strongest?.names[number] ?? '') ?? OTHER,
    legend: (map) => {
      const classes = classesOf(map).filter(({ positions }) => positions > 0)
      const named = classes.flatMap((one) => {
        const colour = colours.get(one.name)
        return colour === undefined ? [] : [{ ...one, colour }]
      })
      const rest = classes.filter(({ name }) => !colours.has(name))
      const positions = rest.reduce((sum, one) => sum + one.positions, 0)
      const name = rest.length === 1 ? isolated(rest[0]?.name ?? '') : `${rest.length} others`
      return [
        ...named.sort((a, b) => b.positions - a.positions).map((one) => ({ ...one, name: isolated(one.name) })),
        ...(rest.length === 0 ? [] : [{ name, positions, colour: OTHER }]),
      ]
    },
  }
}

function classesOf({ answers }: LoadedMap): readonly { readonly name: string; readonly positions: number }[] {
  const { names = [], numbers = [] } = answers?.strongest ?? {}
  const positions = new Uint32Array(names.length)
  for (const number of numbers) positions[number] = (positions[number] as number) + 1
  return names.map((name, i) => ({ name, positions: positions[i] as number }))
}

/** A legend of a map's regions: colour, name, share of positions. */
export function legendItems(regions: Regions, map: LoadedMap): readonly HTMLElement[] {
  return regions.legend(map).map(({ name, colour, positions }) => {
    const swatch = html('span', { class: 'swatch', style: `background:rgb(${colour.join(' ')})` })
    return html('li', {}, swatch, ` ${name} ${percentText(positions, map.values.length)}`)
  })
}
