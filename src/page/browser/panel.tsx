import { useMemo } from 'preact/hooks'
import { answerAgreement } from '../../experiments/maps/windowAnswers.js'
import { type ColourLimits, type ColourMap, DIFFERENCE_COLOURS } from '../../plot/colormap.js'
import { decimalText } from '../../plot/numberText.js'
import { kindOf, sideText } from '../site/groups.js'
import { HEAD_MAPS, type PanelId } from '../site/view.js'
import {
  agreementText,
  classWords,
  cosineText,
  decimalsFor,
  differenceText,
  isolated,
  positionsText,
  positionText,
  probabilityText,
  shareText,
} from '../text/text.js'
import { ColourBar } from './colourBar.js'
import { baselineOf, type Fitted } from './fit.js'
import type { CursorActions } from './keys.js'
import { anchorOf, differenceLimits, type LoadedMap, PROBABILITY_LIMITS, shownLayer } from './maps.js'
import { Badge, type MapValue, ReadingLine, Swatch } from './mapValues.js'
import { type ColourOf, Plot } from './plot.js'
import { Profile } from './profiles.js'
import type { ClassRegion } from './regions.js'
import { type Format, SaveRow } from './saveRow.js'
import type { ShownMaps } from './shownMaps.js'

interface MapPanelProps {
  readonly panel: PanelId
  readonly fitted: Fitted
  readonly map: LoadedMap | undefined
  /** Drawn until the map has arrived. */
  readonly previous: LoadedMap | undefined
  /** What the page shows in both panels. */
  readonly figure: ShownMaps
  /** Readings of both maps. */
  readonly readings: readonly MapValue[]
  readonly note: string
  readonly isBusy: boolean
  readonly actions: CursorActions
  readonly save: (map: LoadedMap, format: Format) => Promise<void>
}

export function MapPanel(props: MapPanelProps) {
  const { panel, fitted, map, previous, figure, readings, note, isBusy, actions, save } = props
  const { colours, limits, regions } = figure
  const difference = panel === 'b' ? figure.difference : undefined
  const reading = readings.find((one) => one.panel === panel)
  const shown = difference ?? map
  const drawn = map ?? previous
  const colourOf = useMemo<ColourOf>(() => {
    if (difference !== undefined) return scaled(DIFFERENCE_COLOURS, differenceLimits(difference))
    if (drawn?.regions) return (number) => regions.colourOf(drawn, number)
    return scaled(colours, drawn?.quantity === 'similarity' ? limits : PROBABILITY_LIMITS)
  }, [drawn, difference, colours, limits, regions])
  const isSimilarity = map?.quantity === 'similarity' && difference === undefined
  return (
    <section class={`panel ${panel}`} id={`${panel}-panel`} aria-label={`Map ${panel.toUpperCase()}`}>
      <h3 class="of" title={mapTitle(fitted, map)}>
        <Badge panel={panel} /> <span id={`${panel}-of`}>{mapTitle(fitted, map)}</span>
      </h3>
      <Plot
        id={`${panel}-plot`}
        label={labelOf(panel, map, difference)}
        map={shown ?? previous}
        colourOf={colourOf}
        anchor={map && anchorOf(map)}
        cursor={reading?.position}
        isBusy={isBusy}
        actions={actions}
      />
      <Profile id={`${panel}-row-profile`} axis="col" panel={panel} readings={readings} regions={regions} />
      {/* The note is below the map, so that both maps have the same height on the page. With the role `timer`, screen
          readers do not read every update. */}
      <p class="note" id={`${panel}-note`} role={isBusy || map?.known ? 'timer' : 'status'} hidden={note === ''}>
        {note}
      </p>
      {difference && (
        <ColourBar
          id="difference-bar"
          label="Colour scale of differences"
          colourOf={DIFFERENCE_COLOURS}
          limits={differenceLimits(difference)}
          marks={reading ? [{ panel, value: difference.values[reading.at]! }] : []}
        />
      )}
      {reading && <ReadingLine reading={reading} readings={readings} regions={regions} />}
      <p class="summary">
        <span id={`${panel}-summary`}>
          {difference ? differenceSummary(difference, reading) : map && summaryText(map)}
        </span>
      </p>
      <p class="summary soft" id={`${panel}-outside`}>
        {isSimilarity && outsideText(map, limits)}
      </p>
      <p class="summary soft" id={`${panel}-baseline`}>
        {isSimilarity && baselineText(map.fitted)}
      </p>
      <ul class="legend" id={`${panel}-legend`}>
        {map?.regions && regions.legend(map).map((region) => <LegendItem region={region} of={map} />)}
      </ul>
      {shown && <SaveRows panel={panel} map={shown} save={save} />}
    </section>
  )
}

/** Map A's panel also saves the figure of both maps. */
function SaveRows({ panel, map, save }: Pick<MapPanelProps, 'panel' | 'save'> & { readonly map: LoadedMap }) {
  const saveAs = (format: Format) => save(map, format)
  const words = `Save map ${panel.toUpperCase()}`
  return (
    <>
      {panel === 'a' && <SaveRow id="a-save" words="Save figure" formats={['png', 'svg']} save={saveAs} />}
      <SaveRow id={`${panel}-save`} words={words} formats={['csv']} save={saveAs} />
    </>
  )
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
      <Swatch colour={colour} /> {name} {shareText(positions, of.values.length)}
    </li>
  )
}

export function mapTitle({ group }: Fitted, map: LoadedMap | undefined): string {
  const shown = map === undefined ? '' : ` ${isolated(shownLayer(map))}: ${map.quantity}`
  return `${isolated(group.model)}${shown}`
}

function labelOf(panel: PanelId, map: LoadedMap | undefined, difference: LoadedMap | undefined): string {
  if (map === undefined) return `Map ${panel.toUpperCase()}: none`
  if (difference)
    return `Map of differences: ${describe(map)}, minus map A. ${differenceSummary(difference, undefined)}`
  return `Map ${panel.toUpperCase()}: ${describe(map)}. ${summaryText(map)}`
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
  const compared = map.quantity === 'similarity' ? `anchor ${anchor}` : 'compared with the center'
  return `${mapTitle(map.fitted, map)}, ${object}, ${sideText([group])}, ${compared}`
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
  const { quantity, values, mean, lowest, answers, regions, known } = map
  const answer = isolated(classWords(answers?.strongest.names[0] ?? ''))
  const own = HEAD_MAPS.find(({ name }) => name === quantity)
  if (regions && answers) {
    const found = values.reduce((count, number) => count + (number === 0 ? 1 : 0), 0)
    const foundText = own ? `${answer} ${own.summary} at ${positionsText(found, values.length)}; ` : ''
    const given = answers.strongest.numbers.filter((_, at) => known?.[at] !== 0)
    return `${foundText}${agreementText(answerAgreement(given))}${soFarText(map)}`
  }
  const what = own?.summary ?? `probability of ${answer}`
  return `${what}: mean ${probabilityText(mean)}, lowest ${probabilityText(lowest)}${soFarText(map)}`
}

export function differenceSummary({ values, mean, lowest, highest }: LoadedMap, reading: MapValue | undefined): string {
  const here = reading && values[reading.at]!
  const decimals = decimalsFor([0, mean, lowest, highest, here ?? 0])
  const textOf = (value: number) => differenceText(value, decimals)
  const atCursor = here === undefined ? '' : `${textOf(here)} at the cursor, `
  return `B − A: ${atCursor}mean ${textOf(mean)}, from ${textOf(lowest)} to ${textOf(highest)}`
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
