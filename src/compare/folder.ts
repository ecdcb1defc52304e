import { InputError } from '../errors.js'
import { CONFIDENT } from '../experiments/answers/confidence.js'
import { quotedMetric } from '../report/text/quotation.js'
import { BINARY_MEASURES, CONFIDENCE, MEASURES_OF_RIGHT } from '../results/answers/measures.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../results/answers/read.js'
import type { MeasuredPhotograph } from '../results/answers/summary.js'
import { constantText } from '../results/answers/variety.js'
import { checkNotEarlier, groupsOfUnits } from '../results/store/openResults.js'
import { openUnit } from '../results/store/openUnit.js'
import { studyStatus } from '../study/status.js'
import { printable } from '../support/text.js'
import { comparedObjects } from './objects.js'
import type { ComparedFolder, ComparedUnit, Texts, UnitValue } from './pairing.js'

/** @throws InputError if the folder has no results, damaged ones, or results of an earlier version */
export async function openFolder(path: string): Promise<ComparedFolder> {
  await checkNotEarlier(path)
  const units = await unitsByNetwork(path)
  const measured = (await readAnsweredNetworks(path)).filter(({ photographs }) => photographs.length > 0)
  const answered = new Map(measured.map((network) => [network.model, network]))
  const networks = [...new Set([...units.keys(), ...answered.keys()])]
  if (networks.length === 0)
    throw new InputError(`${path} has no finished results; name a results folder of reproduce or consistency`)
  return {
    path,
    networks,
    unfinished: await unfinishedText(path),
    skippedBy: (name) => answered.get(name)?.failed ?? [],
    unitsOf: async (name, kind) => {
      if (kind === 'photographs') return photographsOf(answered.get(name))
      return comparedObjects(path, units.get(name) ?? [])
    },
  }
}

async function unfinishedText(path: string): Promise<string | undefined> {
  // A folder that was merged from others has no run.json.
  const status = await studyStatus(path).catch(() => undefined)
  if (status === undefined) return undefined
  const counts = [
    { ...status.units, noun: 'units' },
    { ...status.photographs, noun: 'photographs' },
  ]
  const parts = counts.filter(({ done, total }) => done < total)
  return parts.map(({ done, total, noun }) => `${done} of ${total} ${noun}`).join(' and ') || undefined
}

/** Paths of units, by network. */
async function unitsByNetwork(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const folders = new Map<string, readonly string[]>()
  for (const group of await groupsOfUnits(path)) {
    const { inputs } = await openUnit(path, group[0]!)
    folders.set(inputs.model, [...(folders.get(inputs.model) ?? []), ...group])
  }
  return folders
}

function photographsOf(network: AnsweredNetwork | undefined): readonly ComparedUnit[] {
  if (network === undefined) return []
  const { weightsSha256, layer, frame, input, reading, scores, precision, head, labelsSha256 } = network
  const settings = { reading, ...protocolSettings(network) }
  const facts = {
    weights: weightsSha256,
    layer,
    frame: `${frame} px`,
    input,
    scores,
    precision: precision ?? 'fp32',
    threshold: head?.threshold.toString(),
    labels: labelsSha256?.slice(0, 8) ?? 'none',
  }
  const chancesOf = sharedChances(network)
  return network.photographs.map((photograph) => ({
    name: photograph.name,
    sha256: photograph.sha256,
    settings: photograph.label === undefined ? settings : { ...settings, label: printable(photograph.label) },
    facts,
    values: async ({ shared }) => photographValues(network, photograph, chancesOf(shared)),
  }))
}

/** The settings on which the answers of each protocol depend. */
function protocolSettings({ protocols }: AnsweredNetwork): Texts {
  return Object.fromEntries(
    protocols.flatMap(({ name, ...settings }) =>
      Object.entries(settings).map(([setting, value]) => [`${name} ${setting}`, String(value)] as const),
    ),
  )
}

/** Begins the names of measures over confident photographs. */
export const CONFIDENT_ROWS = 'confident, '

/** A photograph's values. Those of protocols to whose first image the answer is confident come a second time. */
function photographValues(
  network: AnsweredNetwork,
  { sha256, values }: MeasuredPhotograph,
  chances: SharedChances,
): readonly UnitValue[] {
  const { measures } = network
  const isConfident = (protocol: string) =>
    measures.some((one, i) => one.protocol === protocol && one.measure === CONFIDENCE && values[i]! >= CONFIDENT)
  return measures.flatMap((one, i) => {
    const { protocol, measure, better } = one
    const metric = `${protocol} ${measure}`
    const isLeading = measures.find((other) => other.protocol === protocol)?.measure === measure
    const ofShared = chances[i]
    const all: UnitValue = {
      ...{ metric, group: protocol, label: measure, better },
      value: ofShared === undefined ? values[i]! : (ofShared.get(sha256) ?? Number.NaN),
      isHeadline: isLeading && better !== 'neither',
      isOfRight: MEASURES_OF_RIGHT.has(measure),
      isBinary: BINARY_MEASURES.has(measure),
      quoted: quotedMetric(one),
      constant: constantText(network, protocol),
    }
    // A chance is one of many photographs, so the few confident ones would need their own.
    if (measure === CONFIDENCE || ofShared !== undefined || !isConfident(protocol)) return [all]
    const confident = { metric: `${CONFIDENT_ROWS}${metric}`, group: `${CONFIDENT_ROWS}${protocol}` }
    return [all, { ...all, ...confident, isHeadline: false }]
  })
}

/** By measure, the values of those that depend on all photographs, by SHA-256. */
type SharedChances = readonly (ReadonlyMap<string, number> | undefined)[]

/** Computes measures that depend on all photographs for those that both networks have, once per set of these. */
function sharedChances({ measures, chanceOn }: AnsweredNetwork): (shared: ReadonlySet<string>) => SharedChances {
  const known = new WeakMap<ReadonlySet<string>, SharedChances>()
  return (shared) => {
    const chances = known.get(shared) ?? measures.map((measure) => chanceOn(measure, shared))
    known.set(shared, chances)
    return chances
  }
}
