import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { type Column, keptValues, protocolNamed } from '../../experiments/answers/protocols.js'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { fileName } from '../../files/fileName.js'
import { encodeNpy, readNpy } from '../../files/npy.js'
import { fileVersion } from '../../files/regularFile.js'
import { readSealedJson, writeSealedJson } from '../../files/sealedJson.js'
import { firstDamaged, sha256 } from '../../files/sha256.js'
import { compareText } from '../store/openResults.js'
import {
  type AnsweredPhotograph,
  type AnswersInputs,
  answersSchema,
  type FailedPhotograph,
  type NetworkFacts,
  type StoredAnswers,
} from './schema.js'

const ANSWERS_FILE = 'answers.json'
const VALUES_FILE = 'answers.npy'

/** The inputs after which a folder of answers is named. */
export type AnswersPlace = Pick<AnswersInputs, 'model' | 'protocol' | 'bucket'>

/** Path of answers: `answers/<model>/<protocol>/<bucket>` in a results folder. */
export function answersFolder(results: string, { model, protocol, bucket }: AnswersPlace): string {
  return join(results, 'answers', fileName(model), protocol, bucket)
}

/** Path of the table of a network's photographs, which a report writes. */
export function photographsPath(results: string, model: string): string {
  return join(results, 'answers', fileName(model), 'photographs.csv')
}

export interface AnswersRow extends AnsweredPhotograph {
  /** The values of its answers; see `ProtocolAnswers`. */
  readonly values: Float32Array
}

/** The photographs of one bucket in memory. */
export interface Answers {
  readonly inputs: AnswersInputs
  readonly network?: NetworkFacts
  readonly columns: readonly Column[]
  readonly rows: readonly AnswersRow[]
  readonly failed: readonly FailedPhotograph[]
  readonly names: Readonly<Record<string, string>>
}

/**
 * Writes answers completely or not at all, sorted by the photographs' names, so that their order of arrival does not
 * matter.
 */
export async function writeAnswers(results: string, { rows, failed, ...answers }: Answers): Promise<void> {
  const sorted = rows.toSorted((a, b) => compareText(a.name, b.name))
  const [header] = encodeNpy([sorted.length, sorted[0]?.values.length ?? 0], new Float32Array())
  const npy = [
    header,
    ...sorted.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]
  await writeFolderAtomic(answersFolder(results, answers.inputs), async (folder) => {
    await writeFileAtomic(join(folder, VALUES_FILE), npy)
    await writeSealedJson(join(folder, ANSWERS_FILE), answersSchema, {
      ...answers,
      columns: [...answers.columns],
      photographs: sorted.map(({ values: _, ...photograph }) => photograph),
      failed: failed.toSorted((a, b) => compareText(a.name, b.name)),
      arrays: { [VALUES_FILE]: sha256(...npy) },
    })
  })
}

/** Stored answers of state `other` have other inputs. */
export type FoundAnswers =
  | { readonly state: 'found'; readonly answers: StoredAnswers }
  | { readonly state: 'missing' }
  | { readonly state: 'other'; readonly differences: readonly string[]; readonly answers?: StoredAnswers }

/**
 * Looks for stored answers that were made from these inputs, to any photographs. Damaged answers are missing.
 * @param checksValues whether to check the array, too
 */
export async function findAnswers(
  results: string,
  inputs: AnswersInputs,
  checksValues: boolean,
): Promise<FoundAnswers> {
  const folder = answersFolder(results, inputs)
  const answers = await readAnswers(folder).catch(() => undefined)
  if (answers === undefined) return { state: 'missing' }
  const differences = answersDifferences(answers.inputs, inputs)
  if (differences.length > 0) return { state: 'other', differences, answers }
  if (checksValues && (await firstDamaged(folder, answers.arrays)) !== undefined) return { state: 'missing' }
  return { state: 'found', answers }
}

/** Differences between stored inputs and the wanted ones, such as `draws 3 instead of 5`. */
export function answersDifferences(stored: AnswersInputs, wanted: AnswersInputs): readonly string[] {
  const names = Object.keys({ ...stored, ...wanted }) as (keyof AnswersInputs)[]
  return names.flatMap((name) => {
    const [has, wants] = [stored, wanted].map((inputs) => textOf(inputs[name]))
    if (has === wants) return []
    return [name === 'weightsSha256' ? 'another checkpoint' : `${name} ${has} instead of ${wants}`]
  })
}

function textOf(value: AnswersInputs[keyof AnswersInputs]): string {
  return typeof value === 'object' ? Object.entries(value).flat().join(' ') : String(value ?? 'none')
}

/** @throws InputError if answers.json is missing or damaged */
export function readAnswers(folder: string): Promise<StoredAnswers> {
  return readSealedJson(
    join(folder, ANSWERS_FILE),
    answersSchema,
    `run consistency on this folder again, or remove ${folder}`,
  )
}

/**
 * Reads the values of answers, and checks their hash and shape.
 * @returns one row for each photograph
 */
export async function readValues(folder: string, answers: StoredAnswers): Promise<readonly Float32Array[]> {
  const path = join(folder, VALUES_FILE)
  const { shape, data } = await readNpy(path)
  const { inputs, columns, photographs } = answers
  const length = shape[1] ?? 0
  const { draws = 0, frame } = inputs
  const isWhole =
    sha256(...encodeNpy(shape, data)) === answers.arrays[VALUES_FILE] &&
    shape[0] === photographs.length &&
    !data.includes(Number.POSITIVE_INFINITY) &&
    !data.includes(Number.NEGATIVE_INFINITY) &&
    (photographs.length === 0 || length === keptValues(protocolNamed(inputs.protocol), { draws, frame }, columns))
  if (!isWhole) throw new InputError(`${path} is damaged; run consistency on this folder again`)
  return photographs.map((_, i) => data.subarray(i * length, (i + 1) * length))
}

/** A text that changes whenever answers are written again; undefined if there are none. */
export function answersVersion(results: string, place: AnswersPlace): Promise<string | undefined> {
  return fileVersion(join(answersFolder(results, place), ANSWERS_FILE))
}
