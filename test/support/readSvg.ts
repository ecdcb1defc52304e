import { browser } from './browserPage.js'

/** Reads a saved SVG as a browser does, on a page of its own. */
export async function readSvg(svg: string) {
  const own = await browser.newPage()
  await own.setContent(`<body style="margin:0">${svg}</body>`)
  const found = await own.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml')
    const root = document.querySelector('svg') as SVGSVGElement
    const { width, height } = root.viewBox.baseVal
    const isOutside = (one: Element) => {
      const { left, top, right, bottom } = one.getBoundingClientRect()
      return left < 0 || top < 0 || right > width || bottom > height
    }
    const all = [...root.querySelectorAll('text')]
    return {
      isWhole: parsed.querySelector('parsererror') === null,
      title: root.querySelector(':scope>title')?.textContent,
      texts: all.map((one) => one.textContent ?? ''),
      outside: all.filter(isOutside).map((one) => one.textContent),
      addresses: [...root.querySelectorAll('[href]')].map((one) => (one.getAttribute('href') ?? '').slice(0, 15)),
      ground: root.querySelector(':scope>rect')?.getAttribute('fill'),
      size: [width, height],
    }
  }, svg)
  await own.close()
  return found
}
