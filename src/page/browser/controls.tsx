import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { HeadRow } from '../../experiments/answers/headRow.js'
import { headOf } from '../../experiments/answers/heads.js'
import { squareText } from '../../patches/sizes.js'
import { type ColourLimits, PAPER_LIMITS } from '../../plot/colormap.js'
import { kindOf } from '../site/groups.js'
import type { SiteIndex } from '../site/siteIndex.js'
import type { PanelId, Quantity, View } from '../site/view.js'
import { isolated, positionText } from '../text/text.js'
import { hasFeatures, hasMean } from './fit.js'
import { Badge } from './mapValues.js'
import type { State, ViewerActions } from './state.js'
import { limitsFromText } from './view.js'

interface ControlsProps {
  readonly state: State
  readonly change: ViewerActions['change']
}

/** The maps that may be shown, with their words in the menu. */
function mapsIn(heads: readonly HeadRow[]): readonly { readonly name: Quantity; readonly title: string }[] {
  const head = heads.find(({ maps }) => maps.length > 0) ?? headOf()
  return [
    { name: 'similarity', title: 'similarity to the anchor' },
    { name: 'probability', title: head.score.title },
    { name: 'answers', title: 'answers' },
    ...head.maps,
  ]
}

interface NetworkMenuProps extends ControlsProps {
  readonly panel: PanelId
}

/** Chooses the network of a frame, and says what it knows. Without another network, it is only a name. */
export function NetworkMenu({ panel, state, change }: NetworkMenuProps) {
  const { index, view, fits } = state
  const models = modelsOf(index)
  const isFirst = panel === 'a'
  const own = fits[isFirst ? 0 : 1]?.group.model
  const knows = index.groups.find((group) => group.model === own)?.knows
  const choose = (model: string) =>
    change((now) => {
      const other = isFirst ? now.other : now.model
      // Both frames swap places if the other one has the network.
      const swapped = model === other ? own : other
      if (isFirst) return { ...now, model, other: now.other === null ? null : (swapped ?? null) }
      return model === NO_NETWORK ? { ...now, other: null } : { ...now, other: model, model: swapped ?? now.model }
    })
  if (!isFirst && models.length < 2) return null
  return (
    <span class="network">
      <Choices
        label={<PanelLabel panel={panel} words={isFirst ? 'Network' : 'Second network'} />}
        id={`${panel}-model`}
        options={isFirst ? models : [...models, NO_NETWORK]}
        textOf={(model) => (model === NO_NETWORK ? model : isolated(model))}
        value={isFirst ? fits[0].group.model : (own ?? NO_NETWORK)}
        choose={choose}
      />
      {knows !== undefined && <span class="soft knows">knows {knows}</span>}
      {isFirst && view.other === null && <NetworkMenu panel="b" state={state} change={change} />}
    </span>
  )
}

/** Option of the menu that stands for "no second frame". No network has this name. */
const NO_NETWORK = '— none'

function modelsOf({ groups }: SiteIndex): readonly string[] {
  return [...new Set(groups.map(({ model }) => model))]
}

/** Chooses the size of the object. A report has its sizes; on the live page, any size is possible. */
export function SizeMenu({ state: { index, fits }, change }: ControlsProps) {
  const [{ group }] = fits
  const sizes = index.groups.filter((one) => one.model === group.model && kindOf(one) === kindOf(group))
  if (index.isLive || sizes.length < 2) return null
  return (
    <Choices
      label="Size"
      id="size"
      options={sizes.map((one) => squareText([one], index.groups))}
      value={squareText([group], index.groups)}
      choose={(text) => change((now) => ({ ...now, size: Number.parseInt(text, 10) }))}
    />
  )
}

interface SettingsProps {
  readonly state: State
  readonly viewer: ViewerActions
  /** Ends of the colour scale as numbers. If `view.limits` is `fit`, they were computed from the maps. */
  readonly limits: ColourLimits
}

const ANY_POSITION = 'any position: move the object there'

