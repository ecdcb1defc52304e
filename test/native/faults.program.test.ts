import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { leftOut } from '../support/leftOut.js'

const script = fileURLToPath(new URL('./processes/faults.mjs', import.meta.url))

/** Longer than any of them takes, shorter than the trainings that they leave. */
const TIMEOUT = 50_000

/** What a child process printed, or how it ended. */
function outcome(command: string, args: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: TIMEOUT, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const ended = error === null ? '' : `ended with ${error.signal ?? error.code}: ${stderr}`
      resolve(`${stdout}${ended}`.trim().split('\n'))
    })
  })
}

const inProcess = (...names: string[]) => outcome(process.execPath, ['--expose-gc', script, ...names])

it('a process survives shapes and threads that cannot be, and arrays that are taken away', async () => {
  const expected = {
    manyThreads: 'trained',
    features2To64: 'RangeError: an array of this shape cannot exist',
    loseFeatures: 'RangeError: features has 0 elements instead of 256 (rows * dims)',
    losePatch: 'RangeError: patch has 0 elements instead of 4 (patchRows * patchCols * 4)',
    loseInJob: 'TypeError: a buffer was transferred while it was used by the largest of 1024x1024 features',
  }
  expect(await inProcess(...Object.keys(expected))).toEqual(Object.values(expected))
})

it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux')).each([
  [8, 'largeFrame', 'a compositor of a 65535x1 patch on a 65535x65535 frame'],
  [4, 'manyAnchors', 'the similarity of 1x1 features with 100000000 anchors'],
])('in %i GiB of memory a process survives what takes more: %s', async (gibibytes, name, what) => {
  const limit = String(gibibytes << 20)
  const words = ['-c', 'ulimit -v "$0" && exec "$@"', limit, process.execPath, '--expose-gc', script, name]
  expect(await outcome('sh', words)).toEqual([`RangeError: there is no memory for ${what}`])
})

it('a thread and a process end in the middle of trainings that last for minutes', async () => {
  expect(await inProcess('endThread', 'endProcess')).toEqual(['goes on', 'exits'])
})
