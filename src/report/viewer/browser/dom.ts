/** The element of the page with this id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} ${id}`)
  return found
}

type Attributes = Readonly<Record<string, string | number>>

/** An element of SVG. Text becomes a text node, so that it is shown as it is. */
export function svg(name: string, attributes: Attributes, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value))
  made.append(...children)
  return made
}

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
