import { useEffect, useRef, useState } from 'preact/hooks'
import type { SiteGroup } from '../siteIndex.js'
import { useNear } from './drawing.js'

interface PictureProps {
  readonly group: SiteGroup
  /** Index of the object in `group.units`. */
  readonly unit: number
  readonly pictureOf: (key: number) => Promise<string>
}

/** A thumbnail of an object on its background. It is loaded when it comes near the screen: there may be hundreds. */
export function Picture({ group: { background, units }, unit, pictureOf }: PictureProps) {
  const image = useRef<HTMLImageElement>(null)
  const isNear = useNear(image, '200px')
  const [source, setSource] = useState<string>()
  const picture = units[unit]?.picture ?? null
  useEffect(() => {
    // If the picture cannot be loaded, the object's name is still shown.
    if (isNear && picture !== null) pictureOf(picture).then(setSource, () => {})
  }, [isNear, picture])
  const colour = background !== null && 'colour' in background ? background.colour : '#808080'
  return <img ref={image} alt="" width={56} height={56} src={source} style={{ background: colour }} />
}
