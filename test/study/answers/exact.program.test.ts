import { cpSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openThreads } from '../../../src/engine/open/handle.js'
import { pixelScene } from '../../../src/engine/scene/scene.js'
import { UsageError } from '../../../src/errors.js'
import { chooseNetwork } from '../../../src/networks/open/openNetwork.js'
import { readPhotograph } from '../../../src/patches/photographs.js'
import { sourceSide } from '../../../src/patches/sizes.js'
import type { ProgressEvent } from '../../../src/progress.js'
import { bucketOf } from '../../../src/results/answers/schema.js'
import { answersFolder, readAnswers, readValues } from '../../../src/results/answers/store.js'
import type { NetworkConsistency } from '../../../src/study/answers/consistency.js'
import { consistency } from '../../../src/study/answers/consistency.js'
import type { ConsistencyOptions } from '../../../src/study/answers/options.js'
import { messageOf } from '../../support/messageOf.js'
import { node, smallNetwork, weightsOf } from '../../support/smallNetwork.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const golden = fileURLToPath(new URL('../../golden/consistency/', import.meta.url))
const folder = sharedFolder()

/** A window moves by 9 pixels along each axis, so that there are enough positions for reuse. */
const FRAME = 64
const WINDOWS = (sourceSide(FRAME) - FRAME) ** 2
const CLASSES = 8
/** The golden photographs that are large enough. */
const NAMES = ['photograph-4.png', 'photograph-5.png']

async function classifier(): Promise<string> {
  const { onnxPath } = await smallNetwork(folder('classifier.onnx'), {
    ...{ name: 'classifier', side: FRAME, dims: CLASSES },
    initializers: [
      weightsOf('first', 8, 3, 5, 5),
      weightsOf('second', 8, 8, 3, 3),
      weightsOf('weights', 8 * 15 ** 2, CLASSES),
    ],
    nodes: [
      node('Conv', ['image', 'first'], 'map', { strides: [2, 2], pads: [2, 2, 2, 2] }),
      node('Relu', ['map'], 'relu'),
      node('Conv', ['relu', 'second'], 'last', { strides: [2, 2] }),
      node('Flatten', ['last'], 'flat'),
      node('MatMul', ['flat', 'weights'], 'feature'),
    ],
  })
  return onnxPath
}

const options = async (more: Partial<ConsistencyOptions> = {}): Promise<ConsistencyOptions> => {
  mkdirSync(folder('photographs'), { recursive: true })
  for (const name of NAMES) cpSync(`${golden}${name}`, folder('photographs', name))
  const model = await classifier()
  return {
    photographs: folder('photographs'),
    model,
    input: 'imagenet',
    workers: 1,
    protocols: ['crop'],
    report: false,
    ...more,
  }
}
async function measured(more: Partial<ConsistencyOptions> = {}): Promise<NetworkConsistency> {
  const { networks } = await consistency(await options({ exact: true, draws: 500, out: folder('out'), ...more }))
  return networks[0] as NetworkConsistency
}

const NAMES_OF_MEASURES = ['relative-agreement', 'agreement', 'chance', 'always-same', 'confidence']

/** Number of values that are stored for an answer. */
const COLUMNS = 4

/** The most probable class in each window of a photograph, whose images are cut out one by one. */
async function answersTo(name: string): Promise<readonly number[]> {
  const network = await chooseNetwork({ model: await classifier(), input: 'imagenet' })
  const { image } = await readPhotograph(
    { name, path: `${golden}${name}` },
    { frameSide: FRAME, side: sourceSide(FRAME) },
    'torchvision',
  )
  const along = [...Array(sourceSide(FRAME) - FRAME).keys()]
  const scene = pixelScene(image.rows, image.data)
  const frames = along.flatMap((top) => along.map((left) => ({ scene, row: -top, col: -left })))
  const handle = openThreads(network, { workers: 1, threads: 1, batch: 8 })
  const { layers } = await handle.encode(frames)
  await handle.close()
  const matrix = layers[network.layers.findIndex((layer) => layer.name === 'feature')]?.matrix as Float32Array
  return frames.map((_, at) => {
    const scores = matrix.subarray(at * CLASSES, (at + 1) * CLASSES)
    return scores.indexOf(Math.max(...scores))
  })
}

describe('the exact crop protocol', () => {
  it('gives the share of all pairs of windows with equal answers', async () => {
    const { measures, photographs, images } = await measured()
    expect(images).toBe(NAMES.length * (WINDOWS + 1000))
    expect(measures.map(({ protocol, measure }) => [protocol, measure])).toEqual([
      ...NAMES_OF_MEASURES.map((measure) => ['crop', measure]),
      ...NAMES_OF_MEASURES.map((measure) => ['crop-exact', measure]),
    ])
    for (const { name, values } of photographs) {
      const answers = await answersTo(name)
      const path = answersFolder(folder('out'), { model: 'classifier', protocol: 'crop-exact', bucket: bucketOf(name) })
      const stored = await readAnswers(path)
      const rows = await readValues(path, stored)
      const row = rows[stored.photographs.findIndex((one) => one.name === name)] as Float32Array
      expect(row.length).toBe(WINDOWS * COLUMNS)
      expect(answers.map((_, window) => row[window * COLUMNS])).toEqual(answers)
      const pairs = answers.flatMap((one) => answers.map((other) => Number(one === other)))
      const exact = pairs.reduce((sum, one) => sum + one) / pairs.length
      expect(exact).toBeGreaterThan(0.1)
      expect(exact).toBeLessThan(0.95)
      expect(values[6]).toBeCloseTo(exact, 12)
      // The standard error of so many draws is at most 0.0224.
      expect(Math.abs((values[1] as number) - exact)).toBeLessThan(0.0448)
    }
  })

  it('goes on where it was stopped, and needs no draws', async () => {
    const stopper = new AbortController()
    const onProgress = (event: ProgressEvent) =>
      event.kind === 'update' && event.done > WINDOWS + 20 && stopper.abort(new Error('stopped'))
    const given = await options({ exact: true, protocols: ['diagonal', 'crop'] })
    const imagesOf = async (out: string) =>
      (await consistency({ ...given, out: folder(out) })).networks.map(({ images }) => images)
    const { protocols, networks } = await consistency({ ...given, out: folder('whole') })
    expect(protocols).toEqual(['crop-exact', 'diagonal'])
    const stopped = consistency({ ...given, batch: 1, out: folder('stopped'), signal: stopper.signal, onProgress })
    await expect(stopped).rejects.toThrow('stopped')
    const [{ images }] = networks as readonly [NetworkConsistency]
    // The answers of at least one photograph are stored.
    expect((await imagesOf('stopped'))[0]).toBeLessThanOrEqual(images - WINDOWS)
    expect((await consistency({ ...given, out: folder('stopped') })).networks[0]?.photographs).toEqual(
      networks[0]?.photographs,
    )
    expect(await imagesOf('stopped')).toEqual([0])
  })

  it('needs the protocol crop', async () => {
    expect(await messageOf(measured({ protocols: ['diagonal'] }), UsageError)).toBe(
      '`exact` works only with the protocol crop; add it to `protocols`',
    )
  })
})
