import { dirname, resolve } from 'node:path'
import { OUT, throwIfStopped, UsageError } from '../../errors.js'
import { storedHead } from '../../experiments/answers/heads.js'
import { CENTER, type Protocol } from '../../experiments/answers/protocols.js'
import { sha256OfFile } from '../../files/sha256.js'
import { recipeText } from '../../networks/input/recipe.js'
import { type NamedBackground, readBackground } from '../../patches/background.js'
import { findPhotographs, type PhotographFile } from '../../patches/photographs.js'
import { listFile, writeList } from '../../results/answers/lists.js'
import { ANSWERS_FORMAT, type AnswersInputs, bucketOf } from '../../results/answers/schema.js'
import {
  answersDifferences,
  answersFolder,
  answersVersion,
  findAnswers,
  readAnswers,
} from '../../results/answers/store.js'
import { compareText, foldersIn } from '../../results/store/openResults.js'
import { checkResultsFolder } from '../../results/store/resultsFolder.js'
import { addTo } from '../../support/lists.js'
import { counted } from '../../support/text.js'
import type { StudyPlan } from '../items/studyPlan.js'
import { workLeft } from '../items/workItem.js'
import { hasSameLabel } from './bucket.js'
import { type Classifier, classifiersOf } from './classifiers.js'
import { computeAnswers } from './compute.js'
import { networkFacts } from './facts.js'
import { type AnswersItem, answersTitle, type Missing, type PlannedPhotograph } from './item.js'
import { type Labels, readLabels, rightClasses } from './labels.js'
import type { ResolvedConsistency } from './options.js'

/** A study of photographs. */
export interface AnswersPlan extends StudyPlan<AnswersItem> {
  readonly networks: readonly Classifier[]
  readonly protocols: readonly Protocol[]
  /** Background of the first network's frames; see `NamedBackground`. */
  readonly background: string
  /** Where the labels were read from; undefined without labels. */
  readonly labels: string | undefined
}

/**
 * Opens the networks of a study of photographs, and lists what to compute. It reads no photograph, except those whose
 * answers are stored: they are hashed, because they may have changed.
 * @throws UsageError if the results folder has answers to other photographs with other settings
 */
export async function planAnswers(options: ResolvedConsistency, out: string): Promise<AnswersPlan> {
  const notes: string[] = []
  const photographs = await findPhotographs(options.photographs, (line) => notes.push(line))
  const networks = await classifiersOf(options)
  const labels = await readLabels(options.labels, photographs, networks, (line) => notes.push(line))
  const protocols = labels ? [CENTER, ...options.protocols] : options.protocols
  await checkResultsFolder(out)
  const hashOf = fileHashes(options.signal)
  const items: AnswersItem[] = []
  const backgrounds: NamedBackground[] = []
  for (const network of networks) {
    const right = labels && rightClasses(labels, network)
    const labelled = photographs.map((file) => ({ ...file, label: labels && labelOf(file, labels, right) }))
    const facts = networkFacts(network)
    const background = await readBackground(options.background, network.input.rows, options.signal)
    backgrounds.push(background)
    for (const [bucket, own] of bucketsOf(labelled))
      for (const protocol of protocols) {
        const settings = settingsOf(network, protocol, bucket, background, options)
        items.push(await answersItem({ out, network, facts, protocol, photographs: own, ...settings }, hashOf))
      }
  }
  notes.push(...(await otherPhotographs(out, items)))
  const names = photographs.map(({ name }) => name)
  const shared = { photographs, options, different: new Set<string>() }
  return {
    ...{ out, networks, protocols, items, notes, labels: labels?.source },
    background: backgrounds[0]?.identity ?? '',
    ...(await workLeft(items)),
    description: describeAnswers(items, resolve(options.photographs), names, labels),
    keepInputs: () => writeList(out, names),
    compute: (run, first) => computeAnswers(run, first, shared),
  }
}

/** Hashes files, each once. Undefined for a file that cannot be read. */
function fileHashes(signal: AbortSignal | undefined): (file: PhotographFile) => Promise<string | undefined> {
  const hashes = new Map<string, Promise<string | undefined>>()
  return async ({ path }) => {
    throwIfStopped(signal)
    const hash = hashes.get(path) ?? sha256OfFile(path).catch(() => undefined)
    hashes.set(path, hash)
    return hash
  }
}

function labelOf(
  { name }: PhotographFile,
  labels: Labels,
  right: ReadonlyMap<string, readonly number[]> | undefined,
): PlannedPhotograph['label'] {
  const [label, classes] = [labels.of.get(name), right?.get(name)]
  return label && classes ? { words: label.words.join(';'), right: classes } : null
}

/** Photographs by bucket. Buckets and their photographs are sorted. */
function bucketsOf(
  photographs: readonly PlannedPhotograph[],
): readonly (readonly [string, readonly PlannedPhotograph[]])[] {
  const buckets = new Map<string, PlannedPhotograph[]>()
  for (const photograph of photographs) addTo(buckets, bucketOf(photograph.name), photograph)
  for (const own of buckets.values()) own.sort((a, b) => compareText(a.name, b.name))
  return [...buckets].sort(([a], [b]) => compareText(a, b))
}

