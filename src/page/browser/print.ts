/** Class of the page while it is laid out for paper; the style gives it the paper's width. */
const PRINTING = 'printing'

/**
 * Draws the maps to the width of the paper before the page is printed, and anew for the screen afterwards; pictures that wait
 * to be scrolled to are fetched.
 */
export function bindPrint(redraw: () => void): void {
  const layOut = (printing: boolean) => {
    document.documentElement.classList.toggle(PRINTING, printing)
    redraw()
  }
  window.addEventListener('beforeprint', () => {
    for (const image of document.querySelectorAll('img')) image.loading = 'eager'
    layOut(true)
  })
  window.addEventListener('afterprint', () => layOut(false))
}
