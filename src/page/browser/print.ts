import { measureAgain } from './drawing.js'

/** Class of the page while it is laid out for paper; the style gives it the paper's width. */
const PRINTING = 'printing'

/**
 * Draws the maps to the width of the paper before the page is printed, and again for the screen afterwards. It also
 * loads pictures that would be loaded only when scrolled to.
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
