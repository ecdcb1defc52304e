import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { HeadRow } from '../../experiments/answers/headRow.js'
import { headOf } from '../../experiments/answers/heads.js'
import { squareText } from '../../patches/sizes.js'
import { COLOUR_MAPS, type ColourLimits, PAPER_LIMITS } from '../../plot/colormap.js'
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

export function Controls({ state: { index, view, fits }, change }: ControlsProps) {
  const models = modelsOf(index)
  const textOf = (model: string) => {
    const knows = index.groups.find((group) => group.model === model)?.knows
    return knows === undefined ? model : `${isolated(model)} — ${knows}`
  }
  const hasAnswers = fits.some(({ group }) => group.classes !== null)
  const maps = mapsIn(fits.map(({ group }) => headOf(group.head)))
  return (
    <div class="controls">
      <Choices
        label={<PanelLabel panel="a" words="Network" />}
        id="a-model"
        options={models}
        textOf={textOf}
        value={fits[0].group.model}
        choose={(model) => change((now) => ({ ...now, model }))}
      />
      <Choices
        label={<PanelLabel panel="b" words="Second network" />}
        id="b-model"
        options={[...models, NO_NETWORK]}
        textOf={textOf}
        value={fits[1]?.group.model ?? NO_NETWORK}
        choose={(model) => change((now) => ({ ...now, other: model === NO_NETWORK ? null : model }))}
      />
      <Choices
        label="Maps show"
        id="shows"
        options={maps.map(({ name }) => name).toReversed()}
        textOf={(one) => maps.find(({ name }) => name === one)?.title ?? one}
        isOff={(one) => one !== 'similarity' && !hasAnswers}
        value={view.shows}
        choose={(shows) => change((now) => ({ ...now, shows }))}
      />
    </div>
  )
}

/** Option of the menu that stands for "no second map". No network has this name. */
const NO_NETWORK = '— none'

function modelsOf({ groups }: SiteIndex): readonly string[] {
  return [...new Set(groups.map(({ model }) => model))]
}

interface SettingsProps {
  readonly state: State
  readonly viewer: ViewerActions
  /** Ends of the colour scale as numbers. If `view.limits` is `fit`, they were computed from the maps. */
  readonly limits: ColourLimits
}

const ANY_POSITION = 'any position: click a map'

export function ViewerSettings({ state, viewer, limits }: SettingsProps) {
  const { index, view, fits } = state
  const { change } = viewer
  const [first] = fits
  const { group, choice, unit, anchor, anchorPosition } = first
  const isLive = index.isLive === true
  const kind = kindOf(group)
  const mean = `mean of all ${kind}s`
  const sizes = index.groups.filter((one) => one.model === group.model && kindOf(one) === kind)
  const anywhere = anchor === null ? positionText(anchorPosition) : ANY_POSITION
  const anchors = [...group.anchors.map(({ name }) => name), ...(hasFeatures(first) ? [anywhere] : [])]
  return (
    <details id="settings">
      <summary>Settings</summary>
      <div class="settings">
        {/* Answers come from the output layer, so a chosen layer shows only in maps of similarity. */}
        <Choices
          label="Layer of similarity"
          id="layer"
          options={group.layers.map(({ name }) => name)}
          value={choice.layer}
          choose={(layer) => change((now) => ({ ...now, layer, shows: 'similarity' }))}
        />
        {!isLive && (
          <Choices
            label="Size"
            id="size"
            options={sizes.map((one) => squareText([one], index.groups))}
            value={squareText([group], index.groups)}
            choose={(text) => change((now) => ({ ...now, size: Number.parseInt(text, 10) }))}
          />
        )}
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
          Set the anchor at the cursor
        </button>
        <Limits view={view} limits={limits} change={change} />
        <Choices
          label="Colour map"
          id="colours"
          options={Object.keys(COLOUR_MAPS)}
          value={view.colours}
          choose={(colours) => change((now) => ({ ...now, colours }))}
        />
        <label class="check">
          <input
            type="checkbox"
            id="show-difference"
            checked={view.difference}
            disabled={view.other === null}
            onChange={({ currentTarget }) => change((now) => ({ ...now, difference: currentTarget.checked }))}
          />
          Show the difference B − A
        </label>
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
