import type { SiteIndex } from '../site/siteIndex.js'
import { element } from './dom.js'
import { receiveFiles } from './files.js'
import { startObjectMatrix } from './objectMatrix.js'
import { bindPrint } from './print.js'
import { fileSource } from './source.js'
import { startViewer } from './viewer.js'

const index = JSON.parse(element('study', HTMLScriptElement).text) as SiteIndex
receiveFiles(index)
startObjectMatrix(index, startViewer(fileSource(index)))
bindPrint()
