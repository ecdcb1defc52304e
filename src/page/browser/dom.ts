import { attributeText, type SvgElement } from '../../plot/svg.js'

/** The element of the page with this id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} ${id}`)
  return found
}

/** Elements of SVG as nodes of the page. Text becomes text nodes, so that it is shown as it is. */
export function svgNode({ name, attributes, children }: SvgElement): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, attributeText(value))
  made.append(...children.map((child) => (typeof child === 'string' ? child : svgNode(child))))
  return made
}

type Attributes = Readonly<Record<string, string | number>>

/** An element of HTML; text as above. */
export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value))
  made.append(...children)
  return made
}

/** A name from a file inside a sentence: its direction does not turn the rest around. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`
}

/** Calls a function at most once a frame of the screen. */
export function onceAFrame(run: () => void): () => void {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      run()
    })
  }
}
