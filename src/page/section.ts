/**
 * A section of the page below the viewer. The page's contents link to it.
 * The page's style supports a `.scroll` box for wide tables, `.note` for instructions on reading, and `figure` with
 * `figcaption`. Use its colours, also in inline SVG, because they adapt to the light and the dark theme: `var(--ink)`
 * for lines and text, `var(--soft)` for secondary text, `var(--line)` for rules, and `var(--series-1)` to
 * `var(--series-6)` for data.
 */
export interface ReportSection {
  /** Unique on the page: a letter, then letters, digits and hyphens. */
  readonly id: string
  /** Text, not HTML. */
  readonly title: string
  /** HTML with no heading above h3. Text from files must be escaped with `escapeHtml`. */
  readonly html: string
  /** Whether the section starts collapsed, as the sections of the page's appendix do. */
  readonly isFolded?: boolean
}
