/** A box that scrolls sideways on narrow screens. `tabindex` lets the keyboard scroll it, too. */
export function scrollBox(name: string, content: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(name)}">${content}</div>`
}

const FORMATS: Readonly<Record<string, string>> = { svg: 'SVG', png: 'PNG', csv: 'CSV', md: 'Markdown', tex: 'LaTeX' }

/** @param file address without the extension */
export function fileLinks(file: string, extensions: readonly string[]): string {
  const links = extensions.map((extension) => `<a href="${file}.${extension}">${FORMATS[extension]}</a>`)
  return `In the results folder: ${links.join(', ')}`
}

/** Escapes text that may come from files, so that it cannot become markup. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}
