import { useLayoutEffect, useRef } from 'preact/hooks'
import { SUBJECTS, subjectOf } from '../../patches/sizes.js'
import type { PictureKey, SiteGroup, SiteIndex } from '../siteIndex.js'
import type { Fitted } from './fit.js'
import { Picture } from './picture.js'

interface GalleryProps {
  readonly index: SiteIndex
  readonly fitted: Fitted
  readonly pictureOf: (key: PictureKey) => Promise<string>
  readonly choose: (patch: string, group: SiteGroup) => void
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
  const groups = SUBJECTS.flatMap((subject) => {
    const ofKind = own.filter((group) => subjectOf(group) === subject)
    return ofKind.includes(fitted.group) ? [fitted.group] : ofKind.slice(0, 1)
  })
  return (
    <fieldset id="gallery">
      <legend class="hidden">{groups.map(subjectOf).join(' and ')}</legend>
      <div class="strip" ref={strip}>
        {groups.flatMap((group) =>
          group.units.map(({ patch }, unit) => (
            <label class="thumb" key={`${group.key} ${patch}`}>
              <input
                type="radio"
                name="object"
                checked={group === fitted.group && unit === fitted.unit}
                onChange={() => choose(patch, group)}
              />
              <Picture group={group} unit={unit} pictureOf={pictureOf} />
              <span class="name" dir="auto">
                {patch}
              </span>
            </label>
          )),
        )}
      </div>
    </fieldset>
  )
}
