import {
  type PictureKey,
  RECEIVER,
  type SiteFeatures,
  type SiteIndex,
  type SiteMaps,
  type SitePicture,
  type SmallAnswersOfGroup,
} from '../site/siteIndex.js'
import { allRead, element } from './dom.js'
import { recent } from './recent.js'

const received = new Map<string, unknown>()
const keptMaps = recent<SiteMaps>(32)

let own: Pick<SiteIndex, 'digest' | 'oneFile'>

/**
 * Defines the global function that the scripts in the folder `site` call to pass their values; see `writeSiteFile`.
 * @param index the page's index. A file is refused if it belongs to a page with a different hash.
 */
export function receiveFiles(index: SiteIndex): void {
  own = index
  Object.defineProperty(window, RECEIVER, { value: (key: string, value: unknown) => received.set(key, value) })
}

/** @param unit index of the object; null for the mean over objects */
export function loadMaps(group: number, unit: number | null): Promise<SiteMaps> {
  const key = `maps/${group}/${unit ?? 'mean'}`
  return keptMaps(key, () => load<SiteMaps>(key))
}

/** Small maps of a group's answers; see `SmallAnswersOfGroup`. */
export function loadSmallAnswers(group: number): Promise<SmallAnswersOfGroup> {
  return load<SmallAnswersOfGroup>(`answers/${group}`)
}

export function loadPicture(picture: PictureKey): Promise<SitePicture> {
  return load<SitePicture>(`pictures/${picture}`)
}

export function loadFeatures(group: number, unit: number, layer: number, part: number): Promise<SiteFeatures> {
  return load<SiteFeatures>(`features/${group}/${unit}-${layer}-${part}`)
}

/**
 * Loads a file of the site. If the page does not contain it, checks that the file belongs to this page. A new report may
 * have replaced the files while the page was open.
 */
async function load<T>(key: string): Promise<T> {
  if (own.oneFile) {
    await allRead()
    return JSON.parse(element(`site/${key}`, HTMLScriptElement).text) as T
  }
  const [value, digest] = await Promise.all([loadScript<T>(key), loadScript<string>('study')])
  if (digest !== own.digest)
    throw new Error('the folder “site” belongs to another page; reload this page, or make the report again')
  return value
}

/** Loads a file with a script element, because a page opened from disk cannot use `fetch`. */
function loadScript<T>(key: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = `site/${key}.js`
    script.onload = () => {
      script.remove()
      const value = received.get(key)
      received.delete(key)
      if (value === undefined) reject(new Error(`site/${key}.js is damaged; make the report again`))
      else resolve(value as T)
    }
    script.onerror = () => {
      script.remove()
      reject(new Error(`site/${key}.js cannot be loaded; keep the folder “site” beside index.html`))
    }
    document.head.append(script)
  })
}
