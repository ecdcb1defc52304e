import { readFile } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { OutputError, UsageError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import type { Progress } from '../../progress.js'
import { readSiteFile } from '../site/file.js'
import type { PictureKey, SiteGroup, SiteIndex } from '../site/siteIndex.js'
import { embeddedJson } from './page.js'

/** Largest size of a page in one file, in bytes. */
const MOST_BYTES = 40e6

/** A page, and the folder whose files it shows: those of `site`, and the pictures of its sections. */
interface FolderPage {
  readonly folder: string
  /** Null for a page without maps. */
  readonly index: SiteIndex | null
  /** Makes the page from an index, which may lack some objects and features. */
  readonly htmlOf: (index: SiteIndex | null) => string
}

/**
 * Writes a page as index.html of its folder. If `oneFile` is given, also writes it as this one file, with the files that
 * it shows. If they exceed the limit, the file leaves out features, then the last objects, and a note says so.
 * @throws UsageError if the one file is in the folder `site`, which the next report replaces
 * @throws OutputError if a file cannot be written, or if not even one object fits into one file
 */
export async function writePage(
  { folder, index, htmlOf }: FolderPage,
  oneFile: string | undefined,
  progress: Progress,
  limit = MOST_BYTES,
): Promise<void> {
  // Written before anything can be refused, because the site already belongs to this page.
  await writeFileAtomic(join(folder, 'index.html'), htmlOf(index))
  if (oneFile === undefined) return
  const site = join(folder, 'site')
  if (resolve(oneFile).startsWith(resolve(site) + sep))
    throw new UsageError(`cannot write ${oneFile}, because the next report replaces ${site}; choose another folder`)
  const aloneOf = (shown: SiteIndex | null) => withoutFolder(htmlOf(shown), folder, limit / 2)
  // The final page is at most as long as this one, whose sentence about what is left out is longer than any real one.
  const draft = await aloneOf(index && { ...index, oneFile: { leftOut: '-'.repeat(200) } })
  const scripts: string[] = []
  const shown = index && (await embed(scripts, site, index, limit - Buffer.byteLength(draft)))
  if (shown?.groups.length === 0)
    throw new OutputError(`cannot write ${oneFile}: not even one object fits into ${limit / 1e6} MB; use index.html`)
  const html = await aloneOf(shown)
  const end = html.lastIndexOf('</body>')
  await writeFileAtomic(oneFile, [html.slice(0, end), ...scripts, html.slice(end)].join(''))
  const leftOut = shown?.oneFile?.leftOut
  if (leftOut) progress.note(`${basename(oneFile)} ${leftOut}`)
}

/**
 * Adds as many objects as fit with their maps and pictures, and then features. Returns the index of what was added.
 * @param scripts receives script elements with JSON, which the page parses only when it needs it
 */
async function embed(scripts: string[], site: string, index: SiteIndex, room: number): Promise<SiteIndex> {
  const { groups } = index
  let left = room
  const add = async (keysOf: (group: SiteGroup) => readonly string[]): Promise<boolean> => {
    const added: string[] = []
    let bytes = 0
    // Features may take gigabytes, so the files after the first one that does not fit are not read.
    for (const key of new Set(groups.flatMap(keysOf))) {
      const json = embeddedJson(await readSiteFile(site, key))
      const script = `<script type="application/json" id="site/${key}">${json}</script>\n`
      bytes += Buffer.byteLength(script)
      if (bytes > left) return false
      added.push(script)
    }
    left -= bytes
    scripts.push(...added)
    return true
  }
  const most = Math.max(...groups.map(({ units }) => units.length))
  let [objects, withFeatures] = [0, 0]
  if (await add(sharedKeys)) while (objects < most && (await add((group) => unitKeys(group, objects)))) objects++
  const isWhole = objects === most
  if (isWhole) while (withFeatures < most && (await add((group) => featureKeys(group, withFeatures)))) withFeatures++
  const shown = groups.map((group) => ({
    ...group,
    units: group.units.slice(0, objects).map((unit, i) => {
      const { features, error, ...rest } = unit
      return i < withFeatures ? unit : rest
    }),
  }))
  const part = isWhole ? 'lacks the features of some objects' : `holds the first ${objects} of ${most} objects`
  const leftOut = withFeatures === most ? '' : `${part}, because one file may have ${MOST_BYTES / 1e6} MB`
  return { ...index, groups: shown.filter(({ units }) => units.length > 0), oneFile: { leftOut } }
}

function sharedKeys({ key, background }: SiteGroup): readonly string[] {
  const picture = background && 'picture' in background ? [`pictures/${background.picture}`] : []
  return [`maps/${key}/mean`, `answers/${key}`, ...picture]
}

function unitKeys({ key, units }: SiteGroup, i: number): readonly string[] {
  const pictures = (picture: PictureKey | null) => (picture === null ? [] : [`pictures/${picture}`])
  return units.slice(i, i + 1).flatMap(({ picture }) => [`maps/${key}/${i}`, ...pictures(picture)])
}

function featureKeys({ key, units }: SiteGroup, i: number): readonly string[] {
  const files = (parts: number, layer: number) =>
    Array.from({ length: parts }, (_, part) => `features/${key}/${i}-${layer}-${part}`)
  return units[i]?.features?.flatMap(files) ?? []
}

/** Embeds a page's pictures until they take `room` bytes. Links to other files of the folder become plain text. */
async function withoutFolder(html: string, folder: string, room: number): Promise<string> {
  const parts = html.split(/\bsrc="(?!data:)([^"]+)"(?<=<img [^>]*)/)
  let left = room
  for (let i = 1; i < parts.length; i += 2) {
    const address = parts[i]!
    const bytes = await readFile(join(folder, decodeURIComponent(address))).catch(() => undefined)
    const url = `data:image/${address.endsWith('.svg') ? 'svg+xml' : 'png'};base64,${bytes?.toString('base64')}`
    const fits = bytes !== undefined && url.length <= left
    if (fits) left -= url.length
    parts[i] = fits ? `src="${url}"` : `title="in the results folder: ${address}"`
  }
  const link = /<a href="(?!#|[a-z]+:)([^"]+)"[^>]*>(.*?)<\/a>/gs
  return parts.join('').replace(link, '<span title="in the results folder: $1">$2</span>')
}
