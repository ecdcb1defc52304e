import { render } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { comparedSizes, sizeText } from '../../patches/sizes.js'
import { decodeRegions } from '../mapCoding.js'
import type { SiteGroup, SiteIndex, SiteOverview, SmallAnswers } from '../siteIndex.js'
import { namedAnswer } from './answers.js'
import { fromBase64 } from './base64.js'
import { element } from './dom.js'
import { useNear, useWidth } from './drawing.js'
import {
  type AnsweredObject,
  answeredObjects,
  answersOf,
  evenParts,
  firstObjects,
  groupsLike,
  isConfident,
  isEverConfident,
  leastStableFirst,
  type ObjectAnswer,
  otherAnswer,
  withMap,
} from './everyObject.js'
import { loadOverview, loadPicture } from './files.js'
import type { Fits } from './fit.js'
import { moveFocus } from './keys.js'
import { comparedIn, kindOf } from './kinds.js'
import { Picture } from './picture.js'
import { Badge, PANEL_IDS, type PanelId } from './readings.js'
import { type Colour, classColours, REST_COLOUR } from './regions.js'
import { Spread } from './spread.js'
import { isolated, probabilityText, shareText } from './text.js'
import type { Change } from './view.js'
import type { RunningViewer } from './viewer.js'

/** Draws all answers below the viewer, of objects with the size of those in the viewer. */
export function startOverview(index: SiteIndex, viewer: RunningViewer): void {
  const root = document.getElementById('every-object-app')
  if (root === null) return
  const compared = comparedSizes(index.groups)
  viewer.onChange(() => {
    const size = compared(viewer.fits()[0].group)
    for (const text of document.querySelectorAll<HTMLElement>('#every-object [data-size]'))
      text.hidden = text.dataset.size !== String(size)
    render(<EveryObject index={index} fits={viewer.fits()} change={viewer.change} />, root)
  })
}

type Order = 'share' | 'name'

interface EveryObjectProps {
  readonly index: SiteIndex
  readonly fits: Fits
  readonly change: (make: Change) => void
}

function EveryObject({ index, fits, change }: EveryObjectProps) {
  const [{ group, choice }] = fits
  const [order, setOrder] = useState<Order>('share')
  const [panel, setPanel] = useState<PanelId>('a')
  const [showsAll, setShowsAll] = useState(false)
  const groups = useMemo(() => groupsLike(index, group), [index, group])
  const all = useMemo(() => leastStableFirst(answeredObjects(groups)), [groups])
  const answers = useMemo(() => all.flatMap(answersOf), [all])
  const objects = showsAll ? all : firstObjects(all, choice.patch)
  const shownIn = (one: ObjectAnswer) =>
    PANEL_IDS.filter((_, i) => fits[i]?.group === one.group && fits[i]?.unit === one.unit)
  const choose = (one: ObjectAnswer, isOther: boolean) => {
    const to = isOther === (panel === 'a') ? 'b' : 'a'
    change((view) => withMap(view, one, comparedIn(index)(one.group), to))
    showViewer()
  }
  return (
    <div class="every">
      <Spread answers={answers} shownIn={shownIn} choose={choose} />
      <div class="choices">
        <Sizes index={index} group={group} change={change} />
        <label>
          Sort by{' '}
          <select
            id="every-order"
            value={order}
            onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}
          >
            <option value="share">share kept, the smallest first</option>
            <option value="name">name</option>
          </select>
        </label>
        <fieldset>
          <legend>A click on a map loads it as</legend>
          {PANEL_IDS.map((one) => (
            <label key={one}>
              <input type="radio" name="load-as" checked={one === panel} onChange={() => setPanel(one)} />
              <Badge panel={one} />
            </label>
          ))}
        </fieldset>
      </div>
      <Matrix
        index={index}
        groups={groups}
        objects={order === 'share' ? objects : objects.toSorted((a, b) => (a.patch < b.patch ? -1 : 1))}
        titleOf={order === 'share' ? titleOf : () => ''}
        shownIn={shownIn}
        choose={choose}
      />
      {objects.length < all.length && (
        <button type="button" onClick={() => setShowsAll(true)}>
          Show all {all.length} {kindOf(group)}s
        </button>
      )}
    </div>
  )
}

function titleOf(object: AnsweredObject): string {
  return isEverConfident(object) ? 'With a confident answer' : 'Only unsure answers'
}

/** Scrolls to the viewer if less than half of map A is on the screen. */
function showViewer(): void {
  const { top, bottom, height } = element('a-plot', HTMLElement).getBoundingClientRect()
  const visible = Math.min(bottom, innerHeight) - Math.max(top, 0)
  if (visible < height / 2) element('viewer-app', HTMLElement).scrollIntoView()
}

