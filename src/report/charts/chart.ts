import { LETTER_SIZE } from '../../plot/axis.js'
import { scrollBox } from '../../plot/html.js'
import { markup, type SvgElement, svg } from '../../plot/svg.js'

/** A chart with its name for screen readers, as markup, in a box that scrolls on narrow screens. */
export function chart(width: number, height: number, name: string, content: readonly SvgElement[]): string {
  const attributes = {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    // Of an image nothing but its name would be read, and not the values in its tips.
    role: 'group',
    'aria-label': name,
    'font-size': `${LETTER_SIZE}px`,
    'font-family': 'inherit',
  }
  return scrollBox(name, markup(svg('svg', attributes, ...content)))
}
