import { useMemo } from 'preact/hooks'
import { PANEL_IDS, QUANTITIES } from '../site/view.js'
import { ColourBar } from './colourBar.js'
import { Controls, ViewerSettings } from './controls.js'
import { FrameView } from './frame.js'
import { Gallery, isGalleryNeeded } from './gallery.js'
import { PROBABILITY_LIMITS } from './maps.js'
import { type MapValue, Place, readMaps, SpokenReadings } from './mapValues.js'
import { Steps } from './opening.js'
import { MapPanel } from './panel.js'
import { Profile } from './profiles.js'
import { saveMap } from './saving.js'
import { currentMaps, type ShownMaps, shownMaps } from './shownMaps.js'
import type { State, ViewerActions } from './state.js'

interface ViewerProps {
  readonly state: State
  readonly viewer: ViewerActions
}

export function ViewerLayout({ state, viewer }: ViewerProps) {
  const { index, view, fits, maps } = state
  const shown = useMemo(
    () => shownMaps(state),
    [index, fits, maps, view.shows, view.difference, view.colours, view.limits],
  )
  const parts = { state, viewer, shown, readings: readMaps(currentMaps(state), view.cursor, fits[0].group) }
  // The gallery may have hundreds of pictures and does not depend on the cursor, so it is rendered only when the view
  // changes.
  const gallery = useMemo(
    () =>
      isGalleryNeeded(index) && (
        <Gallery index={index} fitted={fits[0]} pictureOf={viewer.pictureOf} change={viewer.change} />
      ),
    [fits],
  )
  return (
    <div class={`bench${fits.length === 1 ? ' single' : ''}`}>
      <ObjectPanel {...parts} />
      <div class="choosing">
        {gallery}
        <Controls state={state} change={viewer.change} />
        <p class="soft reads">{shown.caption}</p>
      </div>
      <MapPanels {...parts} />
      <Scale {...parts} />
      <div class="more">
        <ViewerSettings state={state} viewer={viewer} limits={shown.limits} />
        <PointerAndKeys />
      </div>
    </div>
  )
}

interface PartProps extends ViewerProps {
  readonly shown: ShownMaps
  readonly readings: readonly MapValue[]
}

/** The object in its frame, the values at the cursor, and the chart along the column. */
function ObjectPanel({ state: { fits, view }, viewer, shown: { regions }, readings }: PartProps) {
  const [fitted] = fits
  const actions = viewer.actions(0)
  return (
    <section class="panel object" aria-label="Object and position">
      <Steps
        key={`${fitted.group.key} ${fitted.unit}`}
        fitted={fitted}
        cursor={view.cursor}
        moveTo={(position) => viewer.moveTo(position)}
      />
      <Place reading={readings[0]} place={actions.place} />
      <FrameView
        fitted={fitted}
        cursor={view.cursor}
        readings={readings}
        regions={regions}
        pictureOf={viewer.pictureOf}
        actions={actions}
      />
      <SpokenReadings readings={readings} />
      <Profile id="col-profile" axis="row" panel="a" readings={readings} regions={regions} />
    </section>
  )
}

function MapPanels({ state, viewer, shown, readings }: PartProps) {
  const { fits, view, notes, isBusy } = state
  const current = currentMaps(state)
  const isRefused = view.difference && shown.maps.length > 1 && shown.difference === undefined
  return fits.map((fitted, i) => {
    const panel = PANEL_IDS[i]!
    return (
      <MapPanel
        key={panel}
        panel={panel}
        fitted={fitted}
        map={current[i]}
        previous={state.maps[i]}
        figure={shown}
        readings={readings}
        note={[notes[i] ?? '', i === 1 && isRefused ? NO_DIFFERENCE : ''].join(' ').trim()}
        isBusy={isBusy[i] ?? false}
        actions={viewer.actions(i)}
        save={(map, format) => saveMap(map, shown, viewer.pictureOf, format)}
      />
    )
  })
}

const NO_DIFFERENCE = 'A difference needs two maps of similarity or of probability with the same positions.'

function Scale({ shown: { colours, limits }, readings }: Pick<PartProps, 'shown' | 'readings'>) {
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

function PointerAndKeys() {
  return (
    <details>
      <summary>Pointer and keys</summary>
      <p id="keys">
        On the object or a map, the arrow keys move the cursor by one position, with Shift by ten. Home, End, Page Up
        and Page Down move it to an edge. The keys 1 to 5 move it to a named anchor. Enter, A or a click on a map sets
        the anchor.
      </p>
      <p>
        In the charts along a row or column, the dashed vertical line marks the anchor, or the center in maps of
        answers. The grey vertical line marks the cursor. Bars show the answer at each position in the colour of its
        class. A dotted horizontal line is the similarity of different objects at the same position, if it is within the
        axis.
      </p>
    </details>
  )
}
