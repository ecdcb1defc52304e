import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { headOf } from '../../../experiments/answers/heads.js'
import { PAPER_FRAME, sizeFor } from '../../../patches/sizes.js'
import {
  type DroppedNetwork,
  KEEPS_OBJECTS,
  type KeepRequest,
  type KeptUnit,
  LIVE_STRIDES,
  type LiveNetwork,
  type LiveObject,
  type OtherUnit,
  type PullMessage,
} from '../../live/live.js'
import { kindOf, sideText } from '../../site/groups.js'
import { classWords, isolated, messageOf } from '../../text/text.js'
import { Choices } from '../controls.js'
import type { RunningViewer } from '../viewer.js'
import { AddFile, type NoticeKind, type Say } from './addFile.js'
import type { LiveSource } from './liveSource.js'
import { type LiveState, objectOf, unitRequest } from './liveState.js'
import { durationText } from './pace.js'
import { ask, messagesOf } from './server.js'

/** The object's size changes when the slider has not moved for this many milliseconds. */
const RESTING = 120

interface LivePart {
  readonly source: LiveSource
  readonly viewer: RunningViewer
  readonly say: Say
}

export function LiveControls({ source, viewer }: Omit<LivePart, 'say'>) {
  const [, draw] = useReducer((count: number) => count + 1, 0)
  const [note, setNote] = useState<{ content: ComponentChildren; kind: NoticeKind }>({ content: '', kind: 'result' })
  useEffect(() => source.store.onChange(() => draw(undefined)), [source])
  const say: Say = (content, kind = 'result') => setNote({ content, kind })
  const page = { source, viewer, say }
  const takeNetwork = (network: LiveNetwork) => {
    const { networks, missing } = source.store.state()
    const isKnown = networks.some(({ id }) => id === network.id)
    source.store.set({
      networks: isKnown ? networks : [...networks, network],
      missing: missing.filter(({ id }) => id !== network.id),
    })
    viewer.change((view) => view)
  }
  const showObject = (object: LiveObject) => {
    source.store.set({ objects: [...source.store.state().objects.filter(({ key }) => key !== object.key), object] })
    viewer.change((view) => ({ ...view, patch: object.name }))
  }
  const showNetwork = (answer: DroppedNetwork) => {
    const { id, layers } = answer.network
    takeNetwork(answer.network)
    viewer.change((view) => ({ ...view, model: id, layer: layers[0]?.name ?? '' }))
    say(<Recipe {...answer} />)
  }
  return (
    <>
      <div class="live">
        <AddFile say={say} onObject={showObject} onNetwork={showNetwork} />
        <ObjectClass key={objectOf(source.store.state(), viewer.fits()[0])?.key} {...page} />
        <Look {...page} />
        <Keep {...page} />
        <MoreNetworks {...page} take={takeNetwork} />
      </div>
      {/* The notice lies above the page, so that it moves nothing. */}
      <div class={`notice ${note.kind}`} id="notice" hidden={note.content === ''}>
        <div id="live-note" role={NOTICE_ROLES[note.kind]}>
          {note.content}
        </div>
        <button type="button" id="close-notice" aria-label="Close the notice" onClick={() => say('')}>
          ×
        </button>
      </div>
    </>
  )
}

const NOTICE_ROLES = { result: 'status', counter: 'timer', fault: 'alert' } as const

/** A field for what the object is, with the classes of network A. It also takes a class that only network B knows. */
function ObjectClass({ source, viewer, say }: LivePart) {
  /** Text in the field while the user types, or if no network knows it. */
  const [typed, setTyped] = useState<string>()
  const state = source.store.state()
  const { networks, objects } = state
  const fits = viewer.fits()
  const [own = [], other = []] = fits.map(({ group }) => networks.find(({ id }) => id === group.model)?.classNames)
  const object = objectOf(state, fits[0])
  const options = useMemo(() => own.map((name) => <option key={name} value={name} />), [own])
  const choose = (text: string) => {
    const wanted = text.trim().toLowerCase()
    // The page shows names in words, so it also takes them in words.
    const category = [...own, ...other].find((name) =>
      [name, classWords(name)].some((one) => one.toLowerCase() === wanted),
    )
    if (category === undefined && wanted !== '')
      return say(`No network shown knows the class ${isolated(text)}. Choose one from the field’s list.`, 'fault')
    say('')
    setTyped(undefined)
    source.store.set({ objects: objects.map((one) => (one === object ? { ...one, category: category ?? '' } : one)) })
    viewer.change((view) => ({ ...view, shows: headOf(fits[0].group.head).opens }))
  }
  return (
    <label>
      This is{' '}
      <input
        id="object-class"
        list="class-names"
        size={14}
        placeholder="choose a class"
        autocomplete="off"
        value={typed ?? object?.category}
        disabled={own.length + other.length === 0}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      />
      <datalist id="class-names">{options}</datalist>
    </label>
  )
}

