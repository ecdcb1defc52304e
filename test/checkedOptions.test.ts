import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { benchExtraction } from '../src/bench/extract.js'
import { benchUnits } from '../src/bench/unit.js'
import { submitSlurm } from '../src/cluster/submit.js'
import { compare } from '../src/compare/compare.js'
import { UsageError } from '../src/errors.js'
import { explore } from '../src/explore/explore.js'
import { type ExtractOptions, extract, openNetwork } from '../src/features/openNetwork.js'
import { writeNpy } from '../src/files/npy.js'
import { importWeights } from '../src/networks/models/imported.js'
import { inspectModel } from '../src/networks/models/inspection.js'
import { pullWeights } from '../src/networks/models/pullWeights.js'
import { writeReport } from '../src/report/report.js'
import { openResults } from '../src/results/store/openResults.js'
import { type ArithmeticOptions, arithmetic } from '../src/study/arithmetic/arithmetic.js'
import { reproduce } from '../src/study/maps/reproduce.js'
import { studyStatus } from '../src/study/status.js'
import { temporaryFolder } from './support/temporaryFolder.js'

const inFolder = temporaryFolder()

const DOG = new URL('../models/patches/dog.png', import.meta.url).pathname

it.each([undefined, null, 5, {}])('an argument that is no text is refused with a code: %j', async (given) => {
  const value = given as string
  const kind = given === null ? 'null' : typeof given
  const code = 'ERR_SHIFTSCOPE_USAGE'
  const network = { code, message: `the network must be a text, not ${kind}` }
  await expect(openNetwork(value)).rejects.toMatchObject(network)
  await expect(inspectModel(value)).rejects.toMatchObject(network)
  await expect(importWeights(value, DOG)).rejects.toMatchObject(network)
  await expect(pullWeights(value)).rejects.toMatchObject(network)
  const folder = { code, message: `a results folder must be a text, not ${kind}` }
  await expect(compare(value, inFolder())).rejects.toMatchObject(folder)
  await expect(compare(inFolder(), value)).rejects.toMatchObject(folder)
  await expect(openResults(value).next()).rejects.toMatchObject(folder)
  await expect(studyStatus(value)).rejects.toMatchObject(folder)
  await expect(writeReport(value)).rejects.toMatchObject(folder)
  const file = { code, message: `a file must be a text, not ${kind}` }
  await expect(importWeights('alexnet', value)).rejects.toMatchObject(file)
  await expect(writeNpy(value, [1], new Float32Array(1))).rejects.toMatchObject(file)
})

describe('options that only a script can give', () => {
  it.each([
    [{ models: [] }, 'models is empty; name at least one, or leave it out'],
    [{ sizes: [] }, 'sizes is empty'],
    [{ experiments: [] }, 'experiments is empty'],
    [{ cv: [] }, 'cv is empty'],
    [{ preset: 'slow' as 'quick' }, 'preset slow is not known; use quick, paper'],
    [{ blend: 'lighten' as 'soft' }, 'blend lighten is not known; use hard, soft'],
    [{ limits: { low: 1, high: 0 } }, 'limits 1,0 must be two finite numbers, the smaller one first'],
  ])('are refused by reproduce before anything is written: %j', async (options, message) => {
    const study = reproduce({ ...options, out: inFolder('results') })
    await expect(study).rejects.toThrow(UsageError)
    await expect(study).rejects.toThrow(message)
    expect(readdirSync(inFolder())).toEqual([])
  })

  it.each<[Partial<ExtractOptions>, string]>([
    [{ layers: [] }, '`layers` is empty; leave it out, or name a layer of tiny-alexnet'],
    [{ blend: 'lighten' as 'soft' }, 'blend lighten is not known; use hard, soft'],
    [
      { patch: 7 as unknown as string },
      'option patch must be a path, a name, the bytes of a picture, or pixels, not number 7',
    ],
    [{ patch: {} as unknown as string }, 'or pixels, not an object'],
    [{ patch: undefined as unknown as string }, 'give `patch` and `size`, or `photograph`'],
  ])('are refused by extract: %j', async (options, message) => {
    const extraction = extract({ model: 'tiny-alexnet', patch: DOG, size: 75, stride: 50, ...options })
    await expect(extraction).rejects.toThrow(UsageError)
    await expect(extraction).rejects.toThrow(message)
  })

  const slurm = { tasks: 2, minutes: 15, print: true, study: {} }
  const functions = { submitSlurm, benchExtraction, benchUnits, explore }
  it.each([
    ['submitSlurm', { ...slurm, cpu: 8 }, 'option cpu is not known; known options are tasks, cpus, gpus, minutes'],
    ['submitSlurm', { ...slurm, cpus: '8' }, 'option cpus must be a number, not the text "8"'],
    ['submitSlurm', { study: {} }, 'option tasks is missing'],
    ['submitSlurm', { tasks: 2 }, 'option study is missing'],
    ['submitSlurm', { ...slurm, study: 'quick' }, 'option study must be an object, not the text "quick"'],
    ['submitSlurm', { ...slurm, study: { size: 75 } }, 'option size is not known; known options are preset, models'],
    ['benchExtraction', { sizes: [75] }, 'option sizes is not known; known options are models, weights, device'],
    ['benchExtraction', { repeats: '3' }, 'option repeats must be a number, not the text "3"'],
    ['benchExtraction', { repeats: 0 }, '`repeats` 0 is not a positive whole number'],
    ['benchUnits', { repeats: 0.5 }, '`repeats` 0.5 is not a positive whole number'],
    ['benchUnits', { size: [75] }, 'option size is not known; known options are models, weights, device'],
    ['explore', { models: [] }, 'models is empty; name at least one, or leave it out'],
    ['benchUnits', { models: 'alexnet' }, 'option models must be an array, not the text "alexnet"'],
  ] as const)('are refused by %s: %j', async (name, options, message) => {
    const called: (options: never) => Promise<unknown> = functions[name]
    const refused = called(options as never)
    await expect(refused).rejects.toThrow(UsageError)
    await expect(refused).rejects.toThrow(message)
  })

  it('are refused by arithmetic', async () => {
    const options: ArithmeticOptions = { expression: 'A', images: { A: 'dog@0,0' }, blend: 'lighten' as 'soft' }
    await expect(arithmetic(options)).rejects.toThrow(/^blend lighten is not known/)
  })
})
