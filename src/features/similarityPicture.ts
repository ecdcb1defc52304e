import { ANCHOR_NAMES, positionRange } from '../engine/scene/positions.js'
import { InputError } from '../errors.js'
import type { ColourLimits } from '../plot/colormap.js'
import { layoutPng } from '../plot/layout.js'
import { panelLayout } from '../plot/panels.js'
import { mapAt } from '../results/unit/arrays.js'

/** Largest number of positions along an axis that can be drawn. */
const MOST_POSITIONS = 4096

/** Cosine maps of one feature array, one map per anchor. */
export interface AnchorMaps {
  /** Name of the array, for the picture's title and for error messages. */
  readonly name: string
  readonly rows: number
  readonly cols: number
  /** The maps, [5, rows, cols], in the order of ANCHOR_NAMES. */
  readonly maps: Float32Array
  /** Sides of patch and frame, and distance between neighbouring positions, all in pixels; undefined if not known. */
  readonly placement: { readonly size: number; readonly frame: number; readonly stride: number } | undefined
}

/** @throws InputError if the map is too large to be drawn */
export function checkDrawable({ name, rows, cols }: Omit<AnchorMaps, 'maps' | 'placement'>): void {
  if (Math.max(rows, cols) > MOST_POSITIONS)
    throw new InputError(
      `${name} has ${rows} × ${cols} positions, but at most ${MOST_POSITIONS} per axis can be drawn; keep only every nth row and column`,
    )
}

/**
 * Draws the five maps side by side, as PNG, in the style of the report's figures. The axes show pixels or, if the
 * stride is not known, rows and columns of the array.
 */
export function similarityPicture(of: AnchorMaps, limits: ColourLimits): Promise<Buffer> {
  const { name, rows, cols, maps, placement } = of
  const stride = placement?.stride ?? 1
  const { first } = positionRange(placement?.frame ?? 0, placement?.size ?? 0)
  const where = placement === undefined ? '' : `, object of ${placement.size} px, stride ${placement.stride}`
  return layoutPng(
    panelLayout({
      title: `${name}: cosine similarity to the five anchors${where}`,
      columns: ANCHOR_NAMES,
      rows: [
        {
          label: [''],
          limits,
          maps: ANCHOR_NAMES.map((_, i) => ({ values: mapAt(maps, of, 0, i), rows, cols, stride, first })),
        },
      ],
      ...(placement === undefined && { axes: ['column', 'row'] }),
    }),
  )
}
