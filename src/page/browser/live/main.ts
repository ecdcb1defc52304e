import { h, render } from 'preact'
import type { LiveStudy } from '../../live.js'
import { element } from '../dom.js'
import { bindPrint } from '../print.js'
import { bindTheme } from '../theme.js'
import { startViewer } from '../viewer.js'
import { LiveControls } from './controls.js'
import { liveSource } from './liveSource.js'

/** Default side of the object in pixels, for links that give none. It is the smaller of the paper's two sizes. */
const FIRST_SIZE = 75

const study = JSON.parse(element('study', HTMLScriptElement).text) as LiveStudy
const source = liveSource(study, linkedSize() ?? FIRST_SIZE)
// This handler is registered before the viewer's, so the size is set before the viewer reads the address.
window.addEventListener('hashchange', () => {
  const size = linkedSize()
  if (size !== undefined && size !== source.state().size) source.set({ size })
})
bindTheme()
const [first, second] = study.networks
if (study.opensTwo && first && second)
  element('viewer-app', HTMLElement).dataset.view = `#${new URLSearchParams({ network: first.id, with: second.id })}`
const viewer = startViewer(source)
render(h(LiveControls, { source, viewer }), element('live-controls', HTMLElement))
bindPrint()

function linkedSize(): number | undefined {
  const size = Number(new URLSearchParams(location.hash.slice(1)).get('size'))
  return Number.isInteger(size) && size > 0 ? size : undefined
}
