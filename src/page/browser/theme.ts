import { element } from './dom.js'

const KEY = 'shiftscope-theme'

/** Lets the reader choose the light or the dark theme. Without a choice, the page follows the system's theme. */
export function bindTheme(): void {
  const select = element('theme', HTMLSelectElement)
  const stored = recall()
  if ([...select.options].some(({ value }) => value === stored)) select.value = stored
  const show = () => {
    document.documentElement.dataset.theme = select.value
  }
  select.addEventListener('change', () => {
    show()
    remember(select.value)
  })
  show()
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
