import { element } from './dom.js'

const KEY = 'shiftscope-theme'

/** Keeps the reader's choice of a theme. The page's CSS applies the choice, and needs no script for this. */
export function bindTheme(): void {
  const select = element('theme', HTMLSelectElement)
  withStorage((storage) => {
    const stored = storage.getItem(KEY)
    if ([...select.options].some(({ value }) => value === stored)) select.value = stored as string
  })
  select.addEventListener('change', () => withStorage((storage) => storage.setItem(KEY, select.value)))
}

/** Some browsers refuse storage to pages that are opened from disk. The choice then lasts until the page is left. */
function withStorage(act: (storage: Storage) => void): void {
  try {
    act(localStorage)
  } catch {}
}
