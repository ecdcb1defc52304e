import { join, resolve } from 'node:path'
import { UsageError } from '../../errors.js'
import type { RightClasses } from '../../experiments/protocolAnswers.js'
import {
  CENTER,
  EXACT_CROP,
  PROTOCOLS,
  type Protocol,
  type ProtocolSetting,
} from '../../experiments/protocols.js'
import { sha256OfFile } from '../../files/sha256.js'
import { isPlaceholder, networkNotes, recipeText } from '../../networks/index.js'
import { readBackground } from '../../patches/background.js'
import { findPhotographs, type PhotographFile } from '../../patches/photographs.js'
import { readList, writeList } from '../../results/answers/lists.js'
import { type AnswersInputs, ANSWERS_FORMAT, bucketOf } from '../../results/answers/schema.js'
import {
  answersDifferences,
  answersFolder,
  answersVersion,
  findAnswers,
  readAnswers,
} from '../../results/answers/store.js'
import { foldersIn } from '../../results/openResults.js'
import { checkResultsFolder } from '../../results/resultsFolder.js'
import { counted, listedNames } from '../../support/text.js'
import type { Study } from '../study.js'
import { type StoredItem, type WorkItem, workLeft } from '../workItem.js'
import { hasSameLabel } from './bucket.js'
import { type Classifier, classifiersOf } from './classifiers.js'
import { computeAnswers } from './compute.js'
import { type Labels, readLabels, rightClasses } from './labels.js'
import type { ResolvedConsistency } from './options.js'

/** The answers of one network to the photographs of one bucket, in one protocol. */
export interface AnswersItem extends WorkItem {
  readonly kind: 'answers'
  readonly network: Classifier
  readonly protocol: Protocol
  readonly setting: ProtocolSetting
  readonly inputs: AnswersInputs
  readonly photographs: readonly PlannedPhotograph[]
  /** Looks for the photographs whose answers are missing. */
  readonly look: () => Promise<Missing>
}

export interface PlannedPhotograph extends PhotographFile {
  /** The right classes, in the user's words and as indices. Null without a label; undefined if the call has no labels. */
  readonly label?: { readonly words: string; readonly right: NonNullable<RightClasses> } | null
}

/** What an item lacks. */
interface Missing {
  readonly left: readonly PlannedPhotograph[]
  /** Whether stored photographs have other labels than in this call. */
  readonly isRelabelled: boolean
  /** How stored answers differ that have other inputs; undefined if there are none. */
  readonly differences?: readonly string[]
}

/** A study of photographs. */
export interface AnswersStudy extends Study<AnswersItem> {
  readonly networks: readonly Classifier[]
  readonly photographs: readonly PhotographFile[]
  readonly protocols: readonly Protocol[]
  /** Where the labels were read from; undefined without labels. */
  readonly labels: string | undefined
}

/**
 * Opens the networks of a study of photographs, and lists what to compute. No photograph is read, except those whose
 * answers are stored: they are hashed, because they may have changed.
 * @param withPlaceholders see `planStudy`
 */
export async function planAnswers(options: ResolvedConsistency, withPlaceholders = false): Promise<AnswersStudy> {
  const { seed, draws, request, signal } = options
  const out = resolve(options.out)
  const notes: string[] = []
  const note = (line: string) => notes.push(line)
  const photographs = await findPhotographs(options.photographs, note)
  const networks = await classifiersOf(options, withPlaceholders)
  notes.push(...networks.flatMap(networkNotes))
  const labels = await readLabels(options.labels, photographs, networks, note)
  const protocols = labels ? [CENTER, ...options.protocols] : options.protocols
  const hashes = new Map<string, Promise<string | undefined>>()
  const hashOf = ({ path }: PhotographFile) => {
    const hash = hashes.get(path) ?? sha256OfFile(path).catch(() => undefined)
    hashes.set(path, hash)
    return hash
  }
  const items: AnswersItem[] = []
  for (const network of networks) {
    const frame = network.input.rows
    const { identity, background } = await readBackground(options.background, frame, signal)
    const right = labels && rightClasses(labels, network)
    const buckets = bucketsOf(photographs.map((file) => ({ ...file, ...labelOf(file, labels, right) })))
    for (const [bucket, own] of buckets)
      for (const protocol of protocols) {
        const inputs = inputsOf(network, protocol, { draws, seed, background: identity, bucket, ...request })
        items.push(await answersItem(out, { network, protocol, setting: { frame, draws, background }, inputs, photographs: own }, hashOf))
      }
  }
  await checkResultsFolder(out)
  notes.push(...(await notesOfOthers(out, items)))
  const work = await workLeft(items)
  …
}
