import { useMemo } from 'preact/hooks'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { answerAgreement } from '../../experiments/maps/windowAnswers.js'
import type { ColourLimits, ColourMap } from '../../plot/colormap.js'
import { decimalText } from '../../plot/numberText.js'
import { correspondingPosition, kindOf, sideText } from '../site/groups.js'
import type { PictureKey } from '../site/siteIndex.js'
import { HEAD_MAPS, type PanelId } from '../site/view.js'
import {
  agreementText,
  classWords,
  cosineText,
  decimalsFor,
  isolated,
  positionText,
  probabilityText,
  shareText,
} from '../text/text.js'
import { NetworkMenu } from './controls.js'
import { baselineOf, type Fitted, nearestPosition } from './fit.js'
import { type LoadedMap, PROBABILITY_LIMITS, shownLayer } from './maps.js'
import { type MapValue, Swatch } from './mapValues.js'
import type { ClassRegion } from './regions.js'
import { currentMaps, type ShownMaps } from './shownMaps.js'
import { type ColourOf, Stage } from './stage.js'
import type { State, ViewerActions } from './state.js'

interface MapPanelProps {
  readonly panel: PanelId
  /** Index of the panel: 0 for A, 1 for B. */
  readonly i: number
  readonly state: State
  readonly viewer: ViewerActions
  /** What the page shows in both panels. */
  readonly figure: ShownMaps
  readonly reading: MapValue | undefined
  readonly pictureOf: (key: PictureKey) => Promise<string>
}

/** A network: its name, the legend of its map, and the frame with object and map. */
export function MapPanel({ panel, i, state, viewer, figure, reading, pictureOf }: MapPanelProps) {
  const { colours, limits, regions } = figure
  const fitted = state.fits[i]!
  const map = currentMaps(state)[i]
  const note = state.notes[i] ?? ''
  const isBusy = state.isBusy[i] ?? false
  const drawn = map ?? previousMap(state.maps[i], fitted)
  const colourOf = useMemo<ColourOf>(() => {
    if (drawn?.regions) return (number) => regions.colourOf(drawn, number)
    return scaled(colours, drawn?.quantity === 'similarity' ? limits : PROBABILITY_LIMITS)
  }, [drawn, colours, limits, regions])
  return (
    <section class={`panel ${panel}`} id={`${panel}-panel`} aria-label={`Network ${panel.toUpperCase()}`}>
      <div class="head">
        <NetworkMenu panel={panel} state={state} change={viewer.change} />
        <span class="summary" id={`${panel}-summary`}>
          {map && summaryText(map)}
        </span>
      </div>
      <ul class="legend" id={`${panel}-legend`}>
        {map?.regions && regions.legend(map).map((region) => <LegendItem region={region} of={map} />)}
        {map?.quantity === 'similarity' && <SimilarityLegend map={map} limits={limits} panel={panel} />}
      </ul>
      <Stage
        panel={panel}
        fitted={fitted}
        map={drawn}
        colourOf={colourOf}
        position={reading?.position ?? objectIn(fitted, state)}
        reading={reading}
        regions={regions}
        label={labelOf(panel, map)}
        note={panel === 'a' && kindOf(fitted.group) === 'object' ? figure.note : ''}
        isBusy={isBusy}
        pictureOf={pictureOf}
        actions={viewer.actions(i)}
      />
      {/* With the role `timer`, screen readers do not read every update. */}
      <p class="note" id={`${panel}-note`} role={isBusy || map?.known ? 'timer' : 'status'} hidden={note === ''}>
        {note}
      </p>
    </section>
  )
}

/** Where the object is while no map of it has arrived. */
function objectIn({ group, anchorPosition }: Fitted, { view, fits }: State): Position {
  const wanted = correspondingPosition(view.cursor, fits[0].group, group)
  return isSamePosition(anchorPosition, wanted) ? anchorPosition : nearestPosition(group, wanted)
}

/** The map of the object before, if its cells lie at the same places. It stays until the new one has arrived. */
function previousMap(map: LoadedMap | undefined, { group }: Fitted): LoadedMap | undefined {
  const placeOf = ({ frame, size, rows, stride }: Fitted['group']) => `${frame} ${size} ${rows} ${stride}`
  return map && placeOf(map.fitted.group) === placeOf(group) ? map : undefined
}

