import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { similarity } from '../../src/features/similarity.js'
import { readJsonRecords } from '../../src/files/jsonRecords.js'
import { openLocks } from '../../src/files/lock.js'
import { readNpy, writeNpy } from '../../src/files/npy.js'
import { withFile } from '../../src/files/openFile.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { recogniseCheckpoint } from '../../src/networks/file/recognition.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { cocoPatches } from '../../src/patches/cocoPatches.js'
import { patchesFrom } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { readRun } from '../../src/study/items/runFile.js'
import { annotation, writeAnnotations } from '../support/cocoFiles.js'
import { leftOut } from '../support/leftOut.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()

/** A pipe that nobody writes into: whoever opens it for reading waits. */
function pipe(...way: readonly string[]): string {
  const path = folder(...way)
  mkdirSync(dirname(path), { recursive: true })
  execFileSync('mkfifo', [path])
  return path
}

describe.skipIf(leftOut(process.platform === 'win32', 'they need a POSIX system'))('a pipe', { timeout: 5000 }, () => {
  it.each<[string, (path: string) => Promise<unknown>]>([
    ['a manifest', (path) => patchesFrom(dirname(path))],
    ['an annotation file', (path) => readJsonRecords(path, [], () => undefined)],
    ['a picture', readImage],
    ['an array', readNpy],
    ['a checkpoint', recogniseCheckpoint],
    ['a file that has a hash', sha256OfFile],
    ['a part of a file', (path) => withFile(path, (file) => file.read({ offset: 0, length: 0 }))],
    ['an ONNX file', async (path) => readOnnxFile(path)],
  ])('in the place of %s is refused in one line', async (_, read) => {
    expect(await messageOf(read(pipe('manifest.json')))).toMatch(/manifest.json.*(not a file|pipe)/)
  })

  it('in the place of COCO’s image is a reason', async () => {
    pipe('images', '1.png')
    const annotations = writeAnnotations(folder('instances.json'), [annotation(7, 1)])
    const { failed } = await cocoPatches({
      annotations,
      images: folder('images'),
      out: folder('out'),
      classes: ['dog'],
    })
    expect(failed[0]?.reason).toBe('annotation 7: its image 1.png is not a file')
  })

  it('in the place of a lock is one that nobody can be asked about', async () => {
    pipe('.locks', 'unit~0')
    pipe('.locks', '.other')
    const locks = openLocks(folder())
    expect(await locks.held()).toEqual([])
    expect(await locks.take('unit')).toBe(false)
    expect(await locks.take('other')).toBe(true)
    await locks.close()
  })

  it('beside an array, or in the place of run.json, is passed over', async () => {
    expect(await readRun(pipe('results', 'run.json'))).toBeUndefined()
    pipe('extract.json')
    await writeNpy(folder('a.npy'), [3, 3, 2], new Float32Array(18).fill(1))
    expect(await similarity(folder('a.npy'))).toMatchObject({ rows: 3, cols: 3, dims: 2 })
  })
})
