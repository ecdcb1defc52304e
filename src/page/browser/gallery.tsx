import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { SiteGroup, SiteIndex } from '../siteIndex.js'
import { type Fitted, hasMean } from './fit.js'
import { kindOf, PATCH_KINDS } from './kinds.js'
import { Picture } from './picture.js'

interface GalleryProps {
  readonly index: SiteIndex
  readonly fitted: Fitted
  readonly pictureOf: (key: number) => Promise<string>
  readonly choose: (patch: string | null, group: SiteGroup) => void
}

/**
 * The objects of the chosen network and size, and its whole photographs. Only the live page and studies without answers
 * have it; in other studies, the reader chooses an object among the small maps below the viewer.
 */
export function Gallery({ fitted, index, pictureOf, choose }: GalleryProps) {
  const strip = useRef<HTMLDivElement>(null)
  // The strip scrolls only after a new choice, so that it stays still while the reader looks through it.
  useLayoutEffect(() => {
    const chosen = strip.current?.querySelector('input:checked')?.parentElement
    // Unlike `scrollIntoView`, this does not scroll the page.
    if (strip.current && chosen)
      strip.current.scrollLeft = chosen.offsetLeft + (chosen.offsetWidth - strip.current.clientWidth) / 2
  }, [fitted.unit, fitted.group])
  const own = index.groups.filter(({ model }) => model === fitted.group.model)
  const groups = PATCH_KINDS.flatMap((kind) => {
    const ofKind = own.filter((group) => kindOf(group) === kind)
    return ofKind.includes(fitted.group) ? [fitted.group] : ofKind.slice(0, 1)
  })
  return (
    <fieldset id="gallery">
      <legend class="hidden">{groups.map((group) => `${kindOf(group)}s`).join(' and ')}</legend>
      <div class="strip" ref={strip}>
        {groups.flatMap((group) => {
          const isChosen = (unit: number | null) => group === fitted.group && unit === fitted.unit
          return [
            ...group.units.map(({ patch, picture }, i) => (
              <Thumbnail
                key={`${group.key} ${patch}`}
                name={patch}
                isChosen={isChosen(i)}
                choose={() => choose(patch, group)}
              >
                <Picture picture={picture} group={group} pictureOf={pictureOf} />
              </Thumbnail>
            )),
            hasMean(group, index) && (
              <Thumbnail
                key={`${group.key}`}
                name={`mean of all ${kindOf(group)}s`}
                isChosen={isChosen(null)}
                choose={() => choose(null, group)}
              >
                <span class="all" aria-hidden="true">
                  all
                </span>
              </Thumbnail>
            ),
          ]
        })}
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
