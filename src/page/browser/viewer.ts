import type { Position } from '../../engine/positions.js'
import { drawColourBar } from './colourBar.js'
import { COLOUR_MAPS, type ColourMap, DIFFERENCE_COLOURS } from './colours.js'
import { showImages } from './compositedImages.js'
import { differenceLimits, differenceMap } from './differences.js'
import { element, onceAFrame } from './dom.js'
import { type Fitted, fitChoice, hasFeatures, nearestPosition } from './fit.js'
import { followMaps } from './following.js'
import { bindFrame, showFrame } from './frame.js'
import { showGallery } from './gallery.js'
import { isOwnEntry, keepAddress, pushAddress } from './history.js'
import { bindLimits } from './limits.js'
import type { LoadedMap } from './maps.js'
import { PANEL_IDS, type Panel, PROBABILITY_LIMITS, panelOf } from './panel.js'
import { bindPointing, type PointingActions } from './pointing.js'
import { drawProfiles } from './profiles.js'
import { type Reading, readAt, showReadings, spokenReadings } from './readout.js'
import { regionsOf } from './regions.js'
import { bindSelects, showSelects } from './selects.js'
import type { Source } from './source.js'
import { bindToolbar, showToolbar } from './toolbar.js'
import { valueTable } from './valueTable.js'
import { type Change, firstView, formatView, parseView, type View, withChoice } from './view.js'

/** The viewer at work: the view, what the study can serve of it, and the maps that are drawn. */
interface Viewer {
  readonly source: Source
  readonly panels: readonly Panel[]
  view: View
  /** One a panel. */
  fits: readonly Fitted[]
  /** One a panel; undefined: not shown, or not to be had. */
  maps: readonly (LoadedMap | undefined)[]
  /** B − A, if it is what the second panel shows. */
  difference: LoadedMap | undefined
  /** Whether the cursor stays where it is while the pointer moves. */
  held: boolean
  /** Whether the address follows the view: not before anything is done, nor while it names a section. */
  hasAddress: boolean
  /** Ends what the panels follow: what it brings later is too late. */
  loading: AbortController
  readonly requestCursor: () => void
}

/** What the page may ask of the viewer. */
export interface RunningViewer {
  /** Restores what is shown. */
  readonly address: () => string
  /** Draws it anew to the width that there is. */
  readonly redraw: () => void
  /** Shows another view, or the same of a source that has changed. */
  readonly change: (make: Change) => void
  /** What the panels have that are shown. */
  readonly fits: () => readonly Fitted[]
}

/** Starts the viewer on the page: shows the view that the address names, or the first one. */
export function startViewer(source: Source): RunningViewer {
  const first = firstView(source.index())
  const view = parseView(location.hash, first) ?? first
  const viewer: Viewer = {
    source,
    panels: PANEL_IDS.map(panelOf),
    view,
    fits: view.panels.map((choice) => fitChoice(source.index(), choice)),
    maps: [],
    difference: undefined,
    held: false,
    hasAddress: false,
    loading: new AbortController(),
    requestCursor: onceAFrame(() => drawCursor(viewer)),
  }
  bind(viewer)
  void load(viewer).then(() => arrive(viewer, location.hash))
  return {
    address: () => addressOf(viewer),
    redraw: () => draw(viewer),
    change: (make) => changeView(viewer, make),
    fits: () => shownFits(viewer),
  }
}

function bind(viewer: Viewer): void {
  const change = (make: Change) => changeView(viewer, make)
  bindSelects(viewer.source.index, (panel) => viewer.fits[panel] as Fitted, change)
  bindLimits(
    () => viewer.maps.filter((map) => map !== undefined),
    (limits) => change((view) => ({ ...view, limits })),
  )
  bindToolbar({
    change,
    stepPatch: (by) => stepPatch(viewer, by),
    anchorHere: () => anchorAt(viewer, cursorOf(viewer)),
    hold: (hold) => setHold(viewer, hold),
  })
  viewer.panels.forEach(({ box, plot }, i) => {
    bindPointing(box, plot, pointingActions(viewer, i))
  })
  bindFrame(
    element('a-image', HTMLElement),
    () => viewer.fits[0] as Fitted,
    () => cursorOf(viewer),
    {
      ...pointingActions(viewer, 0),
      place: (position) => moveTo(viewer, nearestPosition((viewer.fits[0] as Fitted).group, position)),
    },
  )
  element('values', HTMLDetailsElement).addEventListener('toggle', () => draw(viewer))
  window.addEventListener('hashchange', ({ newURL }) => followAddress(viewer, new URL(newURL).hash))
  new ResizeObserver(onceAFrame(() => draw(viewer))).observe(element('viewer', HTMLElement))
}

