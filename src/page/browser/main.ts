import { RECEIVER } from '../receiver.js'
import type { SiteIndex } from '../siteIndex.js'
import { bindContents } from './contents.js'
import { element } from './dom.js'
import { loadPicture, receiveFiles } from './files.js'
import { bindCopyLink } from './link.js'
import { providePictures } from './pictures.js'
import { bindPrint } from './print.js'
import { fileSource } from './source.js'
import { bindTheme } from './theme.js'
import { startViewer } from './viewer.js'

const index = JSON.parse(element('study', HTMLScriptElement).text) as SiteIndex
receiveFiles(RECEIVER, index.digest)
providePictures(loadPicture)
bindTheme()
bindContents()
const viewer = startViewer(fileSource(index))
bindCopyLink(viewer.address)
bindPrint(viewer.redraw)
