import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsFolder } from '../files/package.js'
import { type Label, labelAttributes } from './axis.js'
import { shortened } from './marks.js'
import { markup, type SvgElement, svg } from './svg.js'

/** Font size of text in pictures, in pixels. */
export const PICTURE_LETTERS = 18

/** Outlines of letters, so that pictures look the same on every machine, even without fonts. */
interface Letters {
  readonly unitsPerEm: number
  /**
   * For each character, its advance width and its outline, in units of the font. The outline is an SVG path whose y
   * points down from the baseline.
   */
  readonly letters: Readonly<Record<string, readonly [number, string]>>
}

let loaded: Letters | undefined

function allLetters(): Letters {
  loaded ??= JSON.parse(readFileSync(join(modelsFolder(), 'letters.json'), 'utf8')) as Letters
  return loaded
}

function letterOf(character: string): readonly [number, string] {
  const { letters } = allLetters()
  return (Object.hasOwn(letters, character) ? letters[character] : letters['?']) as readonly [number, string]
}

/** Width of a line of text in a picture, in pixels. */
export function textWidth(words: string): number {
  const units = [...words].reduce((sum, character) => sum + letterOf(character)[0], 0)
  return (units * PICTURE_LETTERS) / allLetters().unitsPerEm
}

export function cutText(words: string, width: number): string {
  for (let most = [...words].length; most > 1; most--) {
    const cut = shortened(words, most)
    if (textWidth(cut) <= width) return cut
  }
  return shortened(words, 1)
}

/**
 * Draws labels as black outlines on a transparent background. The result is an SVG.
 * @param enlarged factor by which the SVG is larger than `width` × `height`
 * @param shapes further elements to draw
 */
export function labelOutlines(
  labels: readonly Label[],
  width: number,
  height: number,
  enlarged = 1,
  shapes: readonly SvgElement[] = [],
): string {
  const scale = PICTURE_LETTERS / allLetters().unitsPerEm
  const paths = labels.map((label) => {
    const { words, x, align } = label
    const whole = textWidth(words)
    let left = { left: x, center: x - whole / 2, right: x - whole }[align]
    const { y: baseline, transform } = labelAttributes(label, PICTURE_LETTERS)
    const outlines = [...words].map((character) => {
      const [advance, d] = letterOf(character)
      const path = svg('path', { d, transform: `translate(${left} ${baseline}) scale(${scale})` })
      left += advance * scale
      return path
    })
    return svg('g', { ...(transform && { transform }) }, ...outlines)
  })
  const size = { viewBox: `0 0 ${width} ${height}`, width: width * enlarged, height: height * enlarged }
  return markup(svg('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size }, ...shapes, ...paths))
}
