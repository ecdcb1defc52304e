import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('./processes/faults.mjs', import.meta.url))
const isLinux = process.platform === 'linux'

/** Longer than any of them takes, shorter than the trainings that they leave. */
const TIMEOUT = 50_000

/** What a child process printed, or how it ended. */
function outcome(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: TIMEOUT, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      resolve(error === null ? stdout.trim() : `ended with ${error.signal ?? error.code}: ${stderr.trim()}`)
    })
  })
}

const inProcess = (name: string) => outcome(process.execPath, ['--expose-gc', script, name])

/** In a process that gets no more memory than this, whatever the machine has. */
const inProcessOf = (kibibytes: number, name: string) =>
  outcome('sh', ['-c', 'ulimit -v "$0" && exec "$@"', String(kibibytes), process.execPath, '--expose-gc', script, name])

describe('a process survives', () => {
  it('features whose number of floats wraps to 0', async () => {
    expect(await inProcess('compareNothing')).toBe('RangeError: an array of this shape cannot exist')
  })

  it('more threads than there can be, without memory for each', async () => {
    expect(await inProcess('trainOnManyThreads')).toBe('trained')
  })

  it.skipIf(!isLinux)('too little memory', async () => {
    expect(await inProcessOf(8 << 20, 'prepareTooMuch')).toBe(
      'RangeError: there is no memory for a compositor of a 65535x1 patch on a 65535x65535 frame',
    )
    expect(await inProcessOf(4 << 20, 'compareTooMuch')).toBe(
      'RangeError: there is no memory for the similarity of 1x1 features with 100000000 anchors',
    )
  })

  it('features and labels that change meanwhile', async () => {
    expect(await inProcess('searchWhatChanges')).toBe('searched')
    expect(await inProcess('changeLabels')).toBe('trained')
  })

  it('getters that take arrays away', async () => {
    expect(await inProcess('loseFeatures')).toMatch(/^RangeError: features has 0 elements instead of 16000000/)
    expect(await inProcess('losePatch')).toMatch(/^RangeError: patch has 0 elements instead of 100000000/)
  })

  it('buffers that shrink or go to somebody else', async () => {
    expect(await inProcess('shrink')).toBe('TypeError: features must not be a view on a resizable ArrayBuffer')
    expect(await inProcess('loseInJob')).toBe(
      'TypeError: a buffer was transferred while it was used by the largest of 1024x1024 features',
    )
  })

  it('its own end, and that of its threads, in the middle of trainings that last for minutes', async () => {
    const outcomes = await Promise.all([inProcess('exitProcess'), inProcess('terminateWorker')])
    expect(outcomes).toEqual(['exits', 'terminated'])
  })
})
