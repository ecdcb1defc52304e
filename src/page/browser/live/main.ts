import type { LiveStudy } from '../../live.js'
import { element } from '../dom.js'
import { bindCopyLink } from '../link.js'
import { providePictures } from '../pictures.js'
import { bindPrint } from '../print.js'
import { bindTheme } from '../theme.js'
import { withChoice } from '../view.js'
import { startViewer } from '../viewer.js'
import { bindAddObject } from './addObject.js'
import { bindKeep, bindLook, bindMoreNetworks, type LivePage } from './controls.js'
import { liveSource, pictureAddress } from './liveSource.js'

/** Of the object in pixels, where no link says another: the smaller one of the paper's. */
const FIRST_SIZE = 75

const study = JSON.parse(element('study', HTMLScriptElement).text) as LiveStudy
const source = liveSource(study, linkedSize() ?? FIRST_SIZE)
// Before the viewer shows what the address names.
window.addEventListener('hashchange', () => {
  const size = linkedSize()
  if (size !== undefined && size !== source.state().size) source.set({ size })
})
providePictures((key) => Promise.resolve(pictureAddress(key)))
bindTheme()
const viewer = startViewer(source)
const note = element('live-note', HTMLElement)
const page: LivePage = {
  source,
  viewer,
  say: (text) => {
    note.textContent = text
    note.hidden = text === ''
  },
}
bindLook(page)
bindKeep(page)
bindMoreNetworks(page)
bindAddObject((object) => {
  source.set({ objects: [...source.state().objects.filter(({ key }) => key !== object.key), object] })
  viewer.change((view) => withChoice(view, 0, { patch: object.name }))
}, page.say)
bindCopyLink(viewer.address)
bindPrint(viewer.redraw)

/** That the address names, if any. */
function linkedSize(): number | undefined {
  const size = Number(new URLSearchParams(location.hash.slice(1)).get('size'))
  return Number.isInteger(size) && size > 0 ? size : undefined
}
