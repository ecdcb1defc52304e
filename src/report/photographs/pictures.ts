import { InputError } from '../../errors.js'
import { middleStart, type PhotographFile, readPhotograph, sourceSide } from '../../patches/photographs.js'

/** Side of a picture in pixels. */
const SIDE = 224

/**
 * Reads the middle of photographs, as networks see it. Each picture is on the page once, before the figures, which refer
 * to it.
 * @param frameOf returns the side of the middle in pixels
 * @returns HTML of all pictures, and a function that gives the HTML of one in a figure
 */
export async function readPictures(files: readonly PhotographFile[], frameOf: (photograph: string) => number) {
  const ids = new Map<string, string>()
  const images: string[] = []
  for (const file of files) {
    const jpeg = await middleOf(file, frameOf(file.name))
    if (jpeg === undefined) continue
    const id = `photograph-${images.length + 1}`
    ids.set(file.name, id)
    const href = `data:image/jpeg;base64,${jpeg.toString('base64')}`
    images.push(`<image id="${id}" width="${SIDE}" height="${SIDE}" href="${href}"/>`)
  }
  const pictureOf = (photograph: string) => {
    const id = ids.get(photograph)
    return id === undefined
      ? '<p class="soft">This photograph can no longer be read.</p>'
      : `<svg viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true"><use href="#${id}"/></svg>`
  }
  return { all: `<svg class="hidden" aria-hidden="true"><defs>\n${images.join('\n')}\n</defs></svg>`, pictureOf }
}

/** A JPEG; undefined if the file has been removed since it was measured. */
async function middleOf(file: PhotographFile, frame: number): Promise<Buffer | undefined> {
  const read = await readPhotograph(file, frame, sourceSide(frame)).catch((error) => {
    if (!(error instanceof InputError)) throw error
  })
  if (read === undefined) return undefined
  const { default: sharp } = await import('sharp')
  const { rows: side, data } = read.image
  const start = middleStart(side, frame)
  return sharp(data, { raw: { width: side, height: side, channels: 4 } })
    .extract({ left: start, top: start, width: frame, height: frame })
    .removeAlpha()
    .resize(SIDE)
    .jpeg({ quality: 70 })
    .toBuffer()
}
