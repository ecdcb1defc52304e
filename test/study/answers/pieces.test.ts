import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { ImageSpec } from '../../../src/engine/scene/task.js'
import { PROTOCOLS, type ProtocolSetting } from '../../../src/experiments/answers/protocols.js'
import { sha256OfFile } from '../../../src/files/sha256.js'
import type { OpenBucket } from '../../../src/study/answers/bucket.js'
import { type FramePiece, framePieces, mostFrames } from '../../../src/study/answers/pieces.js'
import { describedNetwork } from '../../support/smallNetwork.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const files = readdirSync(golden)
  .filter((name) => name.endsWith('.png'))
  .map((name) => ({ name, path: `${golden}${name}`, label: undefined }))

const settingOf = (draws: number): ProtocolSetting => ({
  ...{ frame: 28, draws },
  background: { rgb: [0, 0, 0] },
})

/** One bucket for each protocol, which has all photographs. */
async function* bucketsOf(draws: number): AsyncGenerator<OpenBucket> {
  for (const protocol of PROTOCOLS) {
    const item = { protocol, setting: settingOf(draws) } as OpenBucket['item']
    const fail = async (_: string, reason: string) => expect.unreachable(reason)
    yield { item, left: files, fail } as Partial<OpenBucket> as OpenBucket
  }
}

function piecesOf(most: number, draws: number) {
  return framePieces(bucketsOf(draws), {
    ...{ seed: 0, most, signal: undefined },
    ...{ reading: 'torchvision' as const, onDifferent: expect.unreachable, shares: async () => false },
  })
}

/** All frames with their photographs. */
async function framesOf(pieces: AsyncIterable<FramePiece>) {
  const found: (FramePiece['photographs'][number] & { readonly image: ImageSpec })[] = []
  for await (const { images, photographs } of pieces)
    for (const [i, image] of images.entries())
      found.push({ ...(photographs[i] as FramePiece['photographs'][number]), image })
  return found
}

it('describes the same frames in pieces of any length, and each picture once', async () => {
  const whole = await framesOf(piecesOf(1000, 2))
  const frames = PROTOCOLS.flatMap(({ name, count }) =>
    files.flatMap((file) => Array.from({ length: count(settingOf(2)) }, () => [name, file] as const)),
  )
  expect(whole.length).toBe(frames.length)
  for (const [i, [protocol, { name, path }]] of frames.entries()) {
    expect(whole[i]).toMatchObject({ name, sha256: await sha256OfFile(path) })
    expect(whole[i]?.bucket.item.protocol.name).toBe(protocol)
  }
  const lengths: number[] = []
  async function* watched() {
    for await (const piece of piecesOf(7, 2)) {
      lengths.push(piece.images.length)
      yield piece
    }
  }
  const withoutBucket = (all: typeof whole) => all.map(({ bucket, ...one }) => one)
  expect(withoutBucket(await framesOf(watched()))).toEqual(withoutBucket(whole))
  // The first piece is shorter, and the last one has what is left.
  const full = Math.floor((whole.length - 2) / 7)
  const rest = (whole.length - 2) % 7
  expect(lengths).toEqual([2, ...Array.from({ length: full }, () => 7), ...(rest === 0 ? [] : [rest])])
  // Of each photograph: itself, reduced, and continued beyond its edges.
  const pixels = new Set(whole.map(({ image }) => image.scene.patch.rgba))
  expect(pixels.size).toBe(files.length * 3)
})

it('describes no more frames than one piece has, however many there are', async () => {
  const pieces = piecesOf(7, 10_000_000)
  await pieces.next()
  const { value } = await pieces.next()
  expect(value?.images.length).toBe(7)
  await pieces.return()
})

it.each([
  [{ classes: 1000, workers: 2, batch: 32 }, 256],
  [{ classes: 1000, workers: 1, batch: 8 }, 32],
  // 64 MiB hold the scores of 55 frames.
  [{ classes: 100_000, workers: 2, batch: 8 }, 48],
  // With more workers than frames, no worker gets a whole batch.
  [{ classes: 100_000, workers: 64, batch: 8 }, 55],
  [{ classes: 10_000_000, workers: 2, batch: 8 }, 2],
])('limits the frames of a piece: %j, %i frames', ({ classes, ...settings }, expected) => {
  const network = describedNetwork({ layers: [{ name: 'scores', dims: classes }] })
  expect(mostFrames(network, { ...settings, threads: 1 })).toBe(expected)
})
