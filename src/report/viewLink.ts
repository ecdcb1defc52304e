/** A view for the viewer. Settings that are left out keep their current values. */
export interface LinkedView {
  readonly network: string
  /** The network of the second map; null for a single map. */
  readonly with?: string | null
  readonly layer?: string
  readonly size?: number
  /** null for the mean over objects. */
  readonly patch?: string | null
  readonly anchor?: string
  readonly map?: 'similarity' | 'answers'
  readonly show?: 'difference'
  /** Ends of the colours of similarity: `0.88,1`, or `fit` for the lowest and highest value of the maps. */
  readonly limits?: string
}

/** Fragment of the link that sets the viewer to a state; text, not HTML. */
export function viewLink(view: LinkedView): string {
  const entries = Object.entries(view).map(([key, value]) => [key, String(value ?? '')])
  return `#${new URLSearchParams(entries)}`
}
