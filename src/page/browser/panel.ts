import type { Position } from '../../engine/positions.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { type ColourMap, DIFFERENCE_COLOURS } from './colours.js'
import { differenceLimits } from './differences.js'
import { element, isolated } from './dom.js'
import type { Fitted } from './fit.js'
import { type ColourOf, type HeatmapPlot, heatmapPlot } from './heatmapPlot.js'
import type { LoadedMap } from './maps.js'
import { cosineText, differenceText, percentText, probabilityText } from './numbers.js'
import { legendItems, type Regions } from './regions.js'
import { bindTakeAway } from './takeAway.js'

/** How the ids of a panel's elements begin. */
export const PANEL_IDS = ['a', 'b'] as const

/** One of the two maps with what is said of it. */
export interface Panel {
  readonly box: HTMLElement
  readonly plot: HeatmapPlot
  readonly show: (map: LoadedMap, shade: Shade) => void
  /** Shows no map, and says nothing of one. */
  readonly clear: () => void
  /** Shows differences, B − A, instead. */
  readonly showDifference: (map: LoadedMap) => void
  /** What is the matter with the panel's choice or its files, or that it is loading. */
  readonly say: (text: string) => void
  readonly setBusy: (busy: boolean) => void
}

/** How values become colours. */
export interface Shade {
  readonly colours: ColourMap
  /** Of similarities; those of probabilities are 0 and 1. */
  readonly limits: ColourLimits
  readonly regions: Regions
}

/** Ends of the colours of probabilities. */
export const PROBABILITY_LIMITS: ColourLimits = { low: 0, high: 1 }

/** @param id `a` or `b` */
export function panelOf(id: string): Panel {
  const box = element(`${id}-plot`, HTMLElement)
  const plot = heatmapPlot(box)
  const note = element(`${id}-note`, HTMLElement)
  const takeAway = bindTakeAway(id, box)
  return {
    box,
    plot,
    show: (map, shade) => {
      plot.draw(map, colourOfValues(map, shade), anchorOf(map))
      takeAway({ map, what: map.quantity })
      const isSimilarity = map.quantity === 'similarity'
      element(`${id}-summary`, HTMLElement).textContent = summaryText(map)
      element(`${id}-outside`, HTMLElement).textContent = isSimilarity ? outsideText(map, shade.limits) : ''
      element(`${id}-baseline`, HTMLElement).textContent = isSimilarity ? baselineText(map.fitted) : ''
      element(`${id}-legend`, HTMLElement).replaceChildren(
        ...(map.quantity === 'answers' ? legendItems(shade.regions, map) : []),
      )
      box.setAttribute('aria-label', `Map ${id.toUpperCase()}: ${describe(map.fitted)}. ${summaryText(map)}`)
    },
    clear: () => {
      plot.clear()
      takeAway(undefined)
      for (const line of LINES) element(`${id}-${line}`, HTMLElement).textContent = ''
      box.setAttribute('aria-label', `Map ${id.toUpperCase()}: none`)
    },
    showDifference: (map) => {
      plot.draw(map, scaled(DIFFERENCE_COLOURS, differenceLimits(map)), anchorOf(map))
      takeAway({ map, what: 'difference' })
      const { mean, lowest, highest } = map
      const text = `B − A: mean ${differenceText(mean)}, from ${differenceText(lowest)} to ${differenceText(highest)}`
      element(`${id}-summary`, HTMLElement).textContent = text
      element(`${id}-outside`, HTMLElement).textContent = shareText(map)
      box.setAttribute('aria-label', `Map of differences: ${describe(map.fitted)}, less map A. ${text}`)
    },
    say: (text) => {
      // The same is not read out again.
      if (note.textContent !== text) note.textContent = text
      note.hidden = text === ''
    },
    setBusy: (busy) => {
      box.setAttribute('aria-busy', String(busy))
    },
  }
}

/** What is said below a map. */
const LINES = ['summary', 'outside', 'baseline', 'legend'] as const

