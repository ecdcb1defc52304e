import { h, render } from 'preact'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { centerOf, correspondingPosition, kindOf } from '../site/groups.js'
import type { PictureKey } from '../site/siteIndex.js'
import type { View } from '../site/view.js'
import { isolated, messageOf } from '../text/text.js'
import { allRead, element } from './dom.js'
import {
  type Fits,
  type Fitted,
  fitView,
  hasFeatures,
  isOfSameObject,
  nearestPosition,
  withComparedSize,
} from './fit.js'
import type { CursorActions } from './keys.js'
import type { LoadedMap } from './maps.js'
import { SETTLED } from './mapValues.js'
import { openingPosition } from './smallMove.js'
import type { MapSource } from './source.js'
import type { State, ViewerActions } from './state.js'
import { type Change, firstView, formatView, parseView } from './view.js'
import { ViewerLayout } from './viewerLayout.js'

export interface RunningViewer extends Pick<ViewerActions, 'change'> {
  readonly fits: () => Fits
  /** Calls the listener at once, and again whenever the view changes, but not when the cursor moves. */
  readonly onChange: (listener: () => void) => void
}

/**
 * Starts the viewer in the element `viewer-app`. It opens the view in the page's address. If there is none, it opens
 * the view in the element's `data-view`, or else the default view.
 */
export function startViewer(source: MapSource): RunningViewer {
  const root = element('viewer-app', HTMLElement)
  const first = firstView(source.index())
  const opening = parseView(root.dataset.view ?? '', first) ?? first
  const view = parseView(location.hash, opening) ?? opening
  const viewer = new Viewer(source, root, view, opening)
  viewer.toAnchor(location.hash)
  window.addEventListener('hashchange', ({ newURL }) => viewer.follow(new URL(newURL).hash))
  void Promise.all([viewer.load().then(() => viewer.open(location.hash)), allRead()]).then(() =>
    viewer.arrive(location.hash),
  )
  return viewer
}

function noFeatures({ group, unit }: Fitted): string {
  if (unit === null)
    return 'For the mean of all objects, only the named anchors can be used. Choose one object to set another anchor.'
  const count = group.units.filter((one) => one.features !== undefined).length
  if (count === 0) return 'Without the features of these objects, only the named anchors can be used.'
  return `You can set any anchor for ${count} of the ${group.units.length} objects, because this page has their features. “reproduce --keep-features” stores the features of all objects.`
}

/** Marks the viewer's own history entries, so that `follow` can tell the Back button from a link. */
const OWN = 'shiftscope'

class Viewer implements RunningViewer, ViewerActions {
  state: State
  /**
   * Whether the page's address is kept up to date with the view. False before the user's first action, and while the
   * address names a section.
   */
  #hasAddress = false
  #loading = new AbortController()
  #settling: ReturnType<typeof setTimeout> | undefined
  #frame: number | undefined
  readonly #listeners: (() => void)[] = []
  readonly #source: MapSource
  readonly #root: HTMLElement

  /** View to show if the page's address has no fragment. */
  readonly #opening: View

  constructor(source: MapSource, root: HTMLElement, view: View, opening: View) {
    this.#opening = opening
    this.#source = source
    this.#root = root
    this.state = { ...stateOf(source, view), maps: [], notes: [], isBusy: [] }
  }

