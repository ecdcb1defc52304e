import { useEffect, useState } from 'preact/hooks'
import type { SiteGroup } from '../siteIndex.js'
import { useNear } from './drawing.js'

export interface PictureProps {
  /** Key of the picture; null if there is none. */
  readonly picture: number | null
  readonly group: SiteGroup
  readonly pictureOf: (key: number) => Promise<string>
}

/** A thumbnail of an object on its background. It is loaded when it comes near the screen: there may be hundreds. */
export function Picture({ picture, group: { background }, pictureOf }: PictureProps) {
  const [image, isNear] = useNear<HTMLImageElement>('200px')
  const [source, setSource] = useState<string>()
  useEffect(() => {
    if (!isNear || picture === null) return
    pictureOf(picture).then(setSource, () => {
      // If the picture cannot be loaded, the object's name is still shown.
    })
  }, [isNear, picture])
  const colour = background !== null && 'colour' in background ? background.colour : '#808080'
  return <img ref={image} alt="" width={56} height={56} src={source} style={{ background: colour }} />
}
