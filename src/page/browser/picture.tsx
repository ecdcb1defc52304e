import { useEffect, useRef, useState } from 'preact/hooks'
import { groundColour, pictureKey } from '../groups.js'
import type { PictureKey, SiteGroup } from '../siteIndex.js'
import { useNear } from './drawing.js'

/** Pictures that were loaded before. A new thumbnail has them at once, also while the page is printed. */
const loaded = new Map<PictureKey, string>()

interface PictureProps {
  readonly group: SiteGroup
  /** Index of the object in `group.units`. */
  readonly unit: number
  readonly pictureOf: (key: PictureKey) => Promise<string>
}

/** A thumbnail of an object on its background. It is loaded when it comes near the screen: there may be hundreds. */
export function Picture({ group, unit, pictureOf }: PictureProps) {
  const image = useRef<HTMLImageElement>(null)
  const isNear = useNear(image, '200px')
  const [, drawAgain] = useState(0)
  const picture = pictureKey(group, unit)
  useEffect(() => {
    if (!isNear || picture === null || loaded.has(picture)) return
    // If the picture cannot be loaded, the object's name is still shown.
    pictureOf(picture).then(
      (source) => {
        loaded.set(picture, source)
        drawAgain((times) => times + 1)
      },
      () => {},
    )
  }, [isNear, picture])
  return (
    <img
      ref={image}
      alt=""
      width={56}
      height={56}
      src={picture === null ? undefined : loaded.get(picture)}
      style={{ background: groundColour(group) }}
    />
  )
}