function Look({ source, viewer }: LivePart) {
  const { finest } = source.store.state()
  const [sliding, setSliding] = useState<number>()
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined)
  const change = (state: Partial<LiveState>) => {
    source.store.set(state)
    viewer.change((view) => view)
  }
  const slide = (to: number) => {
    setSliding(to)
    clearTimeout(resting.current)
    resting.current = setTimeout(() => {
      setSliding(undefined)
      viewer.change((view) => ({ ...view, size: to }))
    }, RESTING)
  }
  const fits = viewer.fits()
  const shown = sliding ?? fits[0].choice.size
  const isPhotograph = kindOf(fits[0].group) === 'photograph'
  const sizes = fits.map(({ group: { frame, size } }) => ({ size: isPhotograph ? size : sizeFor(frame, shown), frame }))
  return (
    <>
      <label class="slider">
        Size{' '}
        <input
          type="range"
          id="size"
          min={8}
          max={PAPER_FRAME}
          value={shown}
          disabled={isPhotograph}
          onInput={({ currentTarget }) => slide(Number(currentTarget.value))}
        />{' '}
        <output id="size-text" for="size">
          {sideText(sizes)}
        </output>
      </label>
      <label>
        Background{' '}
        <input
          type="color"
          id="background"
          defaultValue="#ffffff"
          disabled={isPhotograph}
          onChange={({ currentTarget }) => change({ background: currentTarget.value })}
        />
      </label>
      <Choices
        label="Finest step"
        id="finest"
        options={LIVE_STRIDES.map(String)}
        textOf={(stride) => `${stride} px`}
        value={String(finest ?? fits[0].group.stride)}
        choose={(stride) => change({ finest: Number(stride) })}
      />
    </>
  )
}

function Keep({ source, viewer, say }: LivePart) {
  const [isBusy, setBusy] = useState(false)
  const fits = viewer.fits()
  const isWhole = fits.every((fitted) => source.progress(fitted)?.share === 1)
  const left = Math.max(...fits.map((fitted) => source.progress(fitted)?.secondsLeft ?? 0))
  const keep = async (requests: readonly KeepRequest[]) => {
    setBusy(true)
    say('')
    try {
      const answers: (KeptUnit | OtherUnit)[] = []
      for (const request of requests) answers.push(await (await ask('keep', request)).json())
      const others = requests.filter((_, i) => answers[i]?.kind === 'other')
      const replace = () => void keep(others.map((request) => ({ ...request, replaces: true })))
      say(<Kept answers={answers} replace={replace} />)
    } catch (error) {
      say(messageOf(error), 'fault')
    } finally {
      setBusy(false)
    }
  }
  const requestOf = (fitted: (typeof fits)[0]) => ({
    ...unitRequest(source.store.state(), fitted),
    category: objectOf(source.store.state(), fitted)?.category ?? '',
    replaces: false,
  })
  const name = fits.length === 1 ? 'Keep' : 'Keep both'
  if (fits.some(({ group }) => kindOf(group) === 'photograph'))
    return (
      <>
        <button type="button" id="keep" disabled aria-describedby="keeps-objects">
          {name}
        </button>
        <span class="soft" id="keeps-objects">
          {KEEPS_OBJECTS}
        </span>
      </>
    )
  return (
    <button type="button" id="keep" disabled={isBusy || !isWhole} onClick={() => void keep(fits.map(requestOf))}>
      {isWhole ? name : left === 0 ? `${name} (still computing)` : `${name} (in about ${durationText(left)})`}
    </button>
  )
}

interface KeptParts {
  readonly answers: readonly (KeptUnit | OtherUnit)[]
  /** Replaces stored results that were computed with other settings. */
  readonly replace: () => void
}

/** Says where results were kept, and which ones were not because the folder has others. */
function Kept({ answers, replace }: KeptParts) {
  const kept = answers.filter(({ kind }) => kind === 'kept') as readonly KeptUnit[]
  const others = answers.filter(({ kind }) => kind === 'other') as readonly OtherUnit[]
  const last = kept.at(-1)
  return (
    <>
      {last && (
        <p id="kept">
          Kept the results of {kept.map(({ network }) => isolated(network)).join(' and ')} in{' '}
          <code>{last.results}</code>, which now has {last.units} {last.units === 1 ? 'unit' : 'units'}.{' '}
          <a id="open-page" href="page.html" target="_blank" rel="noopener">
            Open as page
          </a>
        </p>
      )}
      {others.map(({ network, differences }) => (
        <p key={network}>
          The folder already has results of {isolated(network)} with other settings: {differences.join('; ')}.
        </p>
      ))}
      {others.length > 0 && (
        <button type="button" id="replace" onClick={replace}>
          Replace {others.length === 1 ? 'it' : 'them'}
        </button>
      )}
    </>
  )
}

function Recipe({ network, recipe }: DroppedNetwork) {
  return (
    <div id="recipe">
      <strong>
        <bdi>{network.id}</bdi> is open
      </strong>
      <ul>
        {recipe.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  )
}

function MoreNetworks({ source, take, say }: LivePart & { readonly take: (network: LiveNetwork) => void }) {
  const { missing } = source.store.state()
  const [progress, setProgress] = useState<Readonly<Record<string, string | undefined>>>({})
  const pull = async (id: string) => {
    const show = (text: string | undefined) => setProgress((others) => ({ ...others, [id]: text }))
    show('…')
    try {
      for await (const message of messagesOf<PullMessage>(await ask('pull', { id }))) {
        if (message.kind === 'fault') throw new Error(message.message)
        if (message.kind === 'progress') show(fetchText(message))
        else take(message.network)
      }
      say(`${isolated(id)} is downloaded. You can choose it now.`)
    } catch (error) {
      say(messageOf(error), 'fault')
    }
    show(undefined)
  }
  return (
    <details id="more-networks" hidden={missing.length === 0}>
      <summary>More networks</summary>
      <ul>
        {missing.map(({ id, bytes }) => (
          <li key={id}>
            <bdi id={`missing-${id}`}>{id}</bdi>{' '}
            <button
              type="button"
              aria-describedby={`missing-${id}`}
              disabled={progress[id] !== undefined}
              onClick={() => pull(id)}
            >
              {progress[id] ?? `Fetch${bytes === null ? '' : ` (${(bytes / 1e6).toFixed(0)} MB)`}`}
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** @param total number of bytes; 0 if it is not known */
function fetchText({ done, total }: { readonly done: number; readonly total: number }): string {
  return total === 0 ? `${Math.floor(done / 1e6)} MB` : `${Math.floor((100 * done) / total)} %`
}
