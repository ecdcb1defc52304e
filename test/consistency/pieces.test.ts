import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type FramePiece, framePieces, mostFrames } from '../../src/consistency/pieces.js'
import { PROTOCOLS } from '../../src/consistency/protocols.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import type { PatchFailure } from '../../src/patches/patchFolder.js'
import { imagenetInput } from '../support/imagenetInput.js'
import { describedNetwork } from '../support/smallNetwork.js'

const golden = fileURLToPath(new URL('../golden/consistency/', import.meta.url))
const files = readdirSync(golden)
  .filter((name) => name.endsWith('.png'))
  .map((name) => ({ name, path: `${golden}${name}` }))

function piecesOf(
  most: number,
  draws: number,
  more: { readonly missing?: string; readonly signal?: AbortSignal } = {},
) {
  const failed: PatchFailure[] = []
  const missing = { name: 'gone.png', path: `${golden}gone.png` }
  const pieces = framePieces(more.missing === undefined ? files : [missing, ...files], {
    protocols: PROTOCOLS,
    setting: { frame: 28, draws, background: new Uint8Array(28 * 28 * 3), columns: [] },
    seed: 0,
    most,
    onFailure: (failure) => failed.push(failure),
    signal: more.signal,
  })
  return { pieces, failed }
}

/** All frames with their photographs, copied because the memory of a piece is used again. */
async function framesOf(pieces: AsyncIterable<FramePiece>) {
  const found: { readonly name: string; readonly sha256: string; readonly frame: number[] }[] = []
  for await (const { frames, photographs } of pieces)
    for (const [i, frame] of frames.entries())
      found.push({ ...(photographs[i] as FramePiece['photographs'][number]), frame: [...frame] })
  return found
}

it('draws the same frames in pieces of any length, in two memories', async () => {
  const whole = await framesOf(piecesOf(1000, 2).pieces)
  // 4 crops, 5 along the diagonal, 15 embedded, 4 circular shifts, 16 fractions and 4 steps.
  expect(whole.length).toBe(files.length * 48)
  expect(new Set(whole.map(({ frame }) => frame.length))).toEqual(new Set([28 * 28 * 3]))
  for (const [i, { name, path }] of files.entries())
    expect(whole[i * 48 + 47]).toMatchObject({ name, sha256: await sha256OfFile(path) })
  const memories = new Set<ArrayBufferLike>()
  const lengths: number[] = []
  async function* watched() {
    for await (const piece of piecesOf(7, 2).pieces) {
      for (const { buffer } of piece.frames) memories.add(buffer)
      lengths.push(piece.frames.length)
      yield piece
    }
  }
  expect(await framesOf(watched())).toEqual(whole)
  expect(memories.size).toBe(2)
  expect(lengths).toEqual([...Array.from({ length: 41 }, () => 7), 1])
})

it('draws no more frames than one piece has, however many there are', async () => {
  const { pieces } = piecesOf(7, 10_000_000)
  const { value } = await pieces.next()
  expect(value?.frames.length).toBe(7)
  await pieces.return()
})

it('leaves out photographs that cannot be read, and says why', async () => {
  const { pieces, failed } = piecesOf(1000, 2, { missing: 'gone.png' })
  expect((await framesOf(pieces)).length).toBe(files.length * 48)
  expect(failed).toEqual([{ name: 'gone.png', reason: expect.stringMatching(/gone\.png: no such file/) }])
})

it.each([
  // 24 batches of 32 for each of 2 workers would be 1536 frames, but 96 MiB hold 668 of 150,528 bytes.
  [{ side: 224, classes: 1000, workers: 2, batch: 32 }, 640],
  [{ side: 224, classes: 1000, workers: 1, batch: 8 }, 192],
  // With more workers than frames, no worker gets a whole batch.
  [{ side: 224, classes: 1000, workers: 64, batch: 32 }, 668],
  [{ side: 1024, classes: 10, workers: 2, batch: 8 }, 32],
  // 64 MiB hold the scores of 55 frames.
  [{ side: 32, classes: 100_000, workers: 2, batch: 8 }, 48],
  [{ side: 10_000, classes: 10, workers: 2, batch: 8 }, 2],
])('limits the frames of a piece: %j, %i frames', ({ side, classes, ...settings }, expected) => {
  const network = describedNetwork({
    input: { ...imagenetInput, rows: side, cols: side },
    layers: [{ name: 'scores', dims: classes }],
  })
  expect(mostFrames(network, { ...settings, threads: 1 })).toBe(expected)
})

it('stops between two frames', async () => {
  const stopper = new AbortController()
  const { pieces } = piecesOf(10_000_000, 10_000_000, { signal: stopper.signal })
  setTimeout(() => stopper.abort(new Error('stopped')), 1)
  await expect(pieces.next()).rejects.toThrow('stopped')
})
