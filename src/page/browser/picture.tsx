import { useEffect, useRef, useState } from 'preact/hooks'
import type { PictureKey, SiteGroup } from '../siteIndex.js'
import { useNear } from './drawing.js'
import { groundColour, pictureKey } from './groups.js'

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
  const [source, setSource] = useState<string>()
  const picture = pictureKey(group, unit)
  useEffect(() => {
    // If the picture cannot be loaded, the object's name is still shown.
    if (isNear && picture !== null) pictureOf(picture).then(setSource, () => {})
  }, [isNear, picture])
  return <img ref={image} alt="" width={56} height={56} src={source} style={{ background: groundColour(group) }} />
}
