import { useMemo, useState } from 'preact/hooks'
import { PANEL_IDS, type PanelId, QUANTITIES } from '../site/view.js'
import { shareText } from '../text/text.js'
import { Aside } from './aside.js'
import { ColourBar } from './colourBar.js'
import { SizeMenu, ViewerSettings } from './controls.js'
import { Gallery, hasChoice } from './gallery.js'
import { PROBABILITY_LIMITS } from './maps.js'
import { Badge, type MapValue, readMaps, SpokenReadings } from './mapValues.js'
import { MapPanel } from './panel.js'
import { SaveRow } from './saveRow.js'
import { saveMaps } from './saving.js'
import { currentMaps, type ShownMaps, shownMaps } from './shownMaps.js'
import type { State, ViewerActions } from './state.js'

interface ViewerProps {
  readonly state: State
  readonly viewer: ViewerActions
}

export function ViewerLayout({ state, viewer }: ViewerProps) {
  const { index, view, fits, maps } = state
  /** The frame that a narrow screen shows. */
  const [front, setFront] = useState<PanelId>('a')
  const shown = useMemo(() => shownMaps(state), [index, fits, maps, view.shows, view.limits])
  const readings = readMaps(currentMaps(state), view.cursor, fits[0].group)
  // The strip may have hundreds of pictures and does not depend on the cursor, so it is rendered only when the view
  // changes.
  const strip = useMemo(
    () =>
      hasChoice(index) && (
        <Gallery index={index} fitted={fits[0]} pictureOf={viewer.pictureOf} change={viewer.change} />
      ),
    [fits],
  )
  const isMany = new Set(index.groups.map(({ model }) => model)).size > 2
  const kind = fits.length === 1 ? 'single' : `front-${front}`
  return (
    <div class={`bench ${kind}${isMany ? ' many' : ''}`}>
      <div class="choosing">{strip}</div>
      <div class="size">
        <SizeMenu state={state} change={viewer.change} />
      </div>
      {fits.length > 1 && <Fronts state={state} front={front} choose={setFront} />}
      {fits.map((_, i) => {
        const panel = PANEL_IDS[i]!
        const reading = readings.find((one) => one.panel === panel)
        const { pictureOf } = viewer
        return <MapPanel key={panel} figure={shown} {...{ panel, i, state, viewer, reading, pictureOf }} />
      })}
      <Aside state={state} viewer={viewer} readings={readings} regions={shown.regions} caption={shown.caption} />
      <SpokenReadings readings={readings} />
      <Scale shown={shown} readings={readings} />
      <div class="more">
        <ViewerSettings state={state} viewer={viewer} limits={shown.limits} />
        <Keys />
        {shown.maps.length > 0 && <SaveRow save={(format) => saveMaps(shown, viewer.pictureOf, format)} />}
      </div>
    </div>
  )
}

interface FrontsProps {
  readonly state: State
  readonly front: PanelId
  readonly choose: (panel: PanelId) => void
}

/** On a narrow screen, chooses which of both frames is shown. */
function Fronts({ state, front, choose }: FrontsProps) {
  return (
    <fieldset class="fronts">
      <legend class="hidden">Network in the frame</legend>
      {state.fits.map(({ group, unit }, i) => {
        const panel = PANEL_IDS[i]!
        const agreement = unit === null ? undefined : group.units[unit]?.answer?.agreement
        return (
          <label key={panel}>
            <input type="radio" name="front" checked={panel === front} onChange={() => choose(panel)} />
            <Badge panel={panel} />{' '}
            <span>
              <bdi>{group.model}</bdi>
              {agreement !== undefined && <b>agreement {shareText(agreement, 1)}</b>}
            </span>
          </label>
        )
      })}
    </fieldset>
  )
}

interface ScaleProps {
  readonly shown: ShownMaps
  readonly readings: readonly MapValue[]
}

/** The colour scale of maps of numbers. */
function Scale({ shown: { colours, limits }, readings }: ScaleProps) {
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

function Keys() {
  return (
    <details>
      <summary>Keys</summary>
      <p id="keys">
        In a frame, the arrow keys move the object by one position, with Shift by ten. Home, End, Page Up and Page Down
        move it to an edge. The keys 1 to 5 move it to a named position. Enter or A makes its position the one with
        which maps of similarity compare.
      </p>
    </details>
  )
}
