import { escapeHtml, scrollBox } from '../html.js'

/** Colours of data, by the page's style. */
export const SERIES_COLOURS = 6

export function seriesColour(series: number): string {
  return `var(--series-${(series % SERIES_COLOURS) + 1})`
}

export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** Attributes as markup; numbers are pixels. */
function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? coordinate(value) : escapeHtml(value)}"`)
    .join('')
}

/** An element of SVG; its content is markup. */
export function element(name: string, values: Readonly<Record<string, string | number>>, content = ''): string {
  return `<${name}${attributes(values)}>${content}</${name}>`
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return element('line', { x1, y1, x2, y2, stroke: colour })
}

/** @param values further attributes: `text-anchor`, `fill` */
export function text(
  x: number,
  y: number,
  words: string,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return element('text', { x, y, fill: 'var(--ink)', ...values }, escapeHtml(words))
}

/** What a pointer shows, and a screen reader. */
export function tip(words: string): string {
  return element('title', {}, escapeHtml(words))
}

/** A name cut to so many characters. */
export function shortened(name: string, most: number): string {
  const characters = [...name]
  return characters.length <= most ? name : `${characters.slice(0, most - 1).join('')}…`
}

/** A picture with its name for screen readers, in a box that scrolls on narrow screens. */
export function picture(width: number, height: number, name: string, content: string): string {
  const svg = element(
    'svg',
    {
      viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`,
      width,
      height,
      // Of an image nothing but its name would be read, and not the values in its tips.
      role: 'group',
      'aria-label': name,
      'font-size': '12px',
      'font-family': 'inherit',
    },
    content,
  )
  return scrollBox(name, svg)
}

/** A filled mark: disc, square, triangle or diamond by its number, so that colour is not all that tells series apart. */
export function mark(series: number, x: number, y: number, radius: number, content = ''): string {
  const shapes = [
    () => element('circle', { cx: x, cy: y, r: radius, fill: seriesColour(series) }, content),
    () =>
      polygon([
        [-0.9, -0.9],
        [0.9, -0.9],
        [0.9, 0.9],
        [-0.9, 0.9],
      ]),
    () =>
      polygon([
        [0, -1.15],
        [1.1, 0.85],
        [-1.1, 0.85],
      ]),
    () =>
      polygon([
        [0, -1.25],
        [1.25, 0],
        [0, 1.25],
        [-1.25, 0],
      ]),
  ]
  function polygon(corners: readonly (readonly [number, number])[]): string {
    const points = corners.map(([dx, dy]) => `${coordinate(x + dx * radius)},${coordinate(y + dy * radius)}`).join(' ')
    return element('polygon', { points, fill: seriesColour(series) }, content)
  }
  return (shapes[series % shapes.length] as () => string)()
}

/** Names of series beside their marks, in one line. @returns markup; what follows begins below LEGEND_HEIGHT */
export function legend(names: readonly string[], left: number): string {
  let x = left
  return names
    .map((name, i) => {
      const label = shortened(name, 40)
      const entry = mark(i, x + 6, 9, 5) + text(x + 16, 13, label)
      x += 34 + 6.6 * [...label].length
      return entry
    })
    .join('')
}

export const LEGEND_HEIGHT = 22
