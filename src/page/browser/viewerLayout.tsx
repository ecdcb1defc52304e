import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { COLOUR_MAPS } from '../../plot/colormap.js'
import { comparedIn, kindOf, PATCH_KINDS } from '../site/groups.js'
import type { PictureKey, SiteGroup, SiteIndex } from '../site/siteIndex.js'
import { HEAD_MAPS, PANEL_IDS, QUANTITIES, type Quantity } from '../site/view.js'
import { ColourBar } from './colourBar.js'
import { Controls, ViewerSettings } from './controls.js'
import { type Fitted, isOfSameObject } from './fit.js'
import { FrameView } from './frame.js'
import { differenceMap, extremes, PROBABILITY_LIMITS } from './maps.js'
import { type MapValue, Place, readMaps, SpokenReadings } from './mapValues.js'
import { Steps } from './opening.js'
import { MapPanel } from './panel.js'
import { Picture } from './picture.js'
import { Profile } from './profiles.js'
import { regionsOf } from './regions.js'
import { saveMap } from './saving.js'
import type { MapSource } from './source.js'
import type { ShownMaps, State, ViewerActions } from './state.js'

interface BenchProps {
  readonly source: MapSource
  readonly state: State
  readonly viewer: ViewerActions
}

export function Bench({ source, state, viewer }: BenchProps) {
  const { index, view, fits, notes, isBusy } = state
  const shown = state.maps.slice(0, fits.length)
  const present = shown.filter((map) => map !== undefined)
  const regions = useMemo(
    () =>
      regionsOf(
        present,
        index.classes?.find(({ patch }) => patch === present[0]?.fitted.choice.patch),
      ),
    [state.maps, fits.length, index],
  )
  // Until the maps of a new object arrive, the panels show those of the object before, but no values of them.
  const current = shown.map((map, i) => (map && isOfSameObject(map.fitted, fits[i]!) ? map : undefined))
  const [first, second] = current
  const isDifference = view.difference && first !== undefined && second !== undefined
  const difference = useMemo(
    () => (isDifference ? differenceMap(first, second) : undefined),
    [isDifference, first, second],
  )
  const readings = readMaps(current, view.cursor, fits[0].group)
  const colours = COLOUR_MAPS[view.colours]!
  // The gallery may have hundreds of pictures and does not depend on the cursor, so it is rendered only when the view
  // changes.
  const gallery = useMemo(
    () =>
      isGalleryNeeded(index) && (
        <Gallery
          index={index}
          fitted={fits[0]}
          pictureOf={source.pictureOf}
          choose={(patch, group) =>
            viewer.change((now) => ({ ...now, patch, size: index.wished ?? comparedIn(index)(group) }))
          }
        />
      ),
    [fits],
  )
  const limits = useMemo(() => (view.limits === 'fit' ? extremes(present) : view.limits), [view.limits, state.maps])
  const caption = `Each pixel of a map is one position of ${POSITIONS[kindOf(fits[0].group)]}. ${EXPLANATIONS[present[0]?.quantity ?? view.shows]}`
  const figure = { maps: current.filter((map) => map !== undefined), difference, colours, limits, regions, caption }
  const refused = isDifference && difference === undefined ? NO_DIFFERENCE : ''
  return (
    <div class={`bench${fits.length === 1 ? ' single' : ''}`}>
      <section class="panel object" aria-label="Object and position">
        <Steps
          key={`${fits[0].group.key} ${fits[0].unit}`}
          fitted={fits[0]}
          cursor={view.cursor}
          moveTo={(position) => viewer.moveTo(position)}
        />
        <Place reading={readings[0]} place={viewer.actions(0).place} />
        <FrameView
          fitted={fits[0]}
          cursor={view.cursor}
          readings={readings}
          regions={regions}
          pictureOf={source.pictureOf}
          actions={viewer.actions(0)}
        />
        <SpokenReadings readings={readings} />
        <Profile id="col-profile" axis="row" panel="a" readings={readings} regions={regions} />
      </section>
      <div class="choosing">
        {gallery}
        <Controls state={state} change={viewer.change} />
        <p class="soft reads">{caption}</p>
      </div>
      {fits.map((fitted, i) => {
        const panel = PANEL_IDS[i]!
        return (
          <MapPanel
            key={panel}
            panel={panel}
            fitted={fitted}
            map={current[i]}
            previous={shown[i]}
            figure={figure}
            readings={readings}
            note={[notes[i] ?? '', i === 1 ? refused : ''].join(' ').trim()}
            isBusy={isBusy[i] ?? false}
            actions={viewer.actions(i)}
            save={(map, format) => saveMap(map, figure, source.pictureOf, format)}
          />
        )
      })}
      <Scale figure={figure} readings={readings} />
      <div class="more">
        <ViewerSettings state={state} viewer={viewer} limits={limits} />
        <details>
          <summary>Pointer and keys</summary>
          <p id="keys">
            On the object or a map, the arrow keys move the cursor by one position, with Shift by ten. Home, End, Page
            Up and Page Down move it to an edge. The keys 1 to 5 move it to a named anchor. Enter, A or a click on a map
            sets the anchor.
          </p>
          <p>
            In the charts along a row or column, the dashed vertical line marks the anchor, or the center in maps of
            answers. The grey vertical line marks the cursor. Bars show the answer at each position in the colour of its
            class. A dotted horizontal line is the similarity of different objects at the same position, if it is within
            the axis.
          </p>
        </details>
      </div>
    </div>
  )
}

/** Whether there is a choice of objects, and no maps of all objects where the reader can choose one. */
function isGalleryNeeded({ groups, isLive }: SiteIndex): boolean {
  const isOne =
    !isLive && groups.every(({ units }) => units.length === 1 && units[0]?.patch === groups[0]?.units[0]?.patch)
  return !isOne && document.getElementById('every-object-app') === null
}

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
function Gallery({ fitted, index, pictureOf, choose }: GalleryProps) {
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

const NO_DIFFERENCE = 'A difference needs two maps of similarity or of probability with the same positions.'

const POSITIONS = { object: 'the object', photograph: 'the photograph behind the window' } as const
const EXPLANATIONS: Readonly<Partial<Record<Quantity, string>>> = {
  similarity:
    'Its colour shows how similar the features are to those at the anchor (+). A shift-invariant network would give 1 everywhere.',
  probability:
    'Its colour shows the probability of the answer from the center (+) or, of a detector, the score of the object’s class. Answers always come from the output layer.',
  answers:
    'Its colour shows the answer, the class with the highest probability. A shift-invariant network would have one colour. Strides, the frame’s borders and fully connected layers break this invariance.',
  ...Object.fromEntries(HEAD_MAPS.map(({ name, explanation }) => [name, explanation])),
}

interface ScaleProps {
  readonly figure: ShownMaps
  readonly readings: readonly MapValue[]
}

function Scale({ figure: { colours, limits }, readings }: ScaleProps) {
  const numbers = readings.filter(({ map }) => map.regions === undefined)
  const quantity = QUANTITIES.find((one) => numbers.some(({ map }) => map.quantity === one))
  if (quantity === undefined) return null
  const marks = readings.flatMap(({ panel, map, shown }) =>
    map.quantity === quantity ? [{ panel, value: shown }] : [],
  )
  return (
    <div class="scale" id="scale">
      <ColourBar
        id="colour-bar"
        label="Colour scale of the maps"
        colourOf={colours}
        limits={quantity === 'similarity' ? limits : PROBABILITY_LIMITS}
        marks={marks}
      />
    </div>
  )
}