function settingsOf(
  network: Classifier,
  { name: protocol, settings }: Protocol,
  bucket: string,
  { identity, background }: NamedBackground,
  { draws, seed, reading, request }: ResolvedConsistency,
): Pick<AnswersItem, 'setting' | 'inputs'> {
  const frame = network.input.rows
  const inputs: AnswersInputs = {
    format: ANSWERS_FORMAT,
    model: network.id,
    weightsSha256: network.weightsSha256,
    layer: network.classes.layer,
    frame,
    input: recipeText(network.input),
    reading,
    scores: network.classes.scores.meaning,
    ...(request.precision === 'fp16' && { precision: request.precision }),
    ...(network.head && { head: storedHead(network.head) }),
    protocol,
    ...(settings.includes('draws') && { draws }),
    ...(settings.includes('seed') && { seed }),
    ...(settings.includes('background') && { background: identity }),
    bucket,
  }
  return { inputs, setting: { frame, draws, background } }
}

async function answersItem(
  parts: Pick<AnswersItem, 'network' | 'facts' | 'protocol' | 'setting' | 'inputs' | 'photographs'> & {
    readonly out: string
  },
  hashOf: (file: PhotographFile) => Promise<string | undefined>,
): Promise<AnswersItem> {
  const { out, network, facts, protocol, setting, inputs, photographs } = parts
  const look = () => missingIn(out, inputs, photographs, hashOf)
  const missing = await look()
  return {
    kind: 'answers',
    ...{ network, facts, protocol, setting, inputs, photographs, look },
    title: answersTitle(inputs),
    group: protocol.name,
    count: photographs.length,
    images: missing.left.length * protocol.count(setting),
    path: answersFolder(out, inputs),
    find: async () => {
      if (missing.differences.length > 0) return { state: 'other', differences: missing.differences }
      return { state: missing.left.length === 0 && !missing.isRelabelled ? 'finished' : 'missing' }
    },
    isStored: async () => {
      const found = await findAnswers(out, inputs, false)
      if (found.state !== 'found') return false
      const stored = new Map(found.answers.photographs.map((one) => [one.name, one]))
      const failed = new Set(found.answers.failed.map(({ name }) => name))
      return photographs.every((photograph) => {
        const row = stored.get(photograph.name)
        return row === undefined ? failed.has(photograph.name) : hasSameLabel(row, photograph)
      })
    },
    version: () => answersVersion(out, inputs),
  }
}

async function missingIn(
  out: string,
  inputs: AnswersInputs,
  photographs: readonly PlannedPhotograph[],
  hashOf: (file: PhotographFile) => Promise<string | undefined>,
): Promise<Missing> {
  const found = await findAnswers(out, inputs, true)
  if (found.state !== 'found')
    return { left: photographs, isRelabelled: false, differences: found.state === 'other' ? found.differences : [] }
  const stored = new Map(found.answers.photographs.map((one) => [one.name, one]))
  const failed = new Map(found.answers.failed.map((one) => [one.name, one.sha256]))
  const left: PlannedPhotograph[] = []
  let isRelabelled = false
  for (const photograph of photographs) {
    const row = stored.get(photograph.name)
    const digest = row?.sha256 ?? failed.get(photograph.name)
    if (digest === undefined || digest !== (await hashOf(photograph))) left.push(photograph)
    else if (row !== undefined && !hasSameLabel(row, photograph)) isRelabelled = true
  }
  return { left, isRelabelled, differences: [] }
}

/**
 * Says how many other photographs the results folder has of these networks and protocols.
 * @throws UsageError if their answers were made from other inputs
 */
async function otherPhotographs(out: string, items: readonly AnswersItem[]): Promise<readonly string[]> {
  const planned = new Map(items.map((item) => [item.path, item]))
  const firsts = new Map(items.map((item) => [dirname(item.path), item]))
  const others = new Set<string>()
  for (const [protocol, { inputs }] of firsts)
    for (const folder of await foldersIn(protocol)) {
      const stored = await readAnswers(folder).catch(() => undefined)
      if (stored === undefined) continue
      const own = new Set(planned.get(folder)?.photographs.map(({ name }) => name))
      const alone = stored.photographs.filter(({ name }) => !own.has(name))
      const [difference] = answersDifferences(stored.inputs, { ...inputs, bucket: stored.inputs.bucket })
      if (alone[0] !== undefined && difference !== undefined)
        throw UsageError.of`${out} has answers of ${inputs.model} to ${alone[0].name} with ${difference}; choose another ${OUT}, or remove ${protocol}`
      for (const { name } of alone) others.add(name)
    }
  if (others.size === 0) return []
  return [`${out} also has answers to ${counted(others.size, 'other photograph')}, and the report includes them`]
}

function describeAnswers(
  items: readonly AnswersItem[],
  source: string,
  names: readonly string[],
  labels: Labels | undefined,
): object {
  const protocols = new Map(items.map(({ path, inputs: { bucket, ...inputs } }) => [dirname(path), inputs]))
  return {
    photographs: { source, list: listFile(names), count: names.length },
    ...(labels && { labels: labels.source, ...(labels.sha256 !== undefined && { labelsSha256: labels.sha256 }) }),
    answers: [...protocols.values()],
  }
}