function colourOfValues(map: LoadedMap, { colours, limits, regions }: Shade): ColourOf {
  if (map.quantity === 'answers') return (number) => regions.colourOf(map, number)
  return scaled(colours, map.quantity === 'similarity' ? limits : PROBABILITY_LIMITS)
}

function scaled(colours: ColourMap, { low, high }: ColourLimits): ColourOf {
  return (value) => colours((value - low) / (high - low))
}

/** Answers go by the class at the center, whatever the anchor. */
function anchorOf({ quantity, fitted }: LoadedMap): Position {
  const center = fitted.group.anchors.find(({ name }) => name === 'center')
  return quantity === 'similarity' || center === undefined ? fitted.anchorPosition : center
}

function describe({ choice, group, unit, anchorPosition }: Fitted): string {
  const patch = unit === null ? `mean over ${patchCount(group.units.length)}` : `patch ${isolated(choice.patch ?? '')}`
  const anchor =
    typeof choice.anchor === 'string' ? choice.anchor : `row ${anchorPosition.row}, column ${anchorPosition.col}`
  return `${isolated(choice.model)} ${isolated(choice.layer)}, ${group.size} pixels, ${patch}, anchor ${anchor}`
}

function patchCount(count: number): string {
  return count === 1 ? 'one patch' : `${count} patches`
}

/** The mean as the tables have it, with its spread over patches where it is of several. */
function summaryText(map: LoadedMap): string {
  const { fitted, mean, lowest } = map
  if (map.quantity !== 'similarity') return answersText(map)
  const { group, layer, unit, anchor } = fitted
  const spread = unit === null && anchor !== null ? group.layers[layer]?.means[anchor]?.std : undefined
  const deviation = spread === undefined ? '' : ` ± ${spread.toFixed(3)}`
  const within = map.error === 0 ? '' : `, within ${map.error}`
  return `mean ${mean.toFixed(3)}${deviation}, lowest ${cosineText(lowest, map.error)}${within}${soFarText(map)}`
}

/** How much of a map is computed; empty: all of it. */
function soFarText({ known }: LoadedMap): string {
  if (known === undefined) return ''
  const count = known.reduce((sum, one) => sum + one, 0)
  return ` (${percentText(count, known.length)} of positions so far)`
}

/** What the network answers at the center, and how far that holds. */
function answersText(map: LoadedMap): string {
  const { quantity, values, mean, lowest, answers } = map
  const name = answers?.strongest?.names[0]
  const answer = name === undefined ? 'the center’s answers' : isolated(name)
  if (quantity === 'answers') {
    const kept = values.reduce((count, number) => count + (number === 0 ? 1 : 0), 0)
    return `${answer} at the center and at ${percentText(kept, values.length)} of positions${soFarText(map)}`
  }
  return `probability of ${answer}: mean ${probabilityText(mean)}, lowest ${probabilityText(lowest)}${soFarText(map)}`
}

function shareText({ values }: LoadedMap): string {
  const higher = values.reduce((count, value) => count + (value > 0 ? 1 : 0), 0)
  return `B is higher at ${percentText(higher, values.length)} of positions`
}

/** How alike different objects are at one place: what a similarity can be read against. */
export function baselineOf({ group, layer }: Fitted): number | null {
  return group.layers[layer]?.baseline ?? null
}

function baselineText(fitted: Fitted): string {
  const baseline = baselineOf(fitted)
  return baseline === null ? '' : `different objects at the same place: ${baseline.toFixed(3)}`
}

/** Colours cannot show by how much a value is outside the limits. */
function outsideText({ values }: LoadedMap, { low, high }: ColourLimits): string {
  const below = values.reduce((count, value) => count + (value < low ? 1 : 0), 0)
  const above = values.reduce((count, value) => count + (value > high ? 1 : 0), 0)
  const parts = [
    ...(below > 0 ? [`${percentText(below, values.length)} of positions below ${low}`] : []),
    ...(above > 0 ? [`${percentText(above, values.length)} above ${high}`] : []),
  ]
  return parts.length === 0 ? 'all positions within the colour limits' : parts.join(', ')
}
