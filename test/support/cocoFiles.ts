import { writeFileSync } from 'node:fs'
import sharp, { type Sharp } from 'sharp'

/** An annotation, whose fields tests can change. */
export interface Annotation {
  readonly id: number
  readonly image_id: number
  readonly category_id?: number
  readonly bbox?: unknown
  readonly segmentation?: unknown
  readonly iscrowd?: number
}

/** Sides of the images in pixels. */
export const COLS = 100
export const ROWS = 80

/** The outline of a rectangle. */
export function rectangle(x: number, y: number, w: number, h: number): readonly number[] {
  return [x, y, x + w, y, x + w, y + h, x, y + h]
}

/** An annotation of a dog of 40×50 pixels. */
export function annotation(id: number, image: number, changes: Partial<Annotation> = {}): Annotation {
  return {
    ...{ id, image_id: image, category_id: 18, iscrowd: 0 },
    ...{ bbox: [10, 10, 40, 50], segmentation: [rectangle(10, 10, 40, 50)] },
    ...changes,
  }
}

/** A picture of the images' size. */
export function photo(cols = COLS, rows = ROWS): Sharp {
  const data = Uint8Array.from({ length: rows * cols * 3 }, (_, i) => (i * 37) % 251)
  return sharp(data, { raw: { width: cols, height: rows, channels: 3 } })
}

/** Writes an annotation file. Its images are 1.png, 2.png, …; the file lists the last one first. */
export function writeAnnotations(path: string, annotations: readonly Annotation[], changes: object = {}): string {
  const ids = [...new Set(annotations.map(({ image_id }) => image_id))].sort((a, b) => b - a)
  const content = {
    info: { text: 'not "wanted": [{]}' },
    licenses: [{ id: 4, name: 'Attribution License', url: 'http://example.org/by' }],
    images: ids.map((id) => ({ id, file_name: `${id}.png`, width: COLS, height: ROWS, license: 4 })),
    annotations,
    categories: Object.entries({ dog: 18, 'traffic light': 10 }).map(([name, id]) => ({ id, name })),
    ...changes,
  }
  writeFileSync(path, JSON.stringify(content))
  return path
}