export function ViewerSettings({ state, viewer, limits }: SettingsProps) {
  const { index, view, fits } = state
  const { change } = viewer
  const [first] = fits
  const { group, choice, unit, anchor, anchorPosition } = first
  const kind = kindOf(group)
  const mean = `mean of all ${kind}s`
  const hasAnswers = fits.some((one) => one.group.classes !== null)
  const maps = mapsIn(fits.map((one) => headOf(one.group.head)))
  const anywhere = anchor === null ? positionText(anchorPosition) : ANY_POSITION
  const anchors = [...group.anchors.map(({ name }) => name), ...(hasFeatures(first) ? [anywhere] : [])]
  return (
    <details id="settings">
      <summary>Settings</summary>
      <div class="settings">
        <Choices
          label="Maps show"
          id="shows"
          options={maps.map(({ name }) => name).toReversed()}
          textOf={(one) => maps.find(({ name }) => name === one)?.title ?? one}
          isOff={(one) => one !== 'similarity' && !hasAnswers}
          value={view.shows}
          choose={(shows) => change((now) => ({ ...now, shows }))}
        />
        {/* Answers come from the output layer, so a chosen layer shows only in maps of similarity. */}
        <Choices
          label="Layer of similarity"
          id="layer"
          options={group.layers.map(({ name }) => name)}
          value={choice.layer}
          choose={(layer) => change((now) => ({ ...now, layer, shows: 'similarity' }))}
        />
        <Choices
          label={kind === 'object' ? 'Object' : 'Photograph'}
          id="patch"
          options={[...(hasMean(group, index) ? [mean] : []), ...group.units.map(({ patch }) => patch)]}
          value={unit === null ? mean : (choice.patch ?? '')}
          choose={(patch) => change((now) => ({ ...now, patch: patch === mean ? null : patch }))}
        />
        <Choices
          label="Anchor"
          id="anchor"
          options={anchors}
          value={anchor === null ? anywhere : String(choice.anchor)}
          choose={(name) => change((now) => ({ ...now, anchor: name === anywhere ? now.cursor : name }))}
        />
        <button type="button" id="anchor-here" onClick={viewer.actions(0).anchorHere}>
          Set the anchor at the object
        </button>
        <Limits view={view} limits={limits} change={change} />
      </div>
    </details>
  )
}

interface ChoicesProps<T extends string> {
  readonly label: ComponentChildren
  readonly id: string
  readonly options: readonly T[]
  /** Words for an option; by default, the option itself. */
  readonly textOf?: (option: T) => string
  readonly isOff?: (option: T) => boolean
  readonly value: T
  readonly choose: (option: T) => void
}

function PanelLabel({ panel, words }: { readonly panel: PanelId; readonly words: string }) {
  return (
    <>
      <Badge panel={panel} /> <span class="hidden">{words}</span>
    </>
  )
}

/** A select element. Its options are names from files, which may be in right-to-left scripts, hence `dir="auto"`. */
export function Choices<T extends string>(props: ChoicesProps<T>) {
  const { label, id, options, textOf = String, isOff, value, choose } = props
  return (
    <label>
      {label}{' '}
      <select id={id} value={value} onChange={({ currentTarget }) => choose(currentTarget.value as T)}>
        {options.map((option) => (
          <option key={option} value={option} disabled={isOff?.(option)} dir="auto">
            {textOf(option)}
          </option>
        ))}
      </select>
    </label>
  )
}

interface LimitsProps extends Pick<ControlsProps, 'change'> {
  readonly view: View
  readonly limits: ColourLimits
}

function Limits({ view: { shows }, limits, change }: LimitsProps) {
  /** Texts in the two input fields if they are invalid; otherwise undefined. */
  const [typed, setTyped] = useState<readonly [string, string]>()
  const [low, high] = typed ?? [String(limits.low), String(limits.high)]
  const set = (next: View['limits']) => {
    setTyped(undefined)
    change((now) => ({ ...now, limits: next }))
  }
  const read = (texts: readonly [string, string]) => {
    const next = limitsFromText(texts.map((text) => text.trim().replace(',', '.')).join(','))
    if (next === undefined) setTyped(texts)
    else set(next)
  }
  const input = {
    inputMode: 'decimal',
    size: 6,
    autocomplete: 'off',
    'aria-describedby': 'limits-fault',
    'aria-invalid': typed !== undefined,
  } as const
  return (
    <fieldset id="limits" disabled={shows !== 'similarity'}>
      <legend>Colour range of similarity</legend>
      <label>
        from{' '}
        <input id="low" value={low} onChange={({ currentTarget }) => read([currentTarget.value, high])} {...input} />
      </label>
      <label>
        to{' '}
        <input id="high" value={high} onChange={({ currentTarget }) => read([low, currentTarget.value])} {...input} />
      </label>
      <button type="button" id="paper-limits" title="0.88 to 1" onClick={() => set(PAPER_LIMITS)}>
        Range of the paper
      </button>
      <button
        type="button"
        id="fit-limits"
        title="Lowest and highest value of the maps shown"
        onClick={() => set('fit')}
      >
        Range of the maps
      </button>
      <p id="limits-fault" class="fault" role="alert" hidden={typed === undefined}>
        Enter two numbers, the smaller one first
      </p>
    </fieldset>
  )
}
