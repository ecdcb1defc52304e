import { existsSync } from 'node:fs'

/** Browser for the tests of the page: Debian's, or the one that the variable CHROMIUM names. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Whether there is a browser. Without one, the tests of the page are skipped with a note. */
export function hasChromium(): boolean {
  if (existsSync(CHROMIUM)) return true
  console.warn(`tests in a browser are left out: there is no ${CHROMIUM}; install chromium, or name one by CHROMIUM`)
  return false
}

/** The browser runs without network, profile and window. */
export const CHROMIUM_ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]
