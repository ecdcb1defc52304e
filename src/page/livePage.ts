import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../files/package.js'
import type { LiveStudy } from './live.js'
import { LIVE_STYLE } from './liveStyle.js'
import { embeddedJson, pageHtml } from './page.js'
import { liveViewerHtml } from './viewerHtml.js'

/** The page on which one's own object is moved; it needs the server that it comes from. */
export function livePage(study: LiveStudy): string {
  return pageHtml({
    title: 'Shiftscope, live',
    style: LIVE_STYLE,
    facts: 'any object · any network of this machine',
    skipTo: { id: 'a-image', title: 'Skip to the object' },
    links: [],
    main: liveViewerHtml(),
    scripts: `<script type="application/json" id="study">${embeddedJson(study)}</script>\n<script src="live.js"></script>`,
  })
}

/** The page's script, which the build bundles. */
export function liveScript(): string {
  return readFileSync(join(packageFolder(), 'dist', 'page', 'liveBundle.js'), 'utf8')
}
