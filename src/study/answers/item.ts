import type { RightClasses } from '../../experiments/answers/protocolAnswers.js'
import type { Protocol, ProtocolSetting } from '../../experiments/answers/protocols.js'
import type { PhotographFile } from '../../patches/photographs.js'
import type { AnswersInputs, NetworkFacts } from '../../results/answers/schema.js'
import type { WorkItem } from '../items/workItem.js'
import type { Classifier } from './classifiers.js'

/** The answers of one network to the photographs of one bucket, in one protocol. */
export interface AnswersItem extends WorkItem {
  readonly kind: 'answers'
  readonly count: number
  readonly network: Classifier
  readonly facts: NetworkFacts
  readonly protocol: Protocol
  readonly setting: ProtocolSetting
  readonly inputs: AnswersInputs
  /** Sorted by name. */
  readonly photographs: readonly PlannedPhotograph[]
  /** Looks for the photographs whose answers are missing. */
  readonly look: () => Promise<Missing>
}

export interface PlannedPhotograph extends PhotographFile {
  /** The right classes, in the user's words and as indices. Null without a label; undefined if the call has no labels. */
  readonly label: { readonly words: string; readonly right: NonNullable<RightClasses> } | null | undefined
}

/** What an item lacks. */
export interface Missing {
  readonly left: readonly PlannedPhotograph[]
  /** Whether stored photographs have other labels than in this call. */
  readonly isRelabelled: boolean
  /** How stored answers differ that have other inputs. */
  readonly differences: readonly string[]
}

/** Title of the answers in one bucket. */
export function answersTitle({
  model,
  protocol,
  bucket,
}: Readonly<Record<'model' | 'protocol' | 'bucket', string>>): string {
  return `${model} ${protocol} ${bucket}`
}
