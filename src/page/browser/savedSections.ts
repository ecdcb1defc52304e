import { h, render } from 'preact'
import { shortened } from '../../plot/marks.js'
import { type SvgElement, svg, textElement } from '../../plot/svg.js'
import { sideText } from '../site/groups.js'
import type { SiteIndex } from '../site/siteIndex.js'
import { whilePrinting } from './print.js'
import type { Drawing } from './savedFigure.js'
import { type Format, SaveRow } from './saveRow.js'
import { saveFigure } from './saving.js'

/** Adds buttons to the charts of the page's sections. They save a chart as a figure that can be read without the page. */
export function bindSectionFigures({ groups }: SiteIndex): void {
  const steps = [...new Set(groups.map(({ stride }) => stride))].join(' or ')
  const source = `Sides: ${sideText(groups)}. Steps of the positions: ${steps} px.`
  const figures = [...document.querySelectorAll<HTMLElement>('section.report figure:has(svg)')]
  for (const [i, figure] of figures.entries()) {
    const [title, caption] = [headingOf(figure), figure.querySelector('figcaption')?.textContent ?? '']
    const parts = [...figure.children].filter(({ localName }) => localName !== 'figcaption')
    const save = (format: Format) => {
      const body = whilePrinting(() => chartDrawing(parts))
      return saveFigure({ title, caption, body, source }, shortened(title.split('?')[0] as string, 80, ''), format)
    }
    const row = document.createElement('div')
    figure.append(row)
    render(h(SaveRow, { id: `figure-${i}`, words: 'Save figure', formats: ['png', 'svg'], save }), row)
  }
}

/** The last heading before the figure. */
function headingOf(figure: HTMLElement): string {
  const headings = [...document.querySelectorAll('section.report :is(h2,h3,h4)')]
  const isAfter = (heading: Element) => figure.compareDocumentPosition(heading) & Node.DOCUMENT_POSITION_FOLLOWING
  return (headings.findLast((heading) => !isAfter(heading))?.textContent ?? '').replace(/\s+/g, ' ').trim()
}

/** Parts of the page as they are laid out: their SVGs and their texts, which have one line each. */
function chartDrawing(parts: readonly Element[]): Drawing {
  const boxes = parts.map((part) => part.getBoundingClientRect())
  const [left, top] = [Math.min(...boxes.map(({ left }) => left)), Math.min(...boxes.map(({ top }) => top))]
  return {
    elements: [svg('g', { transform: `translate(${-left} ${-top})` }, ...parts.flatMap(elementsIn))],
    width: Math.max(...boxes.map(({ right }) => right)) - left,
    height: Math.max(...boxes.map(({ bottom }) => bottom)) - top,
  }
}

function elementsIn(node: Node): readonly SvgElement[] {
  if (node instanceof Text) return textOf(node)
  if (!(node instanceof SVGSVGElement)) return [...node.childNodes].flatMap(elementsIn)
  const { x, y, width, height } = node.getBoundingClientRect()
  const { name, attributes, children } = dataOf(node)
  return width === 0 ? [] : [svg(name, { ...attributes, x, y, width, height }, ...children)]
}

function dataOf(element: Element): SvgElement {
  // A section may have colours of its own.
  const colours = getComputedStyle(element)
  const concrete = (value: string) =>
    value.replace(/var\((--[\w-]+)\)/g, (_, name) => colours.getPropertyValue(name).trim())
  const attributes = Object.fromEntries([...element.attributes].map(({ name, value }) => [name, concrete(value)]))
  const children = [...element.childNodes].map((child) =>
    child instanceof Element ? dataOf(child) : (child.textContent ?? ''),
  )
  return svg(element.localName, { overflow: 'visible', ...attributes }, ...children)
}

/** Distance from the lower edge of a line of text up to its baseline, as a fraction of the font size. */
const DESCENT = 0.24

/** A line of text, as wide as on the page, because the saved font may be another one. */
function textOf(node: Text): readonly SvgElement[] {
  const box = node.parentElement as HTMLElement
  const range = document.createRange()
  range.selectNodeContents(node)
  const { left, bottom, width } = range.getBoundingClientRect()
  const { fontSize, fontWeight, color } = getComputedStyle(box)
  const size = Number.parseFloat(fontSize)
  // The page cuts a text that is wider than its box.
  const textLength = box.clientWidth > 0 ? Math.min(width, box.clientWidth) : width
  const style = { 'font-size': size, 'font-weight': fontWeight, fill: color, textLength }
  const attributes = { ...style, lengthAdjust: 'spacingAndGlyphs' }
  return width === 0 ? [] : [textElement(left, bottom - DESCENT * size, node.data.trim(), attributes)]
}
