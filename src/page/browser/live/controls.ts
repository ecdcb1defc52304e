import type { KeptUnit, LiveNetwork, LiveScene, OtherUnit, PullMessage } from '../../live.js'
import { LIVE_STRIDES } from '../../live.js'
import { element, html, isolated } from '../dom.js'
import { withChoice } from '../view.js'
import type { RunningViewer } from '../viewer.js'
import type { LiveSource, LiveState } from './liveSource.js'
import { ask, linesOf } from './server.js'

/** The slider rests so long before the object changes, in milliseconds. */
const RESTING = 120

/** What the controls work on. */
export interface LivePage {
  readonly source: LiveSource
  readonly viewer: RunningViewer
  /** Says what is the matter; empty: nothing. */
  readonly say: (text: string) => void
}

/** Lets size, background and step be changed. */
export function bindLook({ source, viewer }: LivePage): void {
  const change = (state: Partial<LiveState>) => {
    source.set(state)
    const { size } = source.state()
    viewer.change((view) => withChoice(withChoice(view, 1, { size }), 0, { size }))
  }
  const slider = element('size', HTMLInputElement)
  const text = element('size-text', HTMLOutputElement)
  const showSize = () => {
    text.value = `${slider.value} px`
  }
  const showState = () => {
    const { networks, size } = source.state()
    slider.max = String(Math.max(...networks.map(({ frame }) => frame)))
    // Who moves it says what it is.
    if (resting !== undefined) return
    slider.value = String(size)
    showSize()
  }
  let resting: ReturnType<typeof setTimeout> | undefined
  showState()
  source.onSet(showState)
  slider.addEventListener('input', () => {
    showSize()
    clearTimeout(resting)
    resting = setTimeout(() => {
      resting = undefined
      change({ size: Number(slider.value) })
    }, RESTING)
  })
  const background = element('background', HTMLInputElement)
  background.addEventListener('change', () => change({ background: background.value }))
  const finest = element('finest', HTMLSelectElement)
  finest.replaceChildren(...LIVE_STRIDES.map((stride) => new Option(`${stride} px`, String(stride))))
  finest.addEventListener('change', () => change({ finest: Number(finest.value) }))
}

/** Lets what the first panel shows be stored. */
export function bindKeep({ source, viewer, say }: LivePage): void {
  const button = element('keep', HTMLButtonElement)
  const kept = element('kept', HTMLElement)
  const keep = async (scene: LiveScene, replaces: boolean) => {
    kept.hidden = true
    button.disabled = true
    say('It is kept once all of its positions are computed.')
    try {
      const response = await ask('keep', { ...scene, replaces })
      const answer = (await response.json()) as KeptUnit | OtherUnit
      say('')
      kept.hidden = false
      kept.replaceChildren(
        ...(answer.kind === 'kept' ? keptWords(answer) : otherWords(answer, () => void keep(scene, true))),
      )
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    } finally {
      button.disabled = false
    }
  }
  button.addEventListener('click', () => {
    const [fitted] = viewer.fits()
    if (fitted !== undefined) void keep(source.sceneOf(fitted), false)
  })
}

function keptWords({ folder, command }: KeptUnit): Node[] {
  const copy = html('button', { type: 'button' }, 'Copy')
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(command).then(
      () => copy.replaceChildren('Copied'),
      () => copy.replaceChildren('Copy it by hand'),
    )
  })
  const again = html('span', {}, 'The same by: ', html('code', {}, command), ' ', copy)
  return [html('span', {}, 'Kept in ', html('code', {}, folder), '.'), again]
}

function otherWords({ differences }: OtherUnit, replace: () => void): Node[] {
  const button = html('button', { type: 'button', id: 'replace' }, 'Replace it')
  button.addEventListener('click', replace)
  return [html('span', {}, `This object stands there, made otherwise: ${differences.join('; ')}. `, button)]
}

/** @param total 0: not known */
function progressText({ done, total }: { readonly done: number; readonly total: number }): string {
  return total === 0 ? `${Math.floor(done / 1e6)} MB` : `${Math.floor((100 * done) / total)} %`
}

/** Lets weights be fetched of networks that are not here yet. */
export function bindMoreNetworks({ source, viewer, say }: LivePage): void {
  const box = element('more-networks', HTMLDetailsElement)
  const { missing } = source.state()
  box.hidden = missing.length === 0
  const take = (network: LiveNetwork) => {
    const { networks } = source.state()
    source.set({ networks: [...networks.filter(({ id }) => id !== network.id), network] })
    viewer.change((view) => view)
  }
  const items = missing.map(({ id, bytes }, i) => {
    const size = bytes === null ? '' : ` (${(bytes / 1e6).toFixed(0)} MB)`
    const button = html('button', { type: 'button', 'aria-describedby': `missing-${i}` }, `Fetch${size}`)
    const item = html('li', {}, html('bdi', { id: `missing-${i}` }, id), ' ', button)
    button.addEventListener('click', async () => {
      button.disabled = true
      try {
        for await (const message of linesOf<PullMessage>(await ask('pull', { id }))) {
          if (message.kind === 'fault') throw new Error(message.message)
          if (message.kind === 'progress') button.replaceChildren(progressText(message))
          else take(message.network)
        }
        item.remove()
        say(`${isolated(id)} is among the networks now.`)
      } catch (error) {
        button.disabled = false
        button.replaceChildren(`Fetch${size}`)
        say(error instanceof Error ? error.message : String(error))
      }
    })
    return item
  })
  element('missing-networks', HTMLElement).replaceChildren(...items)
}
