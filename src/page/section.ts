/**
 * A section of the page below the viewer: it is shown under its title, and the page's contents name it.
 *
 * The page's style supports a `.scroll` box for wide tables, `.note` for instructions on reading, and `figure` with
 * `figcaption`. Its colours follow light and dark, also in inline SVG: `var(--ink)` for lines and text, `var(--soft)`
 * for secondary text, `var(--line)` for rules, and `var(--series-1)` to `var(--series-6)` for data.
 */
export interface ReportSection {
  /** Unique on the page: a letter, then letters, digits and hyphens. */
  readonly id: string
  /** Text, not HTML. */
  readonly title: string
  /** HTML without headings above h3; text from files must have gone through `escapeHtml`. */
  readonly html: string
  /** Whether it starts folded, as the sections of the page's appendix do. */
  readonly isFolded?: boolean
}
