import type { Term } from '../../experiments/arithmetic/expression.js'
import type { FramePixels } from '../../experiments/scenes/objectScene.js'
import type { Label } from '../../plot/axis.js'
import { blankCanvas, type Canvas, canvasPng, fill, paste } from '../../plot/canvas.js'
import { cutText, textWidth } from '../../plot/letters.js'

/** Pictures are RGB, [side, side, 3]. */
export interface ArithmeticSheet {
  readonly title: readonly string[]
  readonly terms: readonly Term[]
  readonly side: number
  readonly operands: ReadonlyMap<string, FramePixels>
  readonly decodedOperands: ReadonlyMap<string, FramePixels>
  readonly expectation: FramePixels
  readonly decodedResult: FramePixels
  /** Pictures to the right of the decoded result. They are not part of the expression. */
  readonly extra: readonly { readonly label: string; readonly image: FramePixels }[]
}

const MARGIN = 16
const SIGN_WIDTH = 56
const LABEL_HEIGHT = 24
const LINE_HEIGHT = 22
const GREY = 190

/**
 * Draws the paper's Figure 6 for one layer, as PNG. The first row is the expression in pixels. The second row has
 * pictures decoded from features: the operands, the result, and the extra pictures.
 */
export function arithmeticSheet(sheet: ArithmeticSheet): Promise<Buffer> {
  const { terms, title, side } = sheet
  const columns = terms.length + 1 + sheet.extra.length
  const left = (column: number) => MARGIN + SIGN_WIDTH + column * (side + SIGN_WIDTH)
  const top = MARGIN + title.length * LINE_HEIGHT + MARGIN / 2
  const rowHeight = LABEL_HEIGHT + side + MARGIN
  const titleWidth = Math.max(...title.map((line) => Math.ceil(textWidth(line))))
  const cols = Math.max(left(columns - 1) + side, titleWidth + MARGIN) + MARGIN
  const rows = top + 2 * rowHeight
  const canvas = blankCanvas(rows, cols)
  const labels: Label[] = title.map((words, i) => ({
    words,
    x: MARGIN,
    y: MARGIN + (i + 0.5) * LINE_HEIGHT,
    align: 'left',
  }))
  const inPixels = { images: sheet.operands, result: sheet.expectation, label: 'expected' }
  const decoded = { images: sheet.decodedOperands, result: sheet.decodedResult, label: 'result, decoded' }
  for (const [r, { images, result, label }] of [inPixels, decoded].entries()) {
    const row = top + r * rowHeight
    const panel = (column: number, image: FramePixels, text: string) =>
      labels.push(drawPanel(canvas, image, side, row, left(column), text))
    for (const [i, { name, coefficient }] of terms.entries()) {
      labels.push(...drawSign(canvas, coefficient, i === 0, row + LABEL_HEIGHT + side / 2, left(i) - SIGN_WIDTH / 2))
      panel(i, images.get(name) as FramePixels, r === 0 ? name : `${name}, decoded`)
    }
    drawEquals(canvas, row + LABEL_HEIGHT + side / 2, left(terms.length) - SIGN_WIDTH / 2)
    panel(terms.length, result, label)
  }
  for (const [i, { label, image }] of sheet.extra.entries()) {
    const column = terms.length + 1 + i
    labels.push(drawPanel(canvas, image, side, top + rowHeight, left(column), label))
  }
  return canvasPng(canvas, labels)
}

/** Draws a picture with a grey border, because both the picture and the sheet can be white. */
function drawPanel(canvas: Canvas, image: FramePixels, side: number, row: number, col: number, label: string): Label {
  fill(canvas, { x: col - 1, y: row + LABEL_HEIGHT - 1, width: side + 2, height: side + 2 }, GREY)
  paste(canvas, image, { x: col, y: row + LABEL_HEIGHT, width: side, height: side })
  return { words: cutText(label, side + SIGN_WIDTH), x: col, y: row + LABEL_HEIGHT / 2, align: 'left' }
}

/** @returns a label with the factor, such as "2×", or an empty list if the factor is 1 */
function drawSign(canvas: Canvas, coefficient: number, isFirst: boolean, row: number, col: number): readonly Label[] {
  if (coefficient < 0 || !isFirst) bar(canvas, row, col, 4, 24)
  if (coefficient >= 0 && !isFirst) bar(canvas, row, col, 24, 4)
  const size = Math.abs(coefficient)
  return size === 1 ? [] : [{ words: `${size}×`, x: col, y: row + 24, align: 'center' }]
}

function drawEquals(canvas: Canvas, row: number, col: number): void {
  bar(canvas, row - 6, col, 4, 24)
  bar(canvas, row + 6, col, 4, 24)
}

function bar(canvas: Canvas, row: number, col: number, height: number, width: number): void {
  fill(canvas, { x: Math.round(col - width / 2), y: Math.round(row - height / 2), width, height }, 0)
}
