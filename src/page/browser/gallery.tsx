import { useLayoutEffect, useRef } from 'preact/hooks'
import { comparedIn, kindOf, PATCH_KINDS } from '../site/groups.js'
import type { PictureKey, SiteGroup, SiteIndex, SiteUnit } from '../site/siteIndex.js'
import type { Fitted } from './fit.js'
import { Picture } from './picture.js'
import type { ViewerActions } from './state.js'

/** Whether there is more than one object to choose from. */
export function hasChoice({ groups, isLive }: SiteIndex): boolean {
  return isLive === true || new Set(groups.flatMap(({ units }) => units.map(({ patch }) => patch))).size > 1
}

interface GalleryProps {
  readonly index: SiteIndex
  readonly fitted: Fitted
  readonly pictureOf: (key: PictureKey) => Promise<string>
  readonly change: ViewerActions['change']
}

/**
 * The objects of the chosen network and size, and its whole photographs. In a report, those come first whose answers
 * agree least.
 */
export function Gallery({ fitted, index, pictureOf, change }: GalleryProps) {
  const strip = useRef<HTMLDivElement>(null)
  // The strip scrolls only after a new choice, so that it stays still while the reader looks through it.
  useLayoutEffect(() => {
    const chosen = strip.current?.querySelector('input:checked')?.parentElement
    // Unlike `scrollIntoView`, this does not scroll the page.
    if (strip.current && chosen)
      strip.current.scrollLeft = chosen.offsetLeft + (chosen.offsetWidth - strip.current.clientWidth) / 2
  }, [fitted.unit, fitted.group])
  const choose = (patch: string, group: SiteGroup) =>
    change((view) => ({ ...view, patch, size: index.wished ?? comparedIn(index)(group) }))
  const own = index.groups.filter(({ model }) => model === fitted.group.model)
  const groups = PATCH_KINDS.flatMap((kind) => {
    const ofKind = own.filter((group) => kindOf(group) === kind)
    return ofKind.includes(fitted.group) ? [fitted.group] : ofKind.slice(0, 1)
  })
  return (
    <fieldset id="gallery">
      <legend class="hidden">{groups.map((group) => `${kindOf(group)}s`).join(' and ')}</legend>
      <div class="strip" ref={strip}>
        {groups.flatMap((group) =>
          sortedUnits(group).map(([unit, { patch }]) => (
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

/** The objects with their indices, those first whose answers agree least. Objects without answers keep their order. */
function sortedUnits({ units }: SiteGroup): readonly (readonly [number, SiteUnit])[] {
  const agreementOf = ({ answer }: SiteUnit) => answer?.agreement ?? 1
  return [...units.entries()].sort(([, a], [, b]) => agreementOf(a) - agreementOf(b))
}
