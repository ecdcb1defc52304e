import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../../src/files/atomic.js'
import { leftOut } from '../support/leftOut.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const inFolder = temporaryFolder()

it('a full disk leaves the former file', async (context) => {
  const mounted = await onTmpfs(inFolder('disk'), 'size=256k', async () => {
    writeFileSync(inFolder('disk', 'file'), 'former')
    const failing = writeFileAtomic(inFolder('disk', 'file'), new Uint8Array(1 << 20))
    await expect(failing).rejects.toThrow(OutputError)
    await expect(failing).rejects.toThrow(/the disk is full; free some space and run the same command again/)
    const folder = writeFolderAtomic(inFolder('disk', 'unit'), (temporary) =>
      writeFileAtomic(`${temporary}/similarity.npy`, new Uint8Array(1 << 20)),
    )
    await expect(folder).rejects.toThrow(`cannot write ${inFolder('disk', 'unit')}: the disk is full`)
    expect(readdirSync(inFolder('disk'))).toEqual(['file'])
    expect(readFileSync(inFolder('disk', 'file'), 'utf8')).toBe('former')
  })
  if (!mounted) context.skip('a small file system cannot be mounted here')
})

it('a read-only file system is told', async (context) => {
  const mounted = await onTmpfs(inFolder('disk'), 'ro', async () => {
    const failing = writeFileAtomic(inFolder('disk', 'file'), 'text')
    await expect(failing).rejects.toThrow(/the file system is read-only; make it writable/)
  })
  if (!mounted) context.skip('a read-only file system cannot be mounted here')
})

it.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))('a pipe keeps its name', async () => {
  execFileSync('mkfifo', [inFolder('pipe')])
  const failing = writeFileAtomic(inFolder('pipe'), 'text')
  await expect(failing).rejects.toThrow(/a device or a pipe stands where a file is needed; choose another name/)
  expect(lstatSync(inFolder('pipe')).isFIFO()).toBe(true)
  expect(readdirSync(inFolder())).toEqual(['pipe'])
})
