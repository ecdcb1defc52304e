import type { SiteIndex } from '../siteIndex.js'
import { bindContents } from './contents.js'
import { element } from './dom.js'
import { receiveFiles } from './files.js'
import { bindPrint } from './print.js'
import { bindSectionFigures } from './savedSections.js'
import { fileSource } from './source.js'
import { bindTheme } from './theme.js'
import { startViewer } from './viewer.js'

const index = JSON.parse(element('study', HTMLScriptElement).text) as SiteIndex
receiveFiles(index.digest)
bindTheme()
startViewer(fileSource(index))
bindPrint()
// The sections come after this script, so what needs them must wait until the page is parsed.
document.addEventListener('DOMContentLoaded', () => {
  bindContents()
  bindSectionFigures(index)
})