/** Chooses among the sizes of objects, and whole photographs. */
function Sizes({ index, group, change }: Pick<EveryObjectProps, 'index' | 'change'> & { readonly group: SiteGroup }) {
  const compared = comparedSizes(index.groups)
  const sizes = new Map(index.groups.map((one) => [compared(one), groupsLike(index, one)]))
  const choices = [...sizes].filter(([, groups]) => groups.length > 0)
  if (choices.length < 2) return null
  const choose = (size: number) => {
    const groups = sizes.get(size) ?? []
    const next = groups.find(({ model }) => model === group.model) ?? (groups[0] as SiteGroup)
    change((view) => ({
      ...view,
      size: comparedIn(index)(next),
      patch: next.units.some(({ patch }) => patch === view.patch) ? view.patch : (next.units[0]?.patch ?? null),
    }))
  }
  return (
    <label>
      Size{' '}
      <select
        id="every-size"
        value={compared(group)}
        onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
      >
        {choices.map(([size, groups]) => (
          <option key={size} value={size}>
            {sizeText(groups, index.groups)}
          </option>
        ))}
      </select>
    </label>
  )
}

interface MatrixProps {
  readonly index: SiteIndex
  readonly groups: readonly SiteGroup[]
  readonly objects: readonly AnsweredObject[]
  /** Title above an object's column; neighbours with the same title share it. */
  readonly titleOf: (object: AnsweredObject) => string
  readonly shownIn: (one: ObjectAnswer) => readonly PanelId[]
  /** @param isOther whether Shift was pressed, so that the answer goes to the other map */
  readonly choose: (one: ObjectAnswer, isOther: boolean) => void
}

/** Sizes in CSS pixels: the smallest and the largest map, its distance from the next, and the names of the networks. */
const [LEAST, MOST, GAP, NAMES] = [78, 108, 8, 130]
/** Width below which the names of the networks are above their maps. */
const NARROW = 560

/** Small maps of answers: a row for each network, a column for each object. Columns that do not fit wrap. */
function Matrix({ objects, ...props }: MatrixProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const [near, isNear] = useNear<HTMLDivElement>('600px')
  const [maps, fault] = useSmallMaps(props.groups, isNear)
  const isNarrow = width < NARROW
  const titles = new Set(objects.map(props.titleOf)).size
  const space = width - (isNarrow ? 0 : NAMES) - (titles > 1 ? 16 : 0)
  const lines = evenParts(objects, Math.max(1, Math.floor(space / (LEAST + GAP))))
  const cell = Math.min(MOST, Math.floor(space / Math.max(1, lines[0]?.length ?? 1)) - GAP)
  const stop = objects.flatMap(answersOf).find((one) => props.shownIn(one).length > 0) ?? objects.flatMap(answersOf)[0]
  return (
    <div ref={near}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys move the focus among the buttons */}
      <div ref={box} class={isNarrow ? 'narrow' : ''} style={{ '--cell': `${cell}px` }} onKeyDown={moveFocus}>
        {width > 0 &&
          lines.map((line) => (
            <Line key={line[0]?.patch} {...props} objects={line} maps={maps} isNarrow={isNarrow} stop={stop} />
          ))}
      </div>
      <p class="note" role="status" hidden={fault === ''}>
        {fault}
      </p>
    </div>
  )
}

type SmallMaps = ReadonlyMap<number, SiteOverview>

/** Loads the small maps of the networks that are shown, and keeps them. Returns them with a message about a failure. */
function useSmallMaps(groups: readonly SiteGroup[], isNear: boolean): readonly [SmallMaps, string] {
  const [maps, setMaps] = useState<SmallMaps>(new Map())
  const [fault, setFault] = useState('')
  useEffect(() => {
    if (!isNear) return
    for (const { key } of groups) {
      if (maps.has(key)) continue
      loadOverview(key).then(
        (loaded) => setMaps((before) => new Map(before).set(key, loaded)),
        (error: Error) => setFault(error.message),
      )
    }
  }, [groups, isNear])
  return [maps, fault]
}

interface LineProps extends MatrixProps {
  readonly maps: SmallMaps
  readonly isNarrow: boolean
  /** The map that the Tab key reaches. */
  readonly stop: ObjectAnswer | undefined
}

