/** Settings of the viewer, for a link. Settings that are left out do not change. */
export interface LinkedView {
  readonly network: string
  /** The network of the second map; null for a single map. */
  readonly with?: string | null
  readonly layer?: string
  readonly size?: number
  /** Name of an object, or null for the mean over objects. */
  readonly patch?: string | null
  readonly anchor?: string
  readonly map?: 'similarity' | 'answers'
  readonly show?: 'difference'
  /** Ends of the colour scale: `0.88,1`, or `fit` for the smallest and largest value of the maps. */
  readonly limits?: string
}

/** Makes a link that sets the viewer to a view. It is text, not HTML. */
export function viewLink(view: LinkedView): string {
  const entries = Object.entries(view).map(([key, value]) => [key, String(value ?? '')])
  return `#${new URLSearchParams(entries)}`
}
