import { render, type VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import {
  type AnsweredObject,
  answeredObjects,
  firstObjects,
  groupsLike,
  type ObjectAnswer,
  otherAnswer,
  withMap,
} from '../html/everyObject.js'
import { comparedIn } from '../site/groups.js'
import { decodeRegions, fromBase64 } from '../site/mapCoding.js'
import type { SiteGroup, SiteIndex, SmallAnswers, SmallAnswersOfGroup } from '../site/siteIndex.js'
import { PANEL_IDS, type PanelId } from '../site/view.js'
import { classWords, isolated, probabilityText, shareText } from '../text/text.js'
import { namedAnswer } from './answers.js'
import { element } from './dom.js'
import { paint, useWidth } from './drawing.js'
import { loadPicture, loadSmallAnswers } from './files.js'
import type { Fits } from './fit.js'
import { moveFocus } from './keys.js'
import { Badge, Swatch } from './mapValues.js'
import { Picture } from './picture.js'
import { type Colour, classColours, REST_COLOUR } from './regions.js'
import type { Change } from './view.js'
import type { RunningViewer } from './viewer.js'

/** Draws all answers below the viewer, of objects with the size of those in the viewer. */
export function startObjectMatrix(index: SiteIndex, viewer: RunningViewer): void {
  const root = document.getElementById('every-object-app')
  if (root === null) return
  const compared = comparedIn(index)
  viewer.onChange(() => {
    const [{ group }] = viewer.fits()
    const size = compared(group)
    // A study that is not complete may lack the answers of one size.
    element('every-object', HTMLElement).hidden = groupsLike(index, group).length === 0
    for (const text of document.querySelectorAll<HTMLElement>('#every-object [data-size]'))
      text.hidden = text.dataset.size !== String(size)
    render(<EveryObject index={index} fits={viewer.fits()} change={viewer.change} />, root)
  })
}

interface EveryObjectProps {
  readonly index: SiteIndex
  readonly fits: Fits
  readonly change: (make: Change) => void
}

function EveryObject({ index, fits, change }: EveryObjectProps) {
  const [{ group, choice }] = fits
  const [showsAll, setShowsAll] = useState(false)
  const groups = useMemo(() => groupsLike(index, group), [index, group])
  const all = useMemo(() => answeredObjects(groups), [groups])
  const objects = showsAll ? all : firstObjects(all, choice.patch)
  const actions: AnswerActions = {
    panelsOf: (one) => PANEL_IDS.filter((_, i) => fits[i]?.group === one.group && fits[i]?.unit === one.unit),
    choose: (one, panel) => {
      change((view) => withMap(view, one, comparedIn(index)(one.group), panel))
      showViewer()
    },
  }
  return (
    <div class="every">
      <Matrix index={index} groups={groups} objects={objects} {...actions} />
      {objects.length < all.length && (
        <button type="button" onClick={() => setShowsAll(true)}>
          Show all {all.length} objects
        </button>
      )}
    </div>
  )
}

/** Scrolls to the viewer if less than half of frame A is on the screen. */
function showViewer(): void {
  const { top, bottom, height } = element('a-frame', HTMLElement).getBoundingClientRect()
  if (Math.min(bottom, innerHeight) - Math.max(top, 0) < height / 2) element('viewer-app', HTMLElement).scrollIntoView()
}

/** What the small maps ask and tell the viewer. */
interface AnswerActions {
  /** The frames of the viewer that show an answer. */
  readonly panelsOf: (one: ObjectAnswer) => readonly PanelId[]
  /** Shows an answer in a frame. */
  readonly choose: (one: ObjectAnswer, panel: PanelId) => void
}

interface MatrixProps extends AnswerActions {
  readonly index: SiteIndex
  readonly groups: readonly SiteGroup[]
  readonly objects: readonly AnsweredObject[]
}

/** Sizes in CSS pixels: the smallest and the largest map, the distance between two, and the names of the networks. */
const [LEAST, MOST, GAP, NAMES] = [78, 108, 8, 130]
/** Width below which the names of the networks are above their maps. */
const NARROW = 560

/** Small maps of answers: a row for each network, a column for each object. Columns that do not fit wrap. */
function Matrix({ index, groups, objects, panelsOf, choose }: MatrixProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const [maps, fault] = useSmallMaps(groups)
  const { isNarrow, lines, columns, cell } = matrixShape(width, objects.length)
  const answers = objects.flatMap((one) => one.answers)
  const stop = answers.find((one) => panelsOf(one).length > 0) ?? answers[0]
  const columnOf = (object: AnsweredObject, i: number, line: readonly AnsweredObject[]): Column => ({
    object,
    colours: classColours(index.classes?.find(({ patch }) => patch === object.patch) ?? { right: [], others: [] }),
    isTitled: object.isConfident !== line[i - 1]?.isConfident,
  })
  const mapOf = (one: ObjectAnswer, colours: Colours) => (
    <AnswerMap
      one={one}
      small={maps.get(one.group.key)?.[one.unit] ?? undefined}
      colours={colours}
      panels={panelsOf(one)}
      isStop={one === stop}
      choose={choose}
    />
  )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys move the focus among the buttons
    <div ref={box} class={isNarrow ? 'narrow' : ''} style={{ '--cell': `${cell}px` }} onKeyDown={moveFocus}>
      {Array.from({ length: lines }, (_, i) => {
        const line = objects.slice(i * columns, (i + 1) * columns)
        return (
          <MatrixLine
            key={line[0]?.patch}
            groups={groups}
            columns={line.map(columnOf)}
            isNarrow={isNarrow}
            mapOf={mapOf}
          />
        )
      })}
      <p class="note" role="status" hidden={fault === ''}>
        {fault}
      </p>
    </div>
  )
}