function Line({ index, groups, objects, titleOf, maps, isNarrow, stop, shownIn, choose }: LineProps) {
  const titles = [...new Set(objects.map(titleOf))].map((title) => ({
    title,
    columns: objects.filter((one) => titleOf(one) === title).length,
  }))
  const colours = objects.map(({ patch }) => {
    const classes = index.classes?.find((one) => one.patch === patch)
    return classColours(classes ?? { right: [], others: [] })
  })
  const begins = (i: number) =>
    i > 0 && titleOf(objects[i] as AnsweredObject) !== titleOf(objects[i - 1] as AnsweredObject)
  const cellClass = (i: number) => (begins(i) ? 'cell begins' : 'cell')
  const corner = !isNarrow && <td />
  return (
    <table class="answer-maps">
      <thead>
        {titles[0]?.title !== '' && (
          <tr class="titles">
            {corner}
            {titles.map(({ title, columns }, i) => (
              <th key={title} scope="colgroup" colSpan={columns} class={i > 0 ? 'begins' : ''}>
                <span>{title}</span>
              </th>
            ))}
          </tr>
        )}
        <tr>
          {corner}
          {objects.map((object, i) => (
            <th key={object.patch} scope="col" class={cellClass(i)} dir="auto">
              <Picture
                picture={object.picture}
                group={answersOf(object)[0]?.group as SiteGroup}
                pictureOf={loadPicture}
              />
              {object.patch}
              <Other name={otherAnswer(object)} colours={colours[i] as Colours} />
            </th>
          ))}
        </tr>
      </thead>
      {groups.map((group, row) => (
        <tbody key={group.key}>
          {isNarrow && (
            <tr>
              <th scope="rowgroup" colSpan={objects.length} dir="auto">
                {breakable(group.model)}
              </th>
            </tr>
          )}
          <tr>
            {!isNarrow && (
              <th scope="row" dir="auto">
                {breakable(group.model)}
              </th>
            )}
            {objects.map(({ patch, answers }, i) => {
              const one = answers[row]
              return (
                <td key={patch} class={cellClass(i)}>
                  {one && (
                    <AnswerMap
                      one={one}
                      small={maps.get(group.key)?.[one.unit] ?? undefined}
                      colours={colours[i] as Colours}
                      panels={shownIn(one)}
                      isStop={one === stop}
                      choose={choose}
                    />
                  )}
                </td>
              )
            })}
          </tr>
        </tbody>
      ))}
    </table>
  )
}

/** Lets a name break after a hyphen or an underscore. */
function breakable(name: string) {
  return name.split(/(?<=[-_])/).map((part) => [part, <wbr />])
}

type Colours = ReadonlyMap<string, Colour>

function Other({ name, colours }: { readonly name: string | undefined; readonly colours: Colours }) {
  if (name === undefined) return null
  const colour = colours.get(name) ?? REST_COLOUR
  return (
    <small dir="auto">
      <span class="swatch" style={{ background: `rgb(${colour.join(' ')})` }} /> {name}
    </small>
  )
}

interface AnswerMapProps extends Pick<MatrixProps, 'choose'> {
  readonly one: ObjectAnswer
  /** Undefined until it is loaded. */
  readonly small: SmallAnswers | undefined
  readonly colours: Colours
  readonly panels: readonly PanelId[]
  readonly isStop: boolean
}

function AnswerMap({ one, small, colours, panels, isStop, choose }: AnswerMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    if (canvas.current && small) paint(canvas.current, small, colours)
  }, [small, colours])
  const { center, kept } = one.answer
  const isSure = isConfident(one)
  return (
    <button
      type="button"
      class={`answer-map${isSure ? '' : ' unsure'}`}
      title={`${namedAnswer(center.name, center.probability)} at the center`}
      aria-pressed={panels.length > 0}
      tabIndex={isStop ? 0 : -1}
      data-line={one.group.key}
      data-column={one.patch}
      onClick={({ shiftKey }) => choose(one, shiftKey)}
    >
      <span class="hidden">{`${isolated(one.patch)}, ${isolated(one.group.model)}:`}</span>
      <canvas ref={canvas} />
      {panels.map((panel) => (
        <Badge key={panel} panel={panel} />
      ))}
      <span class="numbers">
        <b>
          {shareText(kept, 1)}
          <span class="hidden"> kept,</span>
        </b>{' '}
        <i>
          <span class="mark-of" />
          <span class="hidden">{isSure ? 'confident' : 'unsure'}</span>{' '}
          {probabilityText(center.probability).replace(/^0/, '')}
        </i>
      </span>
    </button>
  )
}

/** Draws one canvas pixel per position. CSS enlarges the canvas without smoothing. */
function paint(canvas: HTMLCanvasElement, { rows, cols, classes, strongest }: SmallAnswers, colours: Colours): void {
  canvas.width = cols
  canvas.height = rows
  const image = new ImageData(cols, rows)
  const palette = classes.map((name) => colours.get(name) ?? REST_COLOUR)
  for (const [i, number] of decodeRegions(fromBase64(strongest), rows * cols).entries())
    image.data.set([...(palette[number] as Colour), 255], 4 * i)
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}
