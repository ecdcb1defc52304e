import type { Quantity } from '../site/view.js'

/** The settings that a link to the viewer changes. Settings that are left out stay as they are. */
export interface LinkedView {
  readonly network: string
  /** The network of map B; null for a single map. */
  readonly with?: string | null
  readonly layer?: string
  readonly size?: number
  /** Name of an object, or null for the mean over objects. */
  readonly patch?: string | null
  readonly anchor?: string
  readonly map?: Quantity
  /** Ends of the colour scale: `0.88,1`, or `fit` for the smallest and largest value of the maps. */
  readonly limits?: string
}

/** Id of a question's section on the page. */
export function sectionOf(claim: string): string {
  return `claim-${claim}`
}

/** Makes the address of a link that changes the viewer's settings. It is text, not HTML. */
export function viewLink(view: LinkedView): string {
  const entries = Object.entries(view).map(([key, value]) => [key, String(value ?? '')])
  return `#${new URLSearchParams(entries)}`
}
