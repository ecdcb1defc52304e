import { parseDevice } from '../engine/device.js'
import { throwIfStopped, UsageError } from '../errors.js'
import { checkIds, chooseNetwork, isOwnNetwork, networkNotes, OWN_OPTIONS } from '../networks/index.js'
import { readBackground } from '../patches/background.js'
import { distinctPhotographs, findPhotographs } from '../patches/photographs.js'
import { type Progress, progressTo } from '../progress.js'
import { checkCount } from '../support/checks.js'
import { optionsIn, parseOptions } from '../support/optionChecks.js'
import { counted, listedNames } from '../support/text.js'
import { writeResults } from './document.js'
import { readLabels } from './labels.js'
import { type Classifier, classifierOf, measureLeft, type NetworkJob, openJob } from './networkAnswers.js'
import { type CheckedConsistency, CONSISTENCY_OPTIONS, type ConsistencyOptions } from './options.js'
import { EXACT_CROP, PROTOCOLS, type Protocol } from './protocols.js'
import { type Consistency, type NetworkConsistency, summary } from './result.js'
import { type CommonSettings, storedNetworks } from './storedNetworks.js'

/** Largest number of draws. With so many, the standard error of a photograph's agreement is below 0.2 points. */
const MOST_DRAWS = 100_000

/**
 * Measures how often networks change their answer when photographs are shifted, with the usual protocols of the
 * literature (see `PROTOCOLS`). Answers that earlier calls with the same settings stored in `out` are used again.
 * @throws UsageError for invalid options, two networks of one name, or if `out` has results of a network with other
 *   weights or settings
 * @throws InputError for missing or damaged files, if no photograph can be used, if a network is no classifier, or if
 *   it has no class that a label names
 * @throws DeviceError for a GPU that cannot be used
 * @throws OutputError if `out` cannot be written
 * @throws WorkerError if a worker fails repeatedly
 * @throws the signal's reason after an abort
 */
export async function consistency(options: ConsistencyOptions): Promise<Consistency> {
  const checked = parseOptions(options, CONSISTENCY_OPTIONS)
  const { draws = 5, seed, out, signal } = checked
  const chosen = chosenProtocols(checked)
  checkCount('draws', draws)
  if (draws > MOST_DRAWS) throw new UsageError(`\`draws ${draws}\` is too large; use at most ${MOST_DRAWS}`)
  const request = parseDevice(checked.device, checked.precision)
  const models = modelsOf(checked)
  const progress = progressTo(checked.onProgress)
  const found = await findPhotographs(checked.photographs, progress.note)
  const networks = await classifiers(models, checked)
  for (const network of networks) networkNotes(network).forEach(progress.note)
  const labels = await readLabels(checked.labels, found, networks, progress.note)
  const files = await distinctPhotographs(found, progress.note, signal)
  const [{ input }] = networks as readonly [Classifier]
  const { identity: background } = await readBackground(checked.background, input.rows, signal)
  const settings: CommonSettings = {
    protocols: chosen.map(({ name }) => name),
    draws,
    seed,
    background,
    ...(labels && { labels: labels.source }),
  }
  const ids = networks.map(({ id }) => id)
  if (out !== undefined) await keepOthers(out, settings, ids, progress.note)
  const jobs: NetworkJob[] = []
  try {
    for (const network of networks) {
      throwIfStopped(signal)
      jobs.push(await openJob(network, { chosen, draws, files, labels, request, options: checked }))
    }
    const result = { ...settings, networks: await measureAll(jobs, progress, networks.length > 1) }
    // Another process may have measured other networks meanwhile.
    if (out !== undefined)
      await writeResults(out, result, jobs, await storedNetworks(out, settings, ids, progress.note))
    return result
  } finally {
    for (const { store } of jobs) await store.close()
  }
}

/** @throws UsageError if networks that other calls have measured in `out` have other settings */
async function keepOthers(out: string, settings: CommonSettings, ids: readonly string[], note: (line: string) => void) {
  const stored = await storedNetworks(out, settings, ids, () => undefined)
  const others = stored.map(({ model }) => model).filter((model) => !ids.includes(model))
  if (others.length > 0) note(`keeping the results of ${listedNames(others)} in ${out}`)
}

function chosenProtocols({ protocols: names, exact, draws }: CheckedConsistency): readonly Protocol[] {
  if (exact && !names.includes('crop'))
    throw new UsageError('`exact` works only with the protocol crop; add it to `protocols`')
  const chosen = PROTOCOLS.filter(({ name }) => names.some((asked) => asked === name))
  if (!exact) return chosen
  const crop = (protocol: Protocol) => (draws === undefined ? [EXACT_CROP] : [protocol, EXACT_CROP])
  return chosen.flatMap((protocol) => (protocol.name === 'crop' ? crop(protocol) : [protocol]))
}

function modelsOf({ model, models, weights }: CheckedConsistency): readonly string[] {
  if ((model === undefined) === (models === undefined))
    throw new UsageError('name one network with `model`, or several with `models`')
  const all = models ?? [model as string]
  if (weights !== undefined && all.length > 1)
    throw new UsageError('`weights` works only with one network; name the file as a network: NAME=FILE')
  return all
}

async function classifiers(models: readonly string[], options: CheckedConsistency): Promise<readonly Classifier[]> {
  const [own] = Object.keys(optionsIn(options, OWN_OPTIONS))
  if (own !== undefined && models.length > 1 && !models.some(isOwnNetwork))
    throw new UsageError(`\`${own}\` is for networks outside the catalog, and this call has none; leave it out`)
  const networks: Classifier[] = []
  for (const model of models) {
    const isForOwn = models.length > 1 && !isOwnNetwork(model)
    const read = Object.fromEntries(
      Object.entries(options).filter(([name]) => !(isForOwn && name in OWN_OPTIONS)),
    ) as CheckedConsistency
    networks.push(classifierOf(await chooseNetwork({ ...read, model, weightsOption: 'weights FILE' }), options))
    checkIds(networks.map(({ id }, i) => [models[i] as string, id]))
  }
  return networks
}

/** Measures one network after the other, so that only one is in memory. Each has its own progress, as networks differ in speed. */
async function measureAll(
  jobs: readonly NetworkJob[],
  progress: Progress,
  areSeveral: boolean,
): Promise<readonly NetworkConsistency[]> {
  for (const { network, files, measured } of jobs) {
    if (measured.size === 0) continue
    const which = areSeveral ? `resuming ${network.id}` : 'resuming'
    progress.note(`${which}: ${measured.size} of ${counted(files.length, 'photograph')} are finished`)
  }
  const results: NetworkConsistency[] = []
  for (const job of jobs) {
    const { network, left, perPhotograph, origin, protocols, measured, files } = job
    const run = await measureLeft(job, {
      start: () => progress.start(network.id, left.length * perPhotograph),
      update: progress.update,
      stop: progress.stop,
    })
    const inOrder = files.flatMap(({ name }) => measured.get(name) ?? [])
    const { protocols: _, draws, seed, background, ...described } = origin
    results.push({ ...described, ...summary(protocols, inOrder), ...run })
  }
  return results
}
