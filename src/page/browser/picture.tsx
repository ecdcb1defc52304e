import { useEffect, useRef, useState } from 'preact/hooks'
import { groundColour, pictureKey } from '../site/groups.js'
import type { PictureKey, SiteGroup } from '../site/siteIndex.js'
import { useNear } from './drawing.js'

type PictureOf = (key: PictureKey) => Promise<string>

/** Pictures that were wanted before. A new thumbnail has them at once, also while the page is printed. */
const images = new Map<PictureKey, HTMLImageElement>()

/**
 * Loads pictures, and draws the component again when one arrives.
 * @returns a function that returns a picture if it has arrived
 */
export function usePictures(wanted: readonly (PictureKey | null)[], pictureOf: PictureOf) {
  const [, drawAgain] = useState(0)
  const missing = wanted.flatMap((key) => (key === null || arrived(key) ? [] : [key]))
  useEffect(() => {
    const draw = () => drawAgain((times) => times + 1)
    for (const key of missing) {
      // The picture may have arrived between this render and its effect.
      if (arrived(key)) draw()
      else (images.get(key) ?? begin(key, pictureOf)).addEventListener('load', draw, { once: true })
    }
  }, [wanted.join(' ')])
  return (key: PictureKey | null) => (key === null ? undefined : arrived(key))
}

function arrived(key: PictureKey): HTMLImageElement | undefined {
  const image = images.get(key)
  return image?.complete && image.naturalWidth > 0 ? image : undefined
}

/** Begins to load a picture. After a failure, it is loaded again when it is next shown. */
function begin(key: PictureKey, pictureOf: PictureOf): HTMLImageElement {
  const image = new Image()
  const forget = () => images.delete(key)
  image.addEventListener('error', forget, { once: true })
  images.set(key, image)
  pictureOf(key).then((source) => {
    image.src = source
  }, forget)
  return image
}

interface PictureProps {
  readonly group: SiteGroup
  /** Index of the object in `group.units`. */
  readonly unit: number
  readonly pictureOf: PictureOf
  /** Whether the picture appears in print. It is then loaded at once. */
  readonly isPrinted?: boolean
}

/**
 * A thumbnail of an object on its background. Unless it is printed, it is loaded when it comes near the screen: there may
 * be hundreds.
 */
export function Picture({ group, unit, pictureOf, isPrinted = false }: PictureProps) {
  const box = useRef<HTMLImageElement>(null)
  const isNear = useNear(box, '200px')
  const key = pictureKey(group, unit)
  const loaded = usePictures(isNear || isPrinted ? [key] : [], pictureOf)
  // If the picture cannot be loaded, the object's name is still shown.
  return (
    <img ref={box} alt="" width={56} height={56} src={loaded(key)?.src} style={{ background: groundColour(group) }} />
  )
}
