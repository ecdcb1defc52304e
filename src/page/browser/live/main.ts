import { h, render } from 'preact'
import type { LiveStudy } from '../../live/live.js'
import { element } from '../dom.js'
import { bindPrint } from '../print.js'
import { startViewer } from '../viewer.js'
import { LiveControls } from './controls.js'
import { liveSource } from './liveSource.js'

const study = JSON.parse(element('study', HTMLScriptElement).text) as LiveStudy
const source = liveSource(study)
const [first, second] = study.networks
if (study.opensTwo && first && second)
  element('viewer-app', HTMLElement).dataset.view = `#${new URLSearchParams({ network: first.id, with: second.id })}`
const viewer = startViewer(source)
render(h(LiveControls, { source, viewer }), element('live-controls', HTMLElement))
bindPrint()
