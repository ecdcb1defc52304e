import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { OutputError } from '../../src/errors.js'
import { writeFileAtomic, writeFolderAtomic } from '../../src/files/atomic.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { onTmpfs } from '../support/tmpfs.js'

const inFolder = temporaryFolder()

it('a full disk leaves the former file', async (context) => {
  const mounted = await onTmpfs(inFolder('disk'), 'size=256k', async () => {
    writeFileSync(inFolder('disk', 'file'), 'former')
    const failing = writeFileAtomic(inFolder('disk', 'file'), new Uint8Array(1 << 20))
    expect(await messageOf(failing, OutputError)).toMatch(/the disk is full; free some space and run the same/)
    const folder = writeFolderAtomic(inFolder('disk', 'unit'), (temporary) =>
      writeFileAtomic(`${temporary}/similarity.npy`, new Uint8Array(1 << 20)),
    )
    await expect(folder).rejects.toThrow(`cannot write ${inFolder('disk', 'unit')}: the disk is full`)
    expect(readdirSync(inFolder('disk'))).toEqual(['file'])
    expect(readFileSync(inFolder('disk', 'file'), 'utf8')).toBe('former')
  })
  if (!mounted) context.skip('a small file system cannot be mounted here')
})