/**
 * Divides columns into lines that fit.
 * @param width in CSS pixels, 0 if it is not known yet
 */
function matrixShape(width: number, count: number) {
  const isNarrow = width < NARROW
  const space = width - (isNarrow ? 0 : NAMES) - GAP
  const lines = Math.ceil(count / Math.max(1, Math.floor(space / (LEAST + GAP))))
  const columns = Math.ceil(count / lines)
  const cell = Math.min(MOST, Math.floor(space / columns) - GAP)
  return { isNarrow, lines: width > 0 ? lines : 0, columns, cell }
}

interface Column {
  readonly object: AnsweredObject
  readonly colours: Colours
  /** Whether a title above it says that its answers, and those to its right, are confident or unsure. */
  readonly isTitled: boolean
}

interface MatrixLineProps {
  readonly groups: readonly SiteGroup[]
  readonly columns: readonly Column[]
  readonly isNarrow: boolean
  readonly mapOf: (one: ObjectAnswer, colours: Colours) => VNode
}

function MatrixLine({ groups, columns, isNarrow, mapOf }: MatrixLineProps) {
  const name = ({ model }: SiteGroup, scope: string) => (
    <th scope={scope} colSpan={isNarrow ? columns.length : 1} dir="auto">
      {model.split(/(?<=[-_])/).map((part) => [part, <wbr />])}
    </th>
  )
  return (
    <table class="answer-maps">
      <thead>
        <tr>
          {!isNarrow && <td />}
          {columns.map(({ object, colours, isTitled }) => (
            <th key={object.patch} scope="col">
              {isTitled && <span class="title">{object.isConfident ? 'Some are confident' : 'None is confident'}</span>}
              <ColumnHead object={object} colours={colours} />
            </th>
          ))}
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group.key}>
          {isNarrow && <tr>{name(group, 'rowgroup')}</tr>}
          <tr>
            {!isNarrow && name(group, 'row')}
            {columns.map(({ object: { patch, answers }, colours }) => {
              const one = answers.find((answer) => answer.group === group)
              return <td key={patch}>{one && mapOf(one, colours)}</td>
            })}
          </tr>
        </tbody>
      ))}
    </table>
  )
}

type SmallMaps = ReadonlyMap<number, SmallAnswersOfGroup>

/**
 * Loads the small maps of the networks that are shown, and keeps them. Returns them with a message about a failure.
 * They are loaded at once, because the page may be printed without being scrolled.
 */
function useSmallMaps(groups: readonly SiteGroup[]): readonly [SmallMaps, string] {
  const [maps, setMaps] = useState<SmallMaps>(new Map())
  const [fault, setFault] = useState('')
  useEffect(() => {
    for (const { key } of groups) {
      if (maps.has(key)) continue
      loadSmallAnswers(key).then(
        (loaded) => setMaps((before) => new Map(before).set(key, loaded)),
        (error: Error) => setFault(error.message),
      )
    }
  }, [groups])
  return [maps, fault]
}

type Colours = ReadonlyMap<string, Colour>

function ColumnHead({ object, colours }: { readonly object: AnsweredObject; readonly colours: Colours }) {
  const other = otherAnswer(object)
  const { group, unit } = object.answers[0]!
  return (
    <>
      <Picture group={group} unit={unit} pictureOf={loadPicture} isPrinted />
      <span dir="auto">{object.patch}</span>
      {other !== undefined && (
        <small dir="auto">
          <Swatch colour={colours.get(other) ?? REST_COLOUR} /> {classWords(other)}
        </small>
      )}
    </>
  )
}

interface AnswerMapProps extends Pick<AnswerActions, 'choose'> {
  readonly one: ObjectAnswer
  /** Undefined until it is loaded. */
  readonly small: SmallAnswers | undefined
  readonly colours: Colours
  readonly panels: readonly PanelId[]
  /** Whether the Tab key reaches the map. */
  readonly isStop: boolean
}

function AnswerMap({ one, small, colours, panels, isStop, choose }: AnswerMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useLayoutEffect(() => {
    if (canvas.current === null || small === undefined) return
    const palette = small.classes.map((name) => colours.get(name) ?? REST_COLOUR)
    const numbers = decodeRegions(fromBase64(small.strongest), small.rows * small.cols)
    paint(canvas.current, small, (i) => palette[numbers[i]!]!)
  }, [small])
  const { group, patch, isConfident } = one
  const { center, agreement } = one.answer
  return (
    <button
      type="button"
      class={`answer-map${isConfident ? '' : ' unsure'}`}
      title={`${namedAnswer(center.name, center.probability)} at the center`}
      aria-pressed={panels.length > 0}
      tabIndex={isStop ? 0 : -1}
      data-line={group.key}
      data-column={patch}
      onClick={({ shiftKey }) => choose(one, shiftKey ? 'b' : 'a')}
    >
      <span class="hidden">{`${isolated(patch)}, ${isolated(group.model)}:`}</span>
      <canvas ref={canvas} />
      {panels.map((panel) => (
        <Badge key={panel} panel={panel} />
      ))}
      <span class="numbers">
        <b>{shareText(agreement, 1)}</b>{' '}
        <span class="hidden">{isConfident ? 'agreement, confident' : 'agreement, unsure'}</span>{' '}
        <span class="sure">{probabilityText(center.probability).replace(/^0/, '')}</span>
      </span>
    </button>
  )
}
