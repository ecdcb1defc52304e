import { element } from './dom.js'

/**
 * Media query for windows so narrow that the table of contents is above the page, not beside it. style.ts has the same
 * limit.
 */
const NARROW = '(max-width: 75rem)'

/**
 * Collapses the table of contents in narrow windows, and highlights the section that is being read. It collapses at
 * once, so that the page does not move when it is drawn. The sections come after the script that calls it.
 */
export function bindContents(): void {
  const contents = element('contents', HTMLDetailsElement)
  const narrow = matchMedia(NARROW)
  const fold = () => {
    contents.open = !narrow.matches
  }
  narrow.addEventListener('change', fold)
  fold()
  document.addEventListener('DOMContentLoaded', () => bindLinks(contents, fold))
}

function bindLinks(contents: HTMLElement, fold: () => void): void {
  const links = [...contents.querySelectorAll('a')]
  for (const link of links) link.addEventListener('click', fold)
  const sections = links.flatMap(({ hash }) => document.getElementById(hash.slice(1)) ?? [])
  const mark = () => {
    const begun = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 3)
    const read = (begun.at(-1) ?? sections[0])?.id
    element('read-section', HTMLElement).textContent =
      links.find(({ hash }) => hash === `#${read}`)?.firstChild?.textContent ?? ''
    for (const link of links) {
      if (link.hash === `#${read}`) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
  }
  new IntersectionObserver(mark, { rootMargin: '0px 0px -66% 0px', threshold: [0, 0.01] }).observe(document.body)
  for (const section of sections) new IntersectionObserver(mark, { rootMargin: '0px 0px -66% 0px' }).observe(section)
}
