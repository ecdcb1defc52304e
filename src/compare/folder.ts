import { InputError } from '../errors.js'
import { CONFIDENT } from '../experiments/answers/confidence.js'
import { sizeText } from '../patches/sizes.js'
import { CONFIDENCE } from '../results/answers/measures.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../results/answers/read.js'
import { MEASURES, type Metric } from '../results/measures/measures.js'
import { type Variant, variantText } from '../results/measures/variant.js'
import { checkNotEarlier, groupsOfUnits } from '../results/store/openResults.js'
import { openUnit } from '../results/store/openUnit.js'
import { roledLayers } from '../results/store/pairedLayers.js'
import type { UnitInputs } from '../results/unit/schema.js'
import { COMPARED_INPUTS } from '../results/unit/unitDifferences.js'
import { studyStatus } from '../study/status.js'
import { printable } from '../support/text.js'
import type { ComparedFolder, ComparedUnit, PairContext, Texts, UnitValue } from './pairing.js'

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
    unitsOf: async (name, kind) => {
      if (kind === 'photographs') return photographsOf(answered.get(name))
      const opened: ComparedUnit[] = []
      for (const folder of units.get(name) ?? []) opened.push(await comparedObject(path, folder))
      return opened
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

function textsOf(kind: 'setting' | 'fact', inputs: UnitInputs): Texts {
  const own = Object.entries(COMPARED_INPUTS).filter(([, { folders }]) => folders === kind)
  return Object.fromEntries(own.map(([name, { text }]) => [name, text(inputs)]))
}

/** Keeps only what pairing needs, because a folder may have thousands of units. */
async function comparedObject(results: string, folder: string): Promise<ComparedUnit> {
  const { inputs, frame, rows, layers } = await openUnit(results, folder)
  const { patch, patchSha256, size, weightsSha256 } = inputs
  return {
    name: patch,
    sha256: patchSha256,
    size,
    grid: { frame, rows },
    settings: { frame: `${frame} px`, ...textsOf('setting', inputs) },
    facts: { weights: weightsSha256, frame: `${frame} px`, ...textsOf('fact', inputs) },
    layers: roledLayers(layers),
    values: (context) => objectValues(results, folder, context),
  }
}

async function objectValues(
  results: string,
  folder: string,
  { layerNames, sizes }: PairContext,
): Promise<readonly UnitValue[]> {
  const unit = await openUnit(results, folder)
  const numbers = await unit.measures()
  const at = sizes ?? sizeText([{ size: unit.inputs.size, frame: unit.frame }])
  return unit.inputs.layers.flatMap((layer, i) =>
    MEASURES.flatMap((measure) =>
      (numbers[i]?.[measure.name] ?? []).map(([variant, value]) => ({
        metric: measure.name,
        group: `${layerNames.get(layer) ?? layer}, ${at}`,
        label: `${measure.name} ${variantText(variant)}`.trimEnd(),
        better: measure.better,
        isHeadline: isHeadline(measure, variant),
        value,
      })),
    ),
  )
}

/** Whether the tables of a report show a number that has a direction. Of the anchors, only the center counts. */
function isHeadline({ better, tables = [] }: Metric, variant: Variant): boolean {
  const isShown = tables.some(({ column }) => column(variant) !== undefined)
  return better !== 'neither' && isShown && (variant.anchor ?? 'center') === 'center'
}

function photographsOf(network: AnsweredNetwork | undefined): readonly ComparedUnit[] {
  if (network === undefined) return []
  const { weightsSha256, layer, frame, input, reading, scores, precision, head, labelsSha256, measures } = network
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
  return network.photographs.map(({ name, sha256, label, values }) => ({
    name,
    sha256,
    settings: label === undefined ? settings : { ...settings, label: printable(label) },
    facts,
    values: async () => photographValues(measures, values),
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
function photographValues(measures: AnsweredNetwork['measures'], values: readonly number[]): readonly UnitValue[] {
  const isConfident = (protocol: string) =>
    measures.some((one, i) => one.protocol === protocol && one.measure === CONFIDENCE && values[i]! >= CONFIDENT)
  return measures.flatMap(({ protocol, measure, better }, i) => {
    const metric = `${protocol} ${measure}`
    const all = {
      metric,
      group: protocol,
      label: measure,
      better,
      isHeadline: better !== 'neither',
      value: values[i]!,
    }
    if (measure === CONFIDENCE || !isConfident(protocol)) return [all]
    return [all, { ...all, metric: `${CONFIDENT_ROWS}${metric}`, group: `${CONFIDENT_ROWS}${protocol}` }]
  })
}
