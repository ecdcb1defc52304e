import { escapeHtml } from './html.js'

/** Attributes of an SVG element. Numbers are pixels, which `coordinate` rounds. Text is used unchanged. */
type Attributes = Readonly<Record<string, string | number>>

/** An SVG element as data. `markup` converts it to text. In the browser, `drawn` converts it to a Preact node. */
export interface SvgElement {
  readonly name: string
  readonly attributes: Attributes
  /** Child elements, or text. The text is not escaped yet. */
  readonly children: readonly (SvgElement | string)[]
}

export function svg(name: string, attributes: Attributes, ...children: readonly (SvgElement | string)[]): SvgElement {
  return { name, attributes, children }
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string): SvgElement {
  return svg('line', { x1, y1, x2, y2, stroke: colour })
}

export function textElement(x: number, y: number, words: string, attributes: Attributes = {}): SvgElement {
  return svg('text', { x, y, fill: 'var(--ink)', ...attributes }, words)
}

/** A tooltip. Screen readers read it, too. */
export function tip(words: string): SvgElement {
  return svg('title', {}, words)
}

export function coordinate(value: number): string {
  return String(Math.round(value * 100) / 100)
}

export function attributeText(value: string | number): string {
  return typeof value === 'number' ? coordinate(value) : value
}

export function markup({ name, attributes, children }: SvgElement): string {
  const values = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeHtml(attributeText(value))}"`)
  const content = children.map((child) => (typeof child === 'string' ? escapeHtml(child) : markup(child)))
  return `<${name}${values.join('')}>${content.join('')}</${name}>`
}
