import type { ColourLimits } from '../../colormap.js'
import { type ColourMap, DIFFERENCE_COLOURS } from './colours.js'
import { differenceLimits } from './differences.js'
import { element, isolated } from './dom.js'
import type { Fitted } from './fit.js'
import { type HeatmapPlot, heatmapPlot } from './heatmapPlot.js'
import type { LoadedMap } from './maps.js'
import { cosineText, differenceText, percentText } from './numbers.js'

/** How the ids of a panel's elements begin. */
export const PANEL_IDS = ['a', 'b'] as const

/** One of the two maps with what is said of it. */
export interface Panel {
  readonly box: HTMLElement
  readonly plot: HeatmapPlot
  readonly show: (map: LoadedMap, colourOf: ColourMap, limits: ColourLimits) => void
  /** Shows no map, and says nothing of one. */
  readonly clear: () => void
  /** Shows differences, B − A, instead. */
  readonly showDifference: (map: LoadedMap) => void
  /** What is the matter with the panel's choice or its files, or that it is loading. */
  readonly say: (text: string) => void
  readonly setBusy: (busy: boolean) => void
}

/** @param id `a` or `b` */
export function panelOf(id: string): Panel {
  const box = element(`${id}-plot`, HTMLElement)
  const plot = heatmapPlot(box)
  const note = element(`${id}-note`, HTMLElement)
  return {
    box,
    plot,
    show: (map, colourOf, limits) => {
      plot.draw(map, colourOf, limits)
      element(`${id}-summary`, HTMLElement).textContent = summaryText(map)
      element(`${id}-outside`, HTMLElement).textContent = outsideText(map, limits)
      element(`${id}-baseline`, HTMLElement).textContent = baselineText(map.fitted)
      box.setAttribute('aria-label', `Map ${id.toUpperCase()}: ${describe(map.fitted)}. ${summaryText(map)}`)
    },
    clear: () => {
      plot.clear()
      for (const line of ['summary', 'outside', 'baseline']) element(`${id}-${line}`, HTMLElement).textContent = ''
      box.setAttribute('aria-label', `Map ${id.toUpperCase()}: none`)
    },
    showDifference: (map) => {
      plot.draw(map, DIFFERENCE_COLOURS, differenceLimits(map))
      const { mean, lowest, highest } = map
      const text = `B − A: mean ${differenceText(mean)}, from ${differenceText(lowest)} to ${differenceText(highest)}`
      element(`${id}-summary`, HTMLElement).textContent = text
      element(`${id}-outside`, HTMLElement).textContent = shareText(map)
      box.setAttribute('aria-label', `Map of differences: ${describe(map.fitted)}, less map A. ${text}`)
    },
    say: (text) => {
      note.textContent = text
      note.hidden = text === ''
    },
    setBusy: (busy) => {
      box.setAttribute('aria-busy', String(busy))
    },
  }
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
function summaryText({ fitted, mean, lowest }: LoadedMap): string {
  const { group, layer, unit, anchor } = fitted
  const spread = unit === null && anchor !== null ? group.layers[layer]?.means[anchor]?.std : undefined
  const deviation = spread === undefined ? '' : ` ± ${spread.toFixed(3)}`
  return `mean ${mean.toFixed(3)}${deviation}, lowest ${cosineText(lowest)}`
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