  /** Address of the page with the present view. */
  #address(): string {
    const { view, fits } = this.state
    const [first, second] = fits
    // The maps may show something other than the view asks for; see `fitChoice`.
    const { model, layer, size, patch, anchor } = first.choice
    const other = second?.group.model ?? null
    return new URL(formatView({ ...view, model, layer, size, patch, anchor, other }), location.href).href
  }

  readonly fits = () => this.state.fits

  readonly pictureOf = (key: PictureKey) => this.#source.pictureOf(key)

  readonly onChange = (listener: () => void) => {
    this.#listeners.push(listener)
    listener()
  }

  /** The browser's Back button returns to the previous view, unless only the colour range or the cursor changed. */
  readonly change = (make: Change) => {
    const before = this.state.view
    const address = this.#address()
    this.#show(make(before))
    if (contentOf(before) === contentOf(this.state.view)) return
    history.replaceState(OWN, '', address)
    history.pushState(OWN, '', this.#address())
  }

  /**
   * @param fragment URL fragment from the event. The page's address may have been rewritten before the event arrives.
   */
  follow(fragment: string): void {
    const next = fragment === '' ? this.#opening : parseView(fragment, this.state.view)
    if (next === undefined) {
      this.#hasAddress = false
      this.arrive(fragment)
      return
    }
    this.#show(next)
    this.toAnchor(fragment)
    // A link may be far below the maps, so the page scrolls up to them after a click. The Back button does not scroll.
    if (fragment === '' || history.state === OWN) return
    element('viewer', HTMLElement).scrollIntoView()
    element('a-frame', HTMLElement).focus({ preventScroll: true })
  }

  /** Moves the object of a report to the position with which it opens, unless a URL fragment names a view. */
  open(fragment: string): void {
    const [map] = this.state.maps
    if (map === undefined || this.state.index.isLive || parseView(fragment, this.state.view)) return
    const position = openingPosition(map)
    if (position) this.moveTo(position, false)
  }

  /**
   * Scrolls to the section that a URL fragment names, or shows a note if there is no such section. It draws the maps
   * first, because they move the section down.
   */
  arrive(fragment: string): void {
    this.#draw()
    const name = decoded(fragment.slice(1))
    if (name === '' || parseView(fragment, this.state.view) !== undefined) return
    const section = document.getElementById(name)
    if (section === null) {
      this.#say(0, `This page has no section ${isolated(name.slice(0, 80))}.`)
      return
    }
    const folded = section.querySelector<HTMLDetailsElement>(':scope>details:has(>summary>h2)')
    if (folded) folded.open = true
    section.scrollIntoView({ behavior: 'instant' })
  }

  /** Moves the cursor to the anchor, unless a URL fragment names a position for the cursor. */
  toAnchor(fragment: string): void {
    if (!/[#&]at=/.test(fragment)) this.moveTo(this.state.fits[0].anchorPosition, false)
  }

  /** @param cursor in the pixels of map A, like everywhere in the view */
  moveTo(cursor: Position, isOwn = true): void {
    this.state = { ...this.state, view: { ...this.state.view, cursor } }
    for (const fitted of this.state.fits) this.#source.lookAt?.(fitted, this.#cursorIn(fitted))
    if (isOwn) this.#hasAddress = true
    this.#drawSoon()
  }

  /** @returns a promise that resolves when each map has arrived, at least in part */
  async load(): Promise<void> {
    this.#loading.abort()
    this.#loading = new AbortController()
    const { signal } = this.#loading
    const { view, fits } = this.state
    const isOther = fits.some((fitted, i) => {
      const map = this.state.maps[i]
      return map && !isOfSameObject(map.fitted, fitted)
    })
    const maps: (LoadedMap | undefined)[] = fits.map(() => undefined)
    this.state = { ...this.state, isBusy: fits.map(() => true), notes: fits.map(() => '') }
    this.#draw()
    const followed = fits.map(
      (fitted, i) =>
        new Promise<void>((done) => {
          const take = (map: LoadedMap | undefined) => {
            if (signal.aborted) return
            maps[i] = map
            const isBusy = this.state.isBusy.with(i, false)
            this.state = { ...this.state, isBusy }
            // The previous maps stay until all new ones have arrived, unless they show another object.
            if (isOther || !isBusy.includes(true)) {
              const shown = isBusy.map((busy, panel) => (busy ? this.state.maps[panel] : maps[panel]))
              this.state = { ...this.state, maps: shown }
              this.#draw()
            }
            done()
          }
          const say = (text: string) => {
            if (!signal.aborted) this.#say(i, [...fitted.notes, text].join(' ').trim())
          }
          say('')
          const follower = { onMap: take, say, signal, cursor: this.#cursorIn(fitted) }
          this.#source.follow(fitted, view.shows, follower).catch((error: unknown) => {
            say(messageOf(error))
            take(undefined)
          })
        }),
    )
    await Promise.all(followed)
  }

  /** Changes the view at once. The object is drawn at once, and the maps when they have arrived. */
  #show(view: View): void {
    this.#hasAddress = true
    this.state = { ...this.state, ...stateOf(this.#source, this.#onKind(view)) }
    for (const listener of this.#listeners) listener()
    void this.load()
  }

  /**
   * Objects and photographs have no positions in common, so the cursor and the anchor move to the center. In a frame of
   * another size, both move to the corresponding positions.
   */
  #onKind(view: View): View {
    const { fits, view: before } = this.state
    const [{ group: old, anchorPosition }] = fits
    const [{ group }] = stateOf(this.#source, view).fits
    if (view.cursor !== before.cursor) return view
    const center = centerOf(group)
    if (kindOf(group) !== kindOf(old)) return { ...view, cursor: center, anchor: center.name }
    if (group.frame === old.frame) return view
    const inGroup = (position: Position) => nearestPosition(group, correspondingPosition(position, old, group))
    const anchor = typeof view.anchor === 'string' ? view.anchor : inGroup(view.anchor)
    const [{ anchorPosition: newAnchor }] = stateOf(this.#source, { ...view, anchor }).fits
    const isOnAnchor = isSamePosition(view.cursor, anchorPosition)
    return { ...view, anchor, cursor: isOnAnchor ? newAnchor : inGroup(view.cursor) }
  }

  /** The position in the grid of a map that is nearest to the cursor. */
  #cursorIn({ group }: Fitted): Position {
    return nearestPosition(group, correspondingPosition(this.state.view.cursor, this.state.fits[0].group, group))
  }

  #say(panel: number, text: string): void {
    if (this.state.notes[panel] === text) return
    this.state = { ...this.state, notes: this.state.notes.with(panel, text) }
    this.#drawSoon()
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#draw()
    })
  }

  #draw(): void {
    render(h(ViewerLayout, { state: this.state, viewer: this }), this.#root)
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      if (this.#hasAddress) history.replaceState(OWN, '', this.#address())
    }, SETTLED)
  }

  /** Sets the anchor at the position of map A's grid that is nearest to the given one. */
  #anchorAt(position: Position): void {
    const [first] = this.state.fits
    const anchor = nearestPosition(first.group, position)
    if (hasFeatures(first)) this.change((view) => ({ ...view, cursor: anchor, anchor }))
    else this.#say(0, noFeatures(first))
  }

  readonly actions = (panel: number): CursorActions => {
    const fittedOf = () => this.state.fits[panel]!
    const inFirst = (position: Position) => correspondingPosition(position, fittedOf().group, this.state.fits[0].group)
    const place = (position: Position) => this.moveTo(inFirst(nearestPosition(fittedOf().group, position)))
    return {
      step: (down, right) => {
        const { stride } = fittedOf().group
        const { row, col } = this.#cursorIn(fittedOf())
        place({ row: row + down * stride, col: col + right * stride })
      },
      goToAnchor: (number) => {
        const anchor = this.state.fits[0].group.anchors[number]
        if (anchor !== undefined) this.moveTo({ row: anchor.row, col: anchor.col })
      },
      place,
      anchorHere: () => this.#anchorAt(this.state.view.cursor),
    }
  }
}

function stateOf(source: MapSource, wanted: View): Pick<State, 'index' | 'view' | 'fits'> {
  const index = source.index(wanted.size)
  const view = withComparedSize(index, wanted)
  return { index, view, fits: fitView(index, view) }
}

/** Text that is the same for two views if they differ only in the colour range or the cursor. */
function contentOf({ cursor, limits, ...content }: View): string {
  return JSON.stringify(content)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
