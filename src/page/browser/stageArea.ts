import type { Position } from '../../engine/scene/positions.js'
import { type GridShape, positionAt } from '../../experiments/maps/grid.js'
import { kindOf } from '../site/groups.js'
import type { SiteGroup } from '../site/siteIndex.js'
import type { Colour } from './regions.js'

/** Share of the frame by which a photograph is also drawn around the window. */
const AROUND = 1 / 7

/** Width of the border around the frame, in pixels of the frame: 0 for objects. */
export function borderOf({ first, frame }: SiteGroup): number {
  return Math.min(-first, Math.round(frame * AROUND))
}

/** Share of the frame that the map of a photograph covers at most. */
const MOST_OF_FRAME = 0.6

/** Where a map lies in its frame, in pixels of the frame. A cell is under the object's center if the object is there. */
export interface StageArea {
  /** Row, or column, of the middle of a position's cell. */
  readonly middleOf: (pixel: number) => number
  /** Side of a cell. */
  readonly cell: number
  readonly top: number
  readonly left: number
  readonly width: number
  readonly height: number
}

/** A photograph moves by few pixels behind its window, so its map is enlarged about the middle of the window. */
export function areaOf(group: SiteGroup): StageArea {
  const { frame, size, rows, cols, stride, first } = group
  const most = Math.floor((MOST_OF_FRAME * frame) / (Math.max(rows, cols) * stride))
  const zoom = kindOf(group) === 'photograph' ? Math.max(1, most) : 1
  const middleOf = (pixel: number) => frame / 2 + zoom * (pixel + size / 2 - frame / 2)
  const cell = zoom * stride
  const start = middleOf(first) - cell / 2
  return { middleOf, cell, top: start, left: start, width: cols * cell, height: rows * cell }
}

/** Share of a cell's side that is coloured where the object covers the map, so that both can be seen. */
const DOT = 0.46
/** White over the object below the map's dots. */
const WASH = 'rgb(255 255 255 / 0.4)'

/**
 * Draws a map into its frame: whole cells beside the object, and dots on it.
 * @param canvas its width is set to that of the frame with its border on the screen, in pixels of the screen
 * @param cells one pixel per position
 * @param object row and column of the object
 */
export function drawStage(
  canvas: HTMLCanvasElement,
  cells: CanvasImageSource,
  group: SiteGroup,
  object: Position,
  colourAt: (index: number) => Colour,
): void {
  const context = canvas.getContext('2d')
  const border = borderOf(group)
  const side = group.frame + 2 * border
  const width = Math.round(canvas.clientWidth * Math.max(2, devicePixelRatio))
  if (context === null || width === 0) return
  canvas.width = width
  canvas.height = width
  const onScreen = (pixel: number) => Math.round(((pixel + border) * width) / side)
  const { cell, top, left, middleOf, ...area } = areaOf(group)
  const [x, y, right, bottom] = [left, top, left + area.width, top + area.height].map(onScreen) as Corners
  context.imageSmoothingEnabled = false
  context.drawImage(cells, x, y, right - x, bottom - y)
  const size = Math.min(group.size, group.frame)
  const box = kindOf(group) === 'photograph' ? { row: 0, col: 0 } : object
  const [boxX, boxY, boxRight, boxBottom] = [box.col, box.row, box.col + size, box.row + size].map(onScreen) as Corners
  context.clearRect(boxX, boxY, boxRight - boxX, boxBottom - boxY)
  const [washX, washY] = [Math.max(x, boxX), Math.max(y, boxY)]
  context.fillStyle = WASH
  context.fillRect(washX, washY, Math.min(right, boxRight) - washX, Math.min(bottom, boxBottom) - washY)
  const dot = Math.max(1, Math.round(DOT * (onScreen(cell) - onScreen(0))))
  const shift = Math.round(((cell * width) / side - dot) / 2)
  for (const index of indicesIn(group)) {
    const position = positionAt(index, group)
    const [row, col] = [middleOf(position.row), middleOf(position.col)]
    if (row < box.row || col < box.col || row > box.row + size || col > box.col + size) continue
    context.fillStyle = `rgb(${colourAt(index).join(' ')})`
    context.fillRect(onScreen(col - cell / 2) + shift, onScreen(row - cell / 2) + shift, dot, dot)
  }
}

type Corners = [number, number, number, number]

function* indicesIn({ rows, cols }: GridShape): Iterable<number> {
  for (let index = 0; index < rows * cols; index++) yield index
}
