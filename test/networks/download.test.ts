import { mkdirSync, statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { download } from '../../src/networks/download.js'
import { silent } from '../../src/progress.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { startServer } from './fileServer.js'

const inFolder = temporaryFolder()

it('a file of a known size that comes without its length, and is shorter, is refused and not gone on with', async () => {
  const server = await startServer((_, response) => response.writeHead(200).end('no such file'), 'http')
  mkdirSync(inFolder('part'))
  const partial = { folderOfName: inFolder(), folder: inFolder('part'), path: inFolder('part', 'file') }
  const action = download(new URL(`${server.address}/file`), partial, {
    ...{ bytes: 40, label: 'file', progress: silent, elsewhere: '`mirror`' },
    ...{ signal: undefined, stallSeconds: 30, ca: undefined },
  })
  await expect(action).rejects.toThrow(
    new InputError(`${server.address}/file is 12 bytes instead of 40: not the file that is known; use \`mirror\``),
  )
  expect(statSync(partial.path).size).toBe(0)
})
