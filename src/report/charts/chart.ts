import type { ReportSection } from '../../page/html/section.js'
import { LIGHT_COLOURS } from '../../page/html/style.js'
import { LETTER_SIZE } from '../../plot/axis.js'
import { escapeHtml, fileLinks } from '../../plot/html.js'
import { labelWidth, xmlText } from '../../plot/layout.js'
import { PICTURE_LETTERS } from '../../plot/letters.js'
import { type Drawing, savedFigure } from '../../plot/savedFigure.js'
import { markup } from '../../plot/svg.js'

/** A chart as HTML, which follows the page's width and theme, and as a drawing for a file. */
export interface Chart {
  readonly html: string
  readonly drawing: Drawing
}

interface ChartFigure {
  /** Name of the file in `figures`, without extension. */
  readonly name: string
  readonly title: string
  readonly caption: string
  readonly chart: Chart
  /** Sizes and positions of the study, for the last lines of the file. */
  readonly source: string
  /** Colours that the section has instead of the page's, by their names in CSS. */
  readonly colours?: Readonly<Record<string, string>>
}

/**
 * A chart with its caption and a link to its file. The file can be read without the page, so it has the title and the
 * source, and colours on white.
 */
export function chartFigure(
  figure: ChartFigure,
): Pick<ReportSection, 'html'> & Required<Pick<ReportSection, 'charts'>> {
  const { name, caption, chart, colours = {} } = figure
  const colourOf = (name: string) => LIGHT_COLOURS.get(colours[name] ?? name) ?? ''
  const file = xmlText(markup(savedFigure({ ...figure, body: chart.drawing })))
  return {
    html: `<figure class="measure"><figcaption>${escapeHtml(caption)}</figcaption><div>${chart.html}
<p class="soft">${fileLinks(`figures/${name}`, ['svg'])}</p></div></figure>`,
    charts: [{ name, svg: `${file.replace(/var\((--[\w-]+)\)/g, (_, name) => colourOf(name))}\n` }],
  }
}

/** Width to reserve for a line of a chart's text, in pixels. */
export function chartTextWidth(words: string): number {
  return (labelWidth(words) * LETTER_SIZE) / PICTURE_LETTERS
}
