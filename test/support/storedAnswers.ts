import { columnsOf, keptValues, protocolNamed } from '../../src/experiments/answers/protocols.js'
import { sha256 } from '../../src/files/sha256.js'
import { ANSWERS_FORMAT, type AnswersInputs, bucketOf, type NetworkFacts } from '../../src/results/answers/schema.js'
import { type AnswersRow, writeAnswers } from '../../src/results/answers/store.js'

/** A photograph. Its content is its name, unless another one is given. */
export interface MadePhotograph {
  readonly name: string
  readonly content?: string | Uint8Array
  readonly label?: string
  readonly right?: readonly number[]
  /** Classes that the network answers in turn; by default, only class 0. */
  readonly answers?: readonly number[]
  /** Probability of each answer; 0.75 by default. */
  readonly probability?: number
  /** Probability of the right class; NaN by default. */
  readonly rightProbability?: number
}

const FRAME = 32

export function madeInputs(changes: Partial<AnswersInputs> = {}): AnswersInputs {
  const { protocol = 'diagonal' } = changes
  return {
    format: ANSWERS_FORMAT,
    model: 'net',
    weightsSha256: sha256('weights'),
    layer: 'fc',
    frame: FRAME,
    input: '32 px',
    reading: 'torchvision',
    scores: 'logits',
    ...(protocolNamed(protocol).settings.includes('draws') && { draws: 2, seed: 0 }),
    bucket: '00',
    ...changes,
    protocol,
  }
}

/** Stores the answers of one network to photographs in one protocol, in their buckets. */
export async function storeAnswers(
  results: string,
  photographs: readonly MadePhotograph[],
  changes: Partial<AnswersInputs> = {},
  network?: NetworkFacts,
): Promise<void> {
  const inputs = madeInputs(changes)
  for (const bucket of new Set(photographs.map(({ name }) => bucketOf(name)))) {
    const own = photographs.filter(({ name }) => bucketOf(name) === bucket)
    await writeAnswers(results, {
      inputs: { ...inputs, bucket },
      ...(network && { network }),
      columns: columnsOf(inputs),
      rows: own.map((one) => rowOf(one, inputs)),
      failed: [],
      names: { 0: 'ant', 1: 'bee' },
    })
  }
}

function rowOf(photograph: MadePhotograph, inputs: AnswersInputs): AnswersRow {
  const {
    name,
    content = name,
    label,
    right,
    answers = [0],
    probability = 0.75,
    rightProbability = Number.NaN,
  } = photograph
  const columns = columnsOf(inputs)
  const protocol = protocolNamed(inputs.protocol)
  const setting = { frame: inputs.frame, draws: inputs.draws ?? 0 }
  const values = Float32Array.from({ length: keptValues(protocol, setting, columns) }, (_, i) => {
    const answer = answers[Math.floor(i / columns.length) % answers.length] as number
    return { answer, probability, next: probability / 2, right: rightProbability, overlap: 1 }[
      columns[i % columns.length] as 'answer'
    ]
  })
  return {
    name,
    sha256: sha256(content),
    ...(label !== undefined && { label }),
    ...(right !== undefined && { right: [...right] }),
    values,
  }
}
