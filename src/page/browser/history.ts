/** What the browser's history remembers of a view, so that going back is told from following a link. */
const OWN = 'shiftscope'

/** Writes the address of what is shown into the entry that the browser is at. */
export function keepAddress(address: string): void {
  history.replaceState(OWN, '', address)
}

/** Begins an entry, which the back button leaves. */
export function pushAddress(address: string): void {
  history.pushState(OWN, '', address)
}

/** Whether the entry that the browser is at was written by the two above, and not by a link. */
export function isOwnEntry(): boolean {
  return history.state === OWN
}
