import { type Canvas, fill } from './canvas.js'
import { shortened } from './marks.js'

/** Columns and rows of a letter, and its distance to the next, in dots. */
const LETTER = { cols: 5, rows: 7, pitch: 6 }

/**
 * The letters of ASCII from the space on, seven rows of five dots each; a row is a digit in base 32. Drawn by this
 * project: a machine may have no fonts at all, and with others the same results would give other pictures.
 */
const GLYPHS = [
  '0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000 2488842 8422248 04lel40 044v440 0000448 000v000',
  '0000044 11248gg ehjlphe 4c4444e eh1248v u11e11u 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0440440 0440448',
  '248g842 00v0v00 8421248 eh12404 ehnlmgf ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e',
  '72222ic hikokih ggggggv hrllhhh hpljhhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllrh',
  'hha4ahh hha4444 v1248gv e88888e gg84211 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge',
  '698s888 fhhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe uhhhugg fhhhf11 00mpggg 00ege1u',
  '88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah hhhhf1e 00v248v 2448442 4444444 8442448 008l200',
].flatMap((line) => line.split(' '))

/** Letters that are drawn two dots lower, with their tails below the line. */
const DESCENDERS = 'gpqy'
const DESCENT = 2

/** Height above the line and width in pixels of text whose dots are `dot` pixels wide. */
export function textSize(text: string, dot: number): { readonly rows: number; readonly cols: number } {
  const count = [...text].length
  return { rows: LETTER.rows * dot, cols: Math.max(0, count * LETTER.pitch - 1) * dot }
}

/** A name cut to what so many pixels hold. */
export function cutText(text: string, width: number, dot: number): string {
  return shortened(text, Math.floor((width / dot + 1) / LETTER.pitch), '..')
}

/** Writes one line of text, black, its top-left corner at (row, col); what ASCII lacks is shown as `?`. */
export function drawText(canvas: Canvas, text: string, row: number, col: number, dot: number): void {
  for (const [i, character] of [...text].entries()) {
    const glyph = GLYPHS[character.charCodeAt(0) - 32] ?? (GLYPHS['?'.charCodeAt(0) - 32] as string)
    const top = row + (DESCENDERS.includes(character) ? DESCENT * dot : 0)
    for (let y = 0; y < LETTER.rows; y++) {
      const dots = Number.parseInt(glyph[y] as string, 32)
      for (let x = 0; x < LETTER.cols; x++) {
        if ((dots >> (LETTER.cols - 1 - x)) % 2 === 0) continue
        fill(canvas, { row: top + y * dot, col: col + (i * LETTER.pitch + x) * dot, rows: dot, cols: dot }, 0)
      }
    }
  }
}
