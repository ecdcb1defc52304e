import { measureAgain } from './drawing.js'

/** CSS class that the page has while it is printed. It gives the page the width of the paper. */
const PRINTING = 'printing'

/**
 * Draws the maps in the width of the paper before the page is printed, and in the width of the screen afterwards. It
 * also loads pictures that the browser would load only when the reader scrolls to them.
 */
export function bindPrint(): void {
  const layOut = (isPrinting: boolean) => {
    document.documentElement.classList.toggle(PRINTING, isPrinting)
    measureAgain()
  }
  window.addEventListener('beforeprint', () => {
    for (const image of document.querySelectorAll('img')) image.loading = 'eager'
    layOut(true)
  })
  window.addEventListener('afterprint', () => layOut(false))
}

/** Runs while the page has the layout and the colours of print. Nothing of this appears on the screen. */
export function whilePrinting<T>(run: () => T): T {
  const top = window.scrollY
  document.documentElement.classList.add(PRINTING)
  try {
    return run()
  } finally {
    document.documentElement.classList.remove(PRINTING)
    window.scrollTo({ top, behavior: 'instant' })
  }
}
