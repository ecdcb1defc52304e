/** A state of the viewer above the sections. What is left out stays as the viewer has it. */
export interface LinkedView {
  readonly network: string
  /** The network of the second map; null if there is one map alone. */
  readonly with?: string | null
  readonly layer?: string
  readonly size?: number
  /** null: the mean over objects. */
  readonly patch?: string | null
  readonly anchor?: string
  readonly map?: 'similarity' | 'answers'
  readonly show?: 'difference'
  /** Ends of the colours of similarity, `0.88,1`; `fit`: the lowest and the highest value of the maps. */
  readonly limits?: string
}

/** Fragment of the link that sets the viewer to a state; text, not HTML. */
export function viewLink(view: LinkedView): string {
  const entries = Object.entries(view).map(([key, value]) => [key, String(value ?? '')])
  return `#${new URLSearchParams(entries)}`
}
