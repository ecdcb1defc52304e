import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isToBeSupervised } from '../../../src/cli/process/supervisor.js'
import { start, until } from '../../support/commandLine.js'
import { leftOut } from '../../support/leftOut.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const folder = temporaryFolder()
const onPosix = it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))

it('only work that takes long is watched by another process', () => {
  for (const words of ['reproduce --sizes 75', '--verbose reproduce', '--no-color --verbose reproduce'])
    expect(isToBeSupervised(words.split(' ')), words).toBe(true)
  for (const words of ['reproduce -h', '--help reproduce', 'reproduce --dry-run --json', 'extract', '--verbose', ''])
    expect(isToBeSupervised(words.split(' ')), words).toBe(false)
})

/** A program that is watched by itself. What it does, JavaScript says that runs each time it is started. */
function watched(code: string) {
  const source = (name: string) => new URL(`../../../dist/cli/process/${name}.js`, import.meta.url).href
  writeFileSync(
    folder('program.mjs'),
    `import { isToBeSupervised, supervise, toldToSupervisor } from '${source('supervisor')}'
    if (isToBeSupervised(process.argv.slice(2))) await supervise()
    else {
      const { interruptible } = await import('${source('context')}')
      const { appendFileSync, readFileSync } = await import('node:fs')
      const { signal } = interruptible()
      const progress = toldToSupervisor(({ kind }) => console.log(kind))
      const work = (label, total, before) => progress({ kind: 'start', label, total, before, unit: 'images' })
      appendFileSync('${folder('starts')}', process.pid + '\\n')
      const times = readFileSync('${folder('starts')}', 'utf8').split('\\n').length - 1
      // What was said is on its way before the process ends.
      const end = (how) => setTimeout(() => process.kill(process.pid, how), 100)
      ${code}
    }`,
  )
  const program = start(['reproduce'], {}, folder('program.mjs'))
  const starts = () => (existsSync(folder('starts')) ? readFileSync(folder('starts'), 'utf8').trim().split('\n') : [])
  return { ...program, starts }
}

onPosix('what crashes is started again, as long as its work goes on', async () => {
  const { ended, starts } = watched(`
  if (times > 1) work('net', 10, times)
  if (times === 7) process.exitCode = 3
  else end(['SIGSEGV', 'SIGABRT', 'SIGKILL', 'SIGBUS', 'SIGILL', 'SIGFPE'][times - 1])`)
  const { status, stdout, stderr } = await ended
  const crash = (signal: string) => `the computing process crashed (${signal})`
  const again = '; restarting it with the remaining work'
  expect(stderr.trim().split('\n')).toEqual([
    `${crash('SIGSEGV')}${again}`,
    ...['SIGABRT', 'SIGKILL', 'SIGBUS', 'SIGILL', 'SIGFPE'].map((signal) => `${crash(signal)} at net${again}`),
  ])
  expect([status, stdout, starts().length]).toEqual([3, 'start\n'.repeat(6), 7])
})

onPosix('what crashes three times at the same is given up', async () => {
  const { ended, starts } = watched(`work('net', 10, 4); end('SIGTRAP')`)
  const { status, stderr } = await ended
  expect([status, starts().length]).toEqual([1, 3])
  expect(stderr.trim().split('\n').at(-1)).toBe(
    'shiftscope: the computing process crashed (SIGTRAP) at net, 3 times in a row. Finished units are saved; ' +
      'try a smaller --batch or fewer --workers, or leave this network out',
  )
})

onPosix('what ends by another signal ends as it did', async () => {
  const { ended, starts } = watched(`process.removeAllListeners('SIGHUP'); end('SIGHUP')`)
  expect(await ended).toMatchObject({ status: null, signal: 'SIGHUP', stderr: '' })
  expect(starts()).toHaveLength(1)
})

/** Waits for so many signals. A process that ended before the last one arrived could be killed by it. */
const waits = (signals: number) => `
  const waiting = setInterval(() => undefined, 1000)
  let left = ${signals}
  const heard = () => {
    if (--left > 0) return
    clearInterval(waiting)
    process.exitCode = signal.reason.exitStatus
  }
  for (const way of ['SIGINT', 'SIGTERM', 'message']) process.on(way, heard)
  console.log('ready')`

onPosix.each([
  ['SIGINT', 130, 'both'],
  ['SIGTERM', 143, 'the first'],
] as const)('%s ends both processes with %i, sent to %s', async (signal, status, whom) => {
  const { child, ended, starts } = watched(waits(whom === 'both' ? 2 : 1))
  child.stdout?.once('data', () => {
    child.kill(signal)
    if (whom === 'both') process.kill(Number(starts()[0]), signal)
  })
  const end = await ended
  expect([end.status, end.stderr]).toEqual([status, '\nstopping; press Ctrl-C again to end at once\n'])
})

onPosix('a second signal ends both at once', async () => {
  const { child, ended } = watched(`setInterval(() => undefined, 1000); console.log('ready')`)
  child.stdout?.once('data', () => child.kill('SIGTERM'))
  child.stderr?.once('data', () => child.kill('SIGTERM'))
  expect(await ended).toMatchObject({ status: null, signal: 'SIGTERM' })
})

it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))(
  'a process whose watching process was killed ends, too',
  async () => {
    const { child, ended, starts } = watched(waits(1))
    child.stdout?.once('data', () => child.kill('SIGKILL'))
    await ended
    // Where nobody asks for it any more, its number stays.
    const state = () => {
      try {
        return readFileSync(`/proc/${starts()[0]}/stat`, 'utf8').replace(/^.*\) /, '')
      } catch {
        return 'X'
      }
    }
    await until(async () => /^[XZ]/.test(state()))
  },
)
