/**
 * A section of the page below the viewer. The page's CSS supports a `.scroll` box
 * for wide tables, `.note` for explanations, and `figure` with `figcaption`. Use the colours of the CSS, also in
 * inline SVG: they adapt to the light and the dark theme. They are `var(--ink)` for lines and text, `var(--soft)` for
 * secondary text, `var(--line)` for rules, and `var(--series-1)` to `var(--series-6)` for data.
 */
export interface ReportSection {
  /** Id of the section, unique on the page: a letter, then letters, digits and hyphens. */
  readonly id: string
  /** Plain text, not HTML. */
  readonly title: string
  /** Answer, if the title is a question: plain text without a full stop. */
  readonly answer?: string
  /** HTML whose headings are h3 or lower. Text from files must be escaped with `escapeHtml`. */
  readonly html: string
  /** Files that the section links to, in the folder `figures`: their names without `.svg`, and their contents. */
  readonly charts?: readonly { readonly name: string; readonly svg: string }[]
  /** CSS that only this section needs. */
  readonly style?: string
  /** Whether the section is collapsed at first, like the sections of the page's appendix. */
  readonly isFolded?: boolean
}
