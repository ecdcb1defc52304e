import { type SvgElement, svg } from '../../plot/svg.js'
import type { PanelId } from './readings.js'

/** Half the width of a mark, in CSS pixels. */
export const MARK = 4

/** A point of map A or B in a chart, with the shape of its badge: round or square. */
export function panelMark(panel: PanelId, x: number, y: number): SvgElement {
  if (panel === 'a') return svg('circle', { class: 'dot a', cx: x, cy: y, r: MARK })
  return svg('rect', { class: 'dot b', x: x - MARK, y: y - MARK, width: 2 * MARK, height: 2 * MARK })
}
