import { chmodSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { openAnswerStore } from '../../src/consistency/answerStore.js'
import { OutputError } from '../../src/errors.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** Files that this process has open. */
const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return []
    }
  })

it.skipIf(leftOut(process.platform !== 'linux' || !isMainThread, 'no list of open files, or no umask of a thread'))(
  'closes its first file if the second one cannot be opened',
  async () => {
    const opened = () => openAnswerStore(folder('out'), { model: 'network' }, 1, {})
    const store = await opened()
    await store.add({ sha256: 'ab' }, Float32Array.of(1))
    await store.close()
    mkdirSync(folder('out/.locks'))
    for (const path of ['', 'out', 'out/.locks', 'out/answers.bin']) chmodSync(folder(path), 0o777)
    const root = process.geteuid?.() === 0
    // The file of lines is written anew, and nobody may append to it. Root may do anything.
    const umask = process.umask(0o222)
    if (root) process.seteuid?.(65534)
    try {
      expect(await messageOf(opened(), OutputError)).toMatch(/^cannot write /)
    } finally {
      if (root) process.seteuid?.(0)
      process.umask(umask)
    }
    expect(openFiles().filter((path) => path.startsWith(folder()))).toEqual([])
  },
)
