import { InputError } from '../../errors.js'
import type { Image } from '../../patches/image.js'
import { middleStart, readPhotograph } from '../../patches/photographs.js'
import { sourceSide } from '../../patches/sizes.js'
import { photographFinder } from '../../results/answers/sources.js'
import type { MeasuredPhotograph } from '../../results/answers/summary.js'
import {
  keepPhotographPicture,
  PHOTOGRAPH_SIDE,
  type PhotographView,
  readPhotographPicture,
} from '../../results/store/pictures.js'

/** Gives the JPEG of a photograph; undefined if there is neither a stored picture nor the photograph. */
export type PictureReader = (
  photograph: Pick<MeasuredPhotograph, 'name' | 'sha256'>,
  view: PhotographView,
) => Promise<Buffer | undefined>

/**
 * Reads the middle of photographs, as networks see it. A picture is stored in the results folder, so that later reports
 * have it without the photograph.
 */
export async function pictureReader(results: string): Promise<PictureReader> {
  const pathsOf = await photographFinder(results)
  return async ({ name, sha256 }, view) => {
    const { frameSide, reading } = view
    const stored = await readPhotographPicture(results, sha256, view)
    if (stored !== undefined) return stored
    for (const path of pathsOf(name)) {
      const read = await readPhotograph({ name, path }, { frameSide, side: sourceSide(frameSide) }, reading).catch(
        (error) => {
          if (!(error instanceof InputError)) throw error
        },
      )
      if (read?.sha256 !== sha256) continue
      const jpeg = await middleOf(read.image, frameSide)
      await keepPhotographPicture(results, sha256, view, jpeg)
      return jpeg
    }
    return undefined
  }
}

async function middleOf({ rows: side, data }: Image, frameSide: number): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  const start = middleStart(side, frameSide)
  return sharp(data, { raw: { width: side, height: side, channels: 4 } })
    .extract({ left: start, top: start, width: frameSide, height: frameSide })
    .removeAlpha()
    .resize(PHOTOGRAPH_SIDE)
    .jpeg({ quality: 70 })
    .toBuffer()
}

/** The pictures of a page. Each one is on the page once, before the figures, which refer to it. */
export interface PagePictures {
  /** Adds a picture, and returns its HTML in a figure; empty if the photograph cannot be read. */
  readonly add: (photograph: Pick<MeasuredPhotograph, 'name' | 'sha256'>, view: PhotographView) => Promise<string>
  /** HTML of all pictures. */
  readonly all: () => string
}

export function pagePictures(pictureOf: PictureReader): PagePictures {
  const ids = new Map<string, string | undefined>()
  const images: string[] = []
  const side = PHOTOGRAPH_SIDE
  const added = (jpeg: Buffer | undefined) => {
    if (jpeg === undefined) return undefined
    const id = `photograph-${images.length + 1}`
    images.push(
      `<image id="${id}" width="${side}" height="${side}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>`,
    )
    return id
  }
  return {
    add: async (photograph, view) => {
      const key = `${photograph.sha256} ${view.reading}`
      if (!ids.has(key)) ids.set(key, added(await pictureOf(photograph, view)))
      const id = ids.get(key)
      return id === undefined
        ? ''
        : `<svg viewBox="0 0 ${side} ${side}" aria-hidden="true"><use href="#${id}"/></svg>\n`
    },
    all: () => `<svg class="hidden" aria-hidden="true"><defs>\n${images.join('\n')}\n</defs></svg>`,
  }
}
