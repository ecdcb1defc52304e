import type { ColourLimits } from '../../plot/colormap.js'
import { PAPER_LIMITS } from '../paperLimits.js'
import { element } from './dom.js'
import type { LoadedMap } from './maps.js'
import { parseLimits } from './view.js'

/** Lets the reader set the ends of the colour scale: by numbers, the paper's, or those of the maps shown. */
export function bindLimits(maps: () => readonly LoadedMap[], onLimits: (limits: ColourLimits) => void): void {
  const low = element('low', HTMLInputElement)
  const high = element('high', HTMLInputElement)
  const fault = element('limits-fault', HTMLElement)
  const read = () => {
    const limits = parseLimits([low, high].map(({ value }) => value.trim().replace(',', '.')).join(','))
    for (const input of [low, high]) input.setAttribute('aria-invalid', String(limits === undefined))
    fault.hidden = limits !== undefined
    if (limits !== undefined) onLimits(limits)
  }
  low.addEventListener('change', read)
  high.addEventListener('change', read)
  element('paper-limits', HTMLButtonElement).addEventListener('click', () => onLimits(PAPER_LIMITS))
  element('fit-limits', HTMLButtonElement).addEventListener('click', () => onLimits(extremes(maps())))
}

export function showLimits({ low, high }: ColourLimits): void {
  const inputs = { low: element('low', HTMLInputElement), high: element('high', HTMLInputElement) }
  for (const input of Object.values(inputs)) input.setAttribute('aria-invalid', 'false')
  inputs.low.value = String(low)
  inputs.high.value = String(high)
  element('limits-fault', HTMLElement).hidden = true
}

/** Lowest and highest value of all maps, outwards to four decimals. */
export function extremes(maps: readonly LoadedMap[]): ColourLimits {
  const low = Math.floor(Math.min(...maps.map(({ lowest }) => lowest)) * 1e4) / 1e4
  const high = Math.ceil(Math.max(...maps.map(({ highest }) => highest)) * 1e4) / 1e4
  return low < high ? { low, high } : { low: low - 0.001, high: high + 0.001 }
}
