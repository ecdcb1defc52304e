import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { interruptible, leavingNothing } from '../../../src/cli/process/context.js'
import { InputError, InterruptedError } from '../../../src/errors.js'
import { captured } from '../../support/inProcess.js'

const EVENTS = ['SIGINT', 'SIGTERM', 'message', 'disconnect'] as const
type Listener = (...given: unknown[]) => void
const listenersTo = (event: (typeof EVENTS)[number]) => process.listeners(event as 'exit') as Listener[]
let before: readonly (readonly Listener[])[]
const kill = vi.fn()

/** What `interruptible` listens with. */
const ownListener = (event: (typeof EVENTS)[number]) =>
  listenersTo(event).find((one) => !before[EVENTS.indexOf(event)]?.includes(one)) as Listener

beforeEach(() => {
  before = EVENTS.map(listenersTo)
  kill.mockReset()
  vi.spyOn(process, 'kill').mockImplementation(kill)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  for (const [i, event] of EVENTS.entries()) {
    for (const own of listenersTo(event)) if (!before[i]?.includes(own)) process.off(event, own)
    for (const former of before[i] ?? []) if (!listenersTo(event).includes(former)) process.on(event, former)
  }
  // The test's own process lives for its channel.
  process.channel?.ref()
})

it('a second signal ends the process at once, and a terminal gets its cursor back', async () => {
  interruptible()
  const { isTTY } = process.stderr
  process.stderr.isTTY = true
  const { stderr } = await captured([], () => process.emit('SIGINT') && process.emit('SIGINT'))
  process.stderr.isTTY = isTTY
  expect(stderr).toBe('\nstopping; press Ctrl-C again to end at once\n\x1b[?25h\x1b[?7h')
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']])
})

it('a stopped process that something keeps alive ends by its signal after its command', async () => {
  vi.useFakeTimers()
  const { endStopped } = interruptible()
  endStopped()
  vi.runAllTimers()
  expect(kill.mock.calls).toEqual([])
  await captured([], () => process.emit('SIGTERM'))
  vi.runAllTimers()
  expect(kill.mock.calls).toEqual([])
  endStopped()
  vi.runAllTimers()
  vi.useRealTimers()
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']])
})

it('a signal that the watching process forwards is not counted beside the terminal’s', async () => {
  vi.stubEnv('SHIFTSCOPE_WATCHED', '1')
  const { send } = process
  process.send = () => true
  const { signal } = interruptible()
  process.send = send as typeof process.send
  const [forwarded, watch] = [ownListener('message'), ownListener('disconnect')]
  await captured([], () => process.emit('SIGINT'))
  const { stderr } = await captured([], () => forwarded({ signal: 'SIGINT' }))
  expect([signal.aborted, stderr, kill.mock.calls]).toEqual([true, '', []])
  await captured([], () => forwarded({ signal: 'SIGTERM' }))
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']])
  watch()
  expect(kill.mock.lastCall).toEqual([process.pid, 'SIGKILL'])
})

it('work that leaves nothing says so where it was stopped', async () => {
  const controller = new AbortController()
  const context = { signal: controller.signal }
  expect(await leavingNothing(Promise.resolve(3), context)).toBe(3)
  const failed = () => leavingNothing(Promise.reject(new InputError('no file')), context)
  await expect(failed()).rejects.toThrow('no file')
  controller.abort(new InterruptedError(undefined, { exitStatus: 143 }))
  await expect(failed()).rejects.toMatchObject({ message: 'stopped without a result', exitStatus: 143 })
})
