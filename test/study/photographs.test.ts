import { mkdirSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { type ReproduceOptions, resolveOptions } from '../../src/study/options.js'
import { planStudy } from '../../src/study/plan.js'
import { messageOf } from '../support/messageOf.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()

beforeAll(async () => {
  const drawn = async (name: string, side: number) =>
    sharp({ create: { width: side, height: side, channels: 4, background: '#804020' } })
      .png()
      .toFile(folder(name))
  for (const name of ['photographs/dog', 'small', 'empty', 'objects']) mkdirSync(folder(name), { recursive: true })
  await drawn('photographs/dog/a.png', 300)
  await drawn('photographs/small.png', 100)
  await drawn('small/small.png', 100)
  await drawn('objects/a.png', 100)
  const patches = [{ name: 'dog/a.png', file: 'a.png' }]
  writeFileSync(folder('objects/manifest.json'), JSON.stringify({ patches }))
})

/** Plans a study of photographs in an embedded network. Returns its units and notes. */
async function plan(changes: Partial<ReproduceOptions>) {
  const notes: string[] = []
  const options = resolveOptions({
    models: ['tiny-alexnet'],
    photographs: folder('photographs'),
    out: folder('out'),
    onProgress: (event) => event.kind === 'note' && notes.push(event.line),
    ...changes,
  })
  const { units } = await planStudy(options)
  return { notes, inputs: units.map((unit) => unit.inputs) }
}

it('a photograph that is too small is left out with a note, and the folder of another is its category', async () => {
  const { notes, inputs } = await plan({ experiments: ['similarity'] })
  expect(notes).toEqual([
    'skipping a photograph: small.png is 100×100 px, but the network reads 224×224 px; use a larger photograph',
  ])
  expect(inputs).toMatchObject([{ patch: 'dog/a.png', category: 'dog', size: 256, stride: 1 }])
})

it('photographs are measured without classifiers and read-outs, and a note says why', async () => {
  const { notes, inputs } = await plan({ experiments: ['separability', 'readout'] })
  expect(notes[0]).toBe(
    'photographs are measured without separability and readout: their margin is too short for folds, which need several periods of a network’s stride',
  )
  expect(inputs).toMatchObject([{ separability: null }])
  expect(inputs[0]).not.toHaveProperty('readout.samples')
})

it('objects beside photographs are measured as without them', async () => {
  const { inputs } = await plan({ patches: 'dog', sizes: [75], experiments: ['separability'] })
  expect(inputs.map(({ patch, size, stride, separability }) => [patch, size, stride, separability !== null])).toEqual([
    ['dog', 75, 4, true],
    ['dog/a.png', 256, 1, false],
  ])
})

it.each<[string, Partial<ReproduceOptions>, typeof UsageError | typeof InputError, string]>([
  ['a margin of 0', { margin: 0 }, UsageError, 'margin 0 is not a whole number from 1 to 512'],
  ['sizes without objects', { sizes: [75] }, UsageError, '`sizes` are those of objects, and this study has none'],
  ['only arithmetic', { experiments: ['arithmetic'] }, UsageError, 'arithmetic is for objects only'],
  ['an empty folder', { photographs: 'empty' }, InputError, 'no photographs in'],
  [
    'only small photographs',
    { photographs: 'small' },
    InputError,
    'no photograph can be used; the last one: small.png',
  ],
  ['one name twice', { patches: 'objects' }, InputError, 'an object and a photograph are both named dog/a.png; rename'],
])('%s is refused in one line', async (_, { photographs = 'photographs', patches, ...changes }, type, text) => {
  const paths = { photographs: folder(photographs), ...(patches && { patches: folder(patches) }) }
  expect(await messageOf(plan({ ...changes, ...paths }), type)).toContain(text)
})
