import { existsSync } from 'node:fs'

/** The browser that the tests of the page drive: Debian's, or another one that CHROMIUM names. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Without a browser these tests are left out, and say so. */
export function hasChromium(): boolean {
  if (existsSync(CHROMIUM)) return true
  console.warn(`tests in a browser are left out: there is no ${CHROMIUM}; install chromium, or name one by CHROMIUM`)
  return false
}

/** No network, no profile, nothing on the screen. */
export const CHROMIUM_ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]
