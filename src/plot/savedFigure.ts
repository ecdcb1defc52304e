import { LETTER_SIZE } from './axis.js'
import { coordinate, type SvgElement, svg, textElement } from './svg.js'

/** Elements, and the space that they take in pixels. Their top-left corner is (0, 0). */
export interface Drawing {
  readonly elements: readonly SvgElement[]
  readonly width: number
  readonly height: number
}

export interface FigureParts {
  readonly title: string
  readonly caption: string
  /** The object's picture, as a data URL. */
  readonly picture?: string | undefined
  readonly body: Drawing
  /** The last lines, such as method and program. */
  readonly source: string
}

const [MARGIN, GAP, PICTURE, LEAST_WIDTH, TITLE_SIZE] = [24, 16, 64, 480, 18]

/** A figure that can be read without the page: title, caption and picture, then the body, then the source, on white. */
export function savedFigure({ title, caption, picture, body, source }: FigureParts): SvgElement {
  const inner = Math.max(body.width, LEAST_WIDTH)
  const words = inner - PICTURE - GAP
  const head = arranged('down', 4, [
    paragraph(title, words, { 'font-size': TITLE_SIZE, 'font-weight': 600 }),
    paragraph(caption, words),
  ])
  const image = picture === undefined ? [] : [svg('image', { width: PICTURE, height: PICTURE, href: picture })]
  const top = arranged('right', GAP, [head, { elements: image, width: PICTURE, height: PICTURE }])
  const all = arranged('down', GAP, [top, body, paragraph(source, inner)])
  const [width, height] = [inner + 2 * MARGIN, all.height + 2 * MARGIN]
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`,
    width,
    height,
    role: 'img',
    'font-family': 'Helvetica, Arial, sans-serif',
    'font-size': LETTER_SIZE,
  }
  const ground = svg('rect', { width, height, fill: '#fff' })
  return svg('svg', attributes, svg('title', {}, title), ground, placed(all, MARGIN, MARGIN))
}

/** Puts drawings one below the other or side by side. */
export function arranged(direction: 'down' | 'right', gap: number, parts: readonly Drawing[]): Drawing {
  const isDown = direction === 'down'
  let end = 0
  const elements = parts.map((part, i) => {
    const start = i === 0 ? 0 : end + gap
    end = start + (isDown ? part.height : part.width)
    return isDown ? placed(part, 0, start) : placed(part, start, 0)
  })
  const across = Math.max(0, ...parts.map(({ width, height }) => (isDown ? width : height)))
  return isDown ? { elements, width: across, height: end } : { elements, width: end, height: across }
}

function placed({ elements }: Drawing, x: number, y: number): SvgElement {
  return svg('g', { transform: `translate(${coordinate(x)} ${coordinate(y)})` }, ...elements)
}

/** Largest usual width of a character as a fraction of the font size, and the same for texts with wide characters. */
const [NARROW, WIDE] = [0.58, 1.05]

/** Lines of text of at most about `width` pixels, whichever font draws them. A word that is too long is broken. */
export function paragraph(words: string, width: number, attributes: SvgElement['attributes'] = {}): Drawing {
  const size = Number(attributes['font-size'] ?? LETTER_SIZE)
  const most = Math.max(1, Math.floor(width / (size * (/[\u2e80-\u{3ffff}]/u.test(words) ? WIDE : NARROW))))
  const lines = words.match(new RegExp(`\\S.{0,${most - 1}}(?=\\s|$)|\\S{${most}}`, 'gu')) ?? []
  const leading = 1.4 * size
  const elements = lines.map((line, i) => textElement(0, i * leading + size, line, attributes))
  return { elements, width, height: lines.length * leading }
}
