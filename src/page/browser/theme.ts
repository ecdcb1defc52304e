import { element } from './dom.js'

const KEY = 'shiftscope-theme'

/** Keeps the reader's choice of a theme. The page's CSS applies the choice, and needs no script for this. */
export function bindTheme(): void {
  const select = element('theme', HTMLSelectElement)
  const stored = recall()
  if ([...select.options].some(({ value }) => value === stored)) select.value = stored
  select.addEventListener('change', () => remember(select.value))
}

/** Reads the stored choice. Some browsers refuse storage to pages that are opened from disk. */
function recall(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Without storage, the choice lasts until the page is left.
  }
}
