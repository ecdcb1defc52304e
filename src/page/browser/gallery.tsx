import type { ComponentChildren, RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { SiteGroup, SiteIndex } from '../siteIndex.js'
import { type Fitted, hasMean } from './fit.js'
import { kindOf, PATCH_KINDS } from './kinds.js'

interface GalleryProps {
  readonly index: SiteIndex
  readonly fitted: Fitted
  readonly pictureOf: (key: number) => Promise<string>
  readonly choose: (patch: string | null, group: SiteGroup) => void
}

/** The objects of the chosen network and size, and its whole photographs. */
export function Gallery({ fitted, index, ...actions }: GalleryProps) {
  const own = index.groups.filter(({ model }) => model === fitted.group.model)
  const groups = PATCH_KINDS.flatMap((kind) => {
    const ofKind = own.filter((group) => kindOf(group) === kind)
    return ofKind.includes(fitted.group) ? [fitted.group] : ofKind.slice(0, 1)
  })
  return (
    <div id="gallery">
      {groups.map((group) => (
        <Strip
          key={kindOf(group)}
          group={group}
          unit={group === fitted.group ? fitted.unit : undefined}
          hasMean={hasMean(group, index)}
          isOnly={groups.length === 1}
          {...actions}
        />
      ))}
    </div>
  )
}

interface StripProps extends Pick<GalleryProps, 'pictureOf' | 'choose'> {
  readonly group: SiteGroup
  /** Index of the chosen object; null for the mean, undefined if something outside this strip is chosen. */
  readonly unit: number | null | undefined
  readonly hasMean: boolean
  readonly isOnly: boolean
}

function Strip({ group, unit, hasMean, isOnly, pictureOf, choose }: StripProps) {
  const strip = useRef<HTMLDivElement>(null)
  // The strip of thumbnails scrolls only after a new choice, so that it stays still while the reader looks through it.
  useLayoutEffect(() => {
    if (strip.current) bringIntoView(strip.current)
  }, [unit, group.key])
  const { background } = group
  const colour = background !== null && 'colour' in background ? background.colour : '#808080'
  return (
    <fieldset class="gallery">
      <legend class={isOnly ? 'hidden' : ''}>{kindOf(group) === 'object' ? 'Objects' : 'Photographs'}</legend>
      <div class="strip" ref={strip}>
        {group.units.map(({ patch, picture }, i) => (
          <Thumbnail
            key={`${group.key} ${patch}`}
            name={patch}
            isChosen={i === unit}
            choose={() => choose(patch, group)}
          >
            <Picture picture={picture} background={colour} strip={strip} pictureOf={pictureOf} />
          </Thumbnail>
        ))}
        {hasMean && (
          <Thumbnail name="mean of all" isChosen={unit === null} choose={() => choose(null, group)}>
            <span class="all" aria-hidden="true">
              all
            </span>
          </Thumbnail>
        )}
      </div>
    </fieldset>
  )
}

interface ThumbnailProps {
  readonly name: string
  readonly isChosen: boolean
  readonly choose: () => void
  readonly children: ComponentChildren
}

function Thumbnail({ name, isChosen, choose, children }: ThumbnailProps) {
  return (
    <label class="thumb">
      <input type="radio" name="object" checked={isChosen} onChange={choose} />
      {children}
      <span class="name" dir="auto">
        {name}
      </span>
    </label>
  )
}

/** Delay before pictures are loaded, in milliseconds, so that the maps are loaded first. */
const SOON = 150

interface PictureProps extends Pick<GalleryProps, 'pictureOf'> {
  readonly picture: number | null
  readonly background: string
  readonly strip: RefObject<HTMLElement | null>
}

/** A thumbnail that is loaded only when it is about to become visible, because there may be hundreds. */
function Picture({ picture, background, strip, pictureOf }: PictureProps) {
  const image = useRef<HTMLImageElement>(null)
  const [source, setSource] = useState<string>()
  useEffect(() => {
    const box = image.current
    if (picture === null || box === null) return
    const load = () =>
      pictureOf(picture).then(setSource, () => {
        // If the picture cannot be loaded, the object's name is still shown.
      })
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return
        observer.disconnect()
        void load()
      },
      { root: strip.current, rootMargin: '0px 200px' },
    )
    const timer = setTimeout(() => observer.observe(box), SOON)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  }, [picture])
  return <img ref={image} alt="" width={56} height={56} src={source} style={{ background }} />
}

/** Scrolls the strip of thumbnails to the chosen one. Unlike `scrollIntoView`, this does not scroll the page. */
function bringIntoView(strip: HTMLElement): void {
  const chosen = strip.querySelector('input:checked')?.parentElement
  if (!chosen) return
  // The strip is positioned, so these offsets are from its own left edge.
  const [start, end] = [chosen.offsetLeft, chosen.offsetLeft + chosen.offsetWidth]
  if (start < strip.scrollLeft) strip.scrollLeft = start
  else if (end > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = end - strip.clientWidth
}
