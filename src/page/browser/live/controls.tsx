import type { ComponentChildren } from 'preact'
import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { PAPER_FRAME, sizeFor } from '../../../patches/sizes.js'
import type { LiveScene, OtherUnit, PullMessage } from '../../live.js'
import { type DroppedNetwork, type KeptUnit, LIVE_STRIDES, type LiveNetwork, type LiveObject } from '../../live.js'
import { copyText } from '../dom.js'
import { kindOf, sideText } from '../kinds.js'
import { isolated } from '../text.js'
import type { RunningViewer } from '../viewer.js'
import { AddFile, type Say } from './addFile.js'
import type { LiveSource, LiveState } from './liveSource.js'
import { durationText } from './pace.js'
import { ask, messageOf, messagesOf } from './server.js'

/** The object's size changes when the slider has not moved for this many milliseconds. */
const RESTING = 120

interface LivePage {
  readonly source: LiveSource
  readonly viewer: RunningViewer
}

export function LiveControls(page: LivePage) {
  const { source, viewer } = page
  const [, draw] = useReducer((count: number) => count + 1, 0)
  const [note, setNote] = useState({ text: '', isCounting: false })
  const [dropped, setDropped] = useState<DroppedNetwork>()
  const [kept, setKept] = useState<ComponentChildren>()
  useEffect(() => source.onChange(() => draw(undefined)), [source])
  const say: Say = (text, isCounting = false) => setNote({ text, isCounting })
  const takeNetwork = (network: LiveNetwork) => {
    const others = <T extends { readonly id: string }>(list: readonly T[]) => list.filter(({ id }) => id !== network.id)
    const { networks, missing } = source.state()
    source.set({ networks: [...others(networks), network], missing: others(missing) })
    viewer.change((view) => view)
  }
  const showObject = (object: LiveObject) => {
    source.set({ objects: [...source.state().objects.filter(({ key }) => key !== object.key), object] })
    viewer.change((view) => ({ ...view, patch: object.name }))
  }
  const showNetwork = (answer: DroppedNetwork) => {
    const { id, layers } = answer.network
    takeNetwork(answer.network)
    viewer.change((view) => ({ ...view, model: id, layer: layers[0]?.name ?? '' }))
    setDropped(answer)
  }
  return (
    <>
      <div class="live">
        <AddFile say={say} onObject={showObject} onNetwork={showNetwork} />
        <Look {...page} />
        <Keep {...page} say={say} setKept={setKept} />
        <MoreNetworks source={source} take={takeNetwork} say={say} />
      </div>
      <p class="note" id="live-note" role={note.isCounting ? 'timer' : 'status'} hidden={note.text === ''}>
        {note.text}
      </p>
      <div class="kept" id="recipe" role="status" hidden={dropped === undefined}>
        {dropped && <Recipe {...dropped} />}
      </div>
      <div class="kept" id="kept" role="status" hidden={kept === undefined}>
        {kept}
      </div>
    </>
  )
}

function Look({ source, viewer }: LivePage) {
  const { finest } = source.state()
  const [sliding, setSliding] = useState<number>()
  const resting = useRef<ReturnType<typeof setTimeout>>(undefined)
  const change = (state: Partial<LiveState>) => {
    source.set(state)
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
      <label>
        Finest step{' '}
        <select
          id="finest"
          value={finest ?? fits[0].group.stride}
          onChange={({ currentTarget }) => change({ finest: Number(currentTarget.value) })}
        >
          {LIVE_STRIDES.map((stride) => (
            <option key={stride} value={stride}>
              {stride} px
            </option>
          ))}
        </select>
      </label>
    </>
  )
}

interface KeepParts extends LivePage {
  readonly say: Say
  readonly setKept: (words: ComponentChildren) => void
}

function Keep({ source, viewer, say, setKept }: KeepParts) {
  const [isBusy, setBusy] = useState(false)
  const [fitted] = viewer.fits()
  const progress = source.progress(fitted)
  const isWhole = progress?.share === 1
  const keep = async (scene: LiveScene, replaces: boolean) => {
    setKept(undefined)
    setBusy(true)
    say('')
    try {
      const response = await ask('keep', { ...scene, replaces })
      const answer = (await response.json()) as KeptUnit | OtherUnit
      setKept(answer.kind === 'kept' ? <KeptWords {...answer} /> : otherWords(answer, () => void keep(scene, true)))
    } catch (error) {
      say(messageOf(error))
    } finally {
      setBusy(false)
    }
  }
  const left = progress?.secondsLeft
  return (
    <button
      type="button"
      id="keep"
      disabled={isBusy || !isWhole}
      onClick={() => void keep(source.sceneOf(fitted), false)}
    >
      {isWhole ? 'Keep' : left === undefined ? 'Keep (still computing)' : `Keep (in about ${durationText(left)})`}
    </button>
  )
}

function KeptWords({ folder, command }: KeptUnit) {
  const [label, setLabel] = useState('Copy')
  const copy = () => copyText(command).then((isCopied) => setLabel(isCopied ? 'Copied' : 'Copy it by hand'))
  return (
    <>
      <span>
        Kept in <code>{folder}</code>.
      </span>
      <span>
        Compute it again with: <code>{command}</code>{' '}
        <button type="button" onClick={copy}>
          {label}
        </button>
      </span>
    </>
  )
}

function otherWords({ differences }: OtherUnit, replace: () => void) {
  return (
    <span>
      The results already have this object with other settings: {differences.join('; ')}.{' '}
      <button type="button" id="replace" onClick={replace}>
        Replace it
      </button>
    </span>
  )
}

function Recipe({ network, recipe }: DroppedNetwork) {
  return (
    <details open>
      <summary>
        <bdi>{network.id}</bdi> is open
      </summary>
      <ul>
        {recipe.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  )
}

interface MoreNetworksParts extends Pick<LivePage, 'source'> {
  readonly take: (network: LiveNetwork) => void
  readonly say: Say
}

function MoreNetworks({ source, take, say }: MoreNetworksParts) {
  const { missing } = source.state()
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
      say(messageOf(error))
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