function LegendItem({
  region: { name, colour, positions },
  of,
}: {
  readonly region: ClassRegion
  readonly of: LoadedMap
}) {
  return (
    <li>
      <Swatch colour={colour} /> {name} <span class="soft">{shareText(positions, of.values.length)}</span>
    </li>
  )
}

function SimilarityLegend({ map, limits, panel }: SimilarityLegendProps) {
  return (
    <>
      <li id={`${panel}-baseline`}>{baselineText(map.fitted)}</li>
      <li id={`${panel}-outside`}>{outsideText(map, limits)}</li>
    </>
  )
}

interface SimilarityLegendProps {
  readonly map: LoadedMap
  readonly limits: ColourLimits
  readonly panel: PanelId
}

export function mapTitle({ group }: Fitted, map: LoadedMap | undefined): string {
  const shown = map === undefined ? '' : ` ${isolated(shownLayer(map))}: ${map.quantity}`
  return `${isolated(group.model)}${shown}`
}

function labelOf(panel: PanelId, map: LoadedMap | undefined): string {
  if (map === undefined) return `Frame ${panel.toUpperCase()}: no map`
  const here = `Drag the ${kindOf(map.fitted.group)}, or use the arrow keys`
  return `Frame ${panel.toUpperCase()}: ${describe(map)}. ${summaryText(map)}. ${here}`
}

export function scaled(colours: ColourMap, { low, high }: ColourLimits): ColourOf {
  return (value) => colours((value - low) / (high - low))
}

function describe(map: LoadedMap): string {
  const { choice, group, unit, anchorPosition } = map.fitted
  const count = group.units.length
  const kind = kindOf(group)
  const mean = count === 1 ? `mean over one ${kind}` : `mean over ${count} ${kind}s`
  const object = unit === null ? mean : `${kind} ${isolated(choice.patch ?? '')}`
  const anchor = typeof choice.anchor === 'string' ? choice.anchor : positionText(anchorPosition)
  const compared = map.quantity === 'similarity' ? `, compared with the anchor ${anchor}` : ''
  return `${mapTitle(map.fitted, map)}, ${object}, ${sideText([group])}${compared}`
}

export function summaryText(map: LoadedMap): string {
  const { mean, lowest } = map
  if (map.quantity !== 'similarity') return answersText(map)
  const within = map.error === 0 ? '' : `, within ${map.error}`
  const decimals = decimalsFor([1, mean, lowest])
  const least = cosineText(lowest, decimals, map.error)
  return `mean ${decimalText(mean, decimals)}, lowest ${least}${within}${soFarText(map)}`
}

function soFarText({ known }: LoadedMap): string {
  if (known === undefined) return ''
  const count = known.reduce((sum, one) => sum + one, 0)
  return ` (${shareText(count, known.length)} of positions so far)`
}

function answersText(map: LoadedMap): string {
  const { quantity, mean, lowest, answers, regions, known } = map
  const answer = isolated(classWords(answers?.strongest.names[0] ?? ''))
  const own = HEAD_MAPS.find(({ name }) => name === quantity)
  if (regions && answers) {
    const given = answers.strongest.numbers.filter((_, at) => known?.[at] !== 0)
    return `${agreementText(answerAgreement(given))}${soFarText(map)}`
  }
  const what = own?.title ?? `probability of ${answer}`
  return `${what}: mean ${probabilityText(mean)}, lowest ${probabilityText(lowest)}${soFarText(map)}`
}

function baselineText(fitted: Fitted): string {
  const baseline = baselineOf(fitted)
  return baseline === null ? '' : `different ${kindOf(fitted.group)}s at the same position: ${baseline.toFixed(3)}`
}

/** Says how many positions have values outside the colour scale. The colours of a map do not show this. */
function outsideText({ values }: LoadedMap, { low, high }: ColourLimits): string {
  const below = values.reduce((count, value) => count + (value < low ? 1 : 0), 0)
  const above = values.reduce((count, value) => count + (value > high ? 1 : 0), 0)
  const parts = [
    ...(below > 0 ? [`${shareText(below, values.length)} of positions below ${low}`] : []),
    ...(above > 0 ? [`${shareText(above, values.length)} above ${high}`] : []),
  ]
  return parts.length === 0 ? 'all positions are within the colour range' : parts.join(', ')
}
