import { z } from 'zod'
import { InputError } from '../errors.js'
import { type JsonRecord, readJsonRecords } from '../files/jsonRecords.js'
import { withFile } from '../files/openFile.js'

export interface CocoImage {
  readonly id: number
  readonly file: string
  readonly rows: number
  readonly cols: number
  readonly url?: string | undefined
  readonly licence?: string | undefined
}

/**
 * An annotation without its outline. The names of the classes are at the end of the file, so it is not known during
 * reading which outlines are needed. Later, `readSegmentation` reads the chosen ones, from byte `start` to `end`.
 */
export interface CocoAnnotation {
  readonly id: number
  readonly imageId: number
  /** Box around the object: x, y, width, height in pixels; undefined if damaged. */
  readonly box: readonly [number, number, number, number] | undefined
  readonly start: number
  readonly end: number
}

/** The part of an annotation file that the choice of patches needs. */
export interface CocoIndex {
  readonly path: string
  readonly categories: ReadonlyMap<string, number>
  readonly images: ReadonlyMap<number, CocoImage>
  /** The first annotation of each class in each image, by class id, then by image id. */
  readonly annotations: ReadonlyMap<number, ReadonlyMap<number, CocoAnnotation>>
}

const imageSchema = z.object({
  id: z.int(),
  file_name: z.string().min(1),
  width: z.int().min(1).max(65_535),
  height: z.int().min(1).max(65_535),
  license: z.int().optional(),
  coco_url: z.string().optional(),
})
const licenceSchema = z.object({ id: z.int(), name: z.string().default(''), url: z.string().default('') })
const categorySchema = z.object({ id: z.int(), name: z.string() })

/**
 * Reads a COCO instances file as a stream. For each class and image, it keeps the first annotation, as the paper's
 * authors did.
 */
export async function readCocoIndex(path: string, onBytes?: (read: number) => void): Promise<CocoIndex> {
  const categories = new Map<string, number>()
  const licences = new Map<number, string>()
  const images = new Map<number, CocoImage & { readonly licenceId: number | undefined }>()
  const annotations = new Map<number, Map<number, CocoAnnotation>>()
  const keep: Readonly<Record<string, (record: JsonRecord) => void>> = {
    categories: (record) => {
      const { id, name } = parsed(path, 'category', categorySchema, record)
      categories.set(name, id)
    },
    licenses: (record) => {
      const { id, name, url } = parsed(path, 'licence', licenceSchema, record)
      licences.set(id, [name, url].filter((part) => part !== '').join(', '))
    },
    images: (record) => {
      const image = parsed(path, 'image', imageSchema, record)
      images.set(image.id, {
        id: image.id,
        file: image.file_name,
        rows: image.height,
        cols: image.width,
        url: image.coco_url,
        licenceId: image.license,
      })
    },
    annotations: (record) => keepAnnotation(path, annotations, record),
  }
  await readJsonRecords(path, Object.keys(keep), (record) => keep[record.section]?.(record), onBytes)
  if (categories.size === 0 || images.size === 0 || annotations.size === 0) {
    throw new InputError(`${path} lacks categories, images or annotations; give a COCO instances file`)
  }
  const withLicence = [...images.values()].map(({ licenceId, ...image }) => {
    const licence = licenceId === undefined ? undefined : licences.get(licenceId)
    return [image.id, { ...image, licence }] as const
  })
  return { path, categories, images: new Map(withLicence), annotations }
}

function parsed<T>(path: string, what: string, schema: z.ZodType<T>, { value, start }: JsonRecord): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new InputError(
    `${path} is not a COCO instances file: the ${what} at byte ${start} is not valid (${issue?.path.join('.')}: ${issue?.message})`,
  )
}

/**
 * Keeps an annotation if it is the first of its class in its image. Checks its values by hand, because a schema would be
 * too slow for almost a million annotations.
 */
function keepAnnotation(
  path: string,
  annotations: Map<number, Map<number, CocoAnnotation>>,
  { value, start, end }: JsonRecord,
): void {
  const { id, image_id: imageId, category_id: category } = value
  if (typeof id !== 'number' || typeof imageId !== 'number' || typeof category !== 'number') {
    throw new InputError(
      `${path} is not a COCO instances file: the annotation at byte ${start}${typeof id === 'number' ? ` (id ${id})` : ''} lacks id, image_id or category_id`,
    )
  }
  const ofCategory = annotations.get(category) ?? new Map<number, CocoAnnotation>()
  annotations.set(category, ofCategory)
  if (!ofCategory.has(imageId)) ofCategory.set(imageId, { id, imageId, box: boxOf(value.bbox), start, end })
}

function boxOf(value: unknown): CocoAnnotation['box'] {
  if (!Array.isArray(value) || value.length !== 4 || !value.every(Number.isFinite)) return undefined
  return value as unknown as [number, number, number, number]
}

/** Reads an annotation's outline (`segmentation`) from the file, without checking it. */
export async function readSegmentation(index: CocoIndex, { start, end }: CocoAnnotation): Promise<unknown> {
  const bytes = await withFile(index.path, (file) => file.read({ offset: start, length: end - start }))
  return (JSON.parse(bytes.toString('utf8')) as { segmentation?: unknown }).segmentation
}