/**
 * Shows what a link or the browser's buttons ask for.
 * @param fragment of the event: until it comes, `settle` may have written another into the address
 */
function followAddress(viewer: Viewer, fragment: string): void {
  const next = parseView(fragment, viewer.view)
  if (next === undefined) {
    viewer.hasAddress = false
    arrive(viewer, fragment)
    return
  }
  showView(viewer, next)
  // The link may have been far below the maps; who goes back stays where he is.
  if (isOwnEntry()) return
  element('viewer', HTMLElement).scrollIntoView()
  viewer.panels[0]?.box.focus({ preventScroll: true })
}

/** Goes to the section that the address names, now that what is above it has its size; says so if there is none. */
function arrive(viewer: Viewer, fragment: string): void {
  const name = decoded(fragment.slice(1))
  if (name === '' || parseView(fragment, viewer.view) !== undefined) return
  const section = document.getElementById(name)
  if (section === null) {
    viewer.panels[0]?.say(`This page has nothing called \u2068${name.slice(0, 80)}\u2069.`)
    return
  }
  const folded = section.querySelector<HTMLDetailsElement>(':scope>details:has(>summary>h2)')
  if (folded) folded.open = true
  section.scrollIntoView({ behavior: 'instant' })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Shows another view. The browser's back button undoes it, unless it is a matter of colours alone. */
function changeView(viewer: Viewer, make: Change): void {
  const [before, address] = [viewer.view, addressOf(viewer)]
  showView(viewer, make(before))
  if (contentOf(before) === contentOf(viewer.view)) return
  keepAddress(address)
  pushAddress(addressOf(viewer))
}

function contentOf({ panels, compare, linked, difference, shows }: View): string {
  return JSON.stringify([panels, compare, linked, difference, shows])
}

/** Maps that a view needs are loaded, everything else changes at once. */
function showView(viewer: Viewer, view: View): void {
  viewer.view = view
  viewer.fits = view.panels.map((choice) => fitChoice(viewer.source.index(), choice))
  viewer.hasAddress = true
  void load(viewer)
}

/** @returns when the maps are drawn, as far as they are to be had at once */
function load(viewer: Viewer): Promise<void> {
  viewer.loading.abort()
  viewer.loading = new AbortController()
  const { source, view, panels, fits } = viewer
  showSelects(source.index(), fits)
  const shown = shownFits(viewer)
  showToolbar(view, shown)
  const onMaps = (maps: Viewer['maps']) => {
    viewer.maps = maps
    draw(viewer)
    const hasMean = source.index().isLive !== true
    showGallery(fits[0] as Fitted, hasMean, (patch) => changeView(viewer, (now) => withChoice(now, 0, { patch })))
  }
  const wanted = { fits: shown, shows: view.shows, cursor: view.cursor }
  return followMaps(source, panels, wanted, onMaps, viewer.loading.signal)
}

function shownFits({ view, fits }: Viewer): readonly Fitted[] {
  return view.compare ? fits : fits.slice(0, 1)
}

function draw(viewer: Viewer): void {
  const { view, panels, maps } = viewer
  const [first, second] = maps
  const wanted = view.difference && first !== undefined && second !== undefined
  viewer.difference = wanted ? differenceMap(first, second) : undefined
  const present = maps.filter((map) => map !== undefined)
  const shade = { colours: coloursOf(view), limits: view.limits, regions: regionsOf(present) }
  maps.forEach((map, i) => {
    if (map === undefined) panels[i]?.clear()
    else panels[i]?.show(map, shade)
  })
  if (viewer.difference !== undefined) panels[1]?.showDifference(viewer.difference)
  else if (wanted) panels[1]?.say('Differences can be shown of maps of numbers with the same positions only.')
  element('difference-bar', HTMLElement).hidden = viewer.difference === undefined
  if (element('values', HTMLDetailsElement).open) {
    element('values-tables', HTMLElement).replaceChildren(...present.map(valueTable))
  }
  drawCursor(viewer)
}

/** Everything that follows the cursor. */
function drawCursor(viewer: Viewer): void {
  const { view, panels, maps } = viewer
  const readings = maps.flatMap((map, i) => (map === undefined ? [] : [readAt(i, map, view.cursor)]))
  for (const { panel, position } of readings) panels[panel]?.plot.point(position)
  showReadings(readings)
  showImages(readings)
  drawProfiles(readings)
  if (readings[0] !== undefined) {
    showFrame(element('a-image', HTMLElement), element('tags', HTMLElement), readings[0])
  }
  drawScale(view, readings)
  drawDifferenceBar(viewer.difference, view.cursor)
  settle(viewer, readings)
}

/** The scale of what the maps show, with marks at the cursor's values; regions have none. */
function drawScale(view: View, readings: readonly Reading[]): void {
  const quantity = (['similarity', 'probability'] as const).find((one) =>
    readings.some(({ map }) => map.quantity === one),
  )
  element('scale', HTMLElement).hidden = quantity === undefined
  const marks = readings.flatMap(({ panel, map, at }) =>
    map.quantity === quantity ? [{ panel: PANEL_IDS[panel] as string, value: map.values[at] as number }] : [],
  )
  const limits = quantity === 'probability' ? PROBABILITY_LIMITS : view.limits
  if (quantity !== undefined) drawColourBar(element('colour-bar', HTMLElement), coloursOf(view), limits, marks)
}

function drawDifferenceBar(map: LoadedMap | undefined, cursor: Position): void {
  if (map === undefined) return
  const { at } = readAt(1, map, cursor)
  const bar = element('difference-bar', HTMLElement)
  drawColourBar(bar, DIFFERENCE_COLOURS, differenceLimits(map), [
    { panel: 'difference', value: map.values[at] as number },
  ])
}

function coloursOf({ colours }: View): ColourMap {
  return COLOUR_MAPS[colours] as ColourMap
}

/** Cursor and address settle before they are spoken and written, in milliseconds. */
const SETTLED = 350
let settling: ReturnType<typeof setTimeout> | undefined

function settle(viewer: Viewer, readings: readonly Reading[]): void {
  clearTimeout(settling)
  settling = setTimeout(() => {
    element('live', HTMLElement).textContent = spokenReadings(readings)
    if (viewer.hasAddress) keepAddress(addressOf(viewer))
  }, SETTLED)
}

function addressOf(viewer: Viewer): string {
  const { view, fits } = viewer
  const [first, second] = fits.map(({ choice }) => choice)
  if (first === undefined || second === undefined) throw new Error('there are two panels')
  return new URL(formatView({ ...view, panels: [first, second] }), location.href).href
}

/** On the first panel's grid. */
function cursorOf({ fits, view }: Viewer): Position {
  return nearestPosition((fits[0] as Fitted).group, view.cursor)
}

function moveTo(viewer: Viewer, cursor: Position): void {
  viewer.view = { ...viewer.view, cursor }
  for (const fitted of shownFits(viewer)) viewer.source.lookAt?.(fitted, cursor)
  viewer.hasAddress = true
  viewer.requestCursor()
}

function setHold(viewer: Viewer, hold: boolean): void {
  viewer.held = hold
  element('hold', HTMLInputElement).checked = hold
}

const NO_FEATURES =
  'Any position can be the anchor of a network’s first patch at each size, and wherever features were kept (reproduce --keep-features).'

function anchorAt(viewer: Viewer, position: Position): void {
  if (!hasFeatures(viewer.fits[0] as Fitted)) viewer.panels[0]?.say(NO_FEATURES)
  else changeView(viewer, (view) => withChoice({ ...view, cursor: position }, 0, { anchor: position }))
}

/** The mean, where there is one, comes before the first patch. */
function stepPatch(viewer: Viewer, by: number): void {
  const { group, unit } = viewer.fits[0] as Fitted
  const patches = group.units.map((one) => one.patch)
  const choices = viewer.source.index().isLive ? patches : [null, ...patches]
  const now = choices.indexOf(unit === null ? null : (patches[unit] ?? null))
  const patch = choices[(now + by + choices.length) % choices.length] ?? null
  changeView(viewer, (view) => withChoice(view, 0, { patch }))
}

function pointingActions(viewer: Viewer, panel: number): PointingActions {
  const groupOf = () => (viewer.fits[panel] as Fitted).group
  return {
    hover: (position) => {
      if (!viewer.held) moveTo(viewer, position)
    },
    choose: (position, touched) => {
      moveTo(viewer, position)
      const first = viewer.fits[0] as Fitted
      // A touch shows a place's numbers, as hovering does; by itself it changes no anchor that has a name.
      const sets = first.anchor === null || (hasFeatures(first) && !touched)
      if (sets) anchorAt(viewer, nearestPosition(first.group, position))
      else if (!touched) setHold(viewer, !viewer.held)
    },
    step: (down, right) => {
      const group = groupOf()
      const { row, col } = nearestPosition(group, viewer.view.cursor)
      moveTo(viewer, nearestPosition(group, { row: row + down * group.stride, col: col + right * group.stride }))
    },
    goToAnchor: (anchor) => {
      const position = groupOf().anchors[anchor]
      if (position !== undefined) moveTo(viewer, { row: position.row, col: position.col })
    },
    anchorHere: () => anchorAt(viewer, cursorOf(viewer)),
    toggleHold: () => setHold(viewer, !viewer.held),
    stepPatch: (by) => stepPatch(viewer, by),
  }
}
