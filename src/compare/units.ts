import { InputError } from '../errors.js'
import { sizeText } from '../patches/sizes.js'
import { MEASURES, type Measure } from '../results/measures.js'
import { groupsOfUnits } from '../results/openResults.js'
import { INPUT_TEXTS } from '../results/unit/compare.js'
import { openUnit } from '../results/unit/open.js'
import type { UnitInputs } from '../results/unit/schema.js'
import { type Variant, variantText } from '../results/variant.js'
import { studyStatus } from '../study/status.js'
import type { ComparedFolder, ComparedUnit, Texts, UnitValue } from './pairing.js'

/** @throws InputError if the folder has no units, or a damaged one */
export async function openStudy(path: string): Promise<ComparedFolder> {
  const folders = new Map<string, readonly string[]>()
  for (const group of await groupsOfUnits(path)) {
    const { inputs } = await openUnit(path, group[0] as string)
    folders.set(inputs.model, [...(folders.get(inputs.model) ?? []), ...group])
  }
  if (folders.size === 0)
    throw new InputError(`${path} has no finished results; name a results folder of reproduce or consistency`)
  // A folder that was merged from others has no run.json.
  const units = (await studyStatus(path).catch(() => undefined))?.units
  return {
    kind: 'reproduce',
    path,
    networks: [...folders.keys()],
    unfinished: units && units.done < units.total ? `${units.done} of ${units.total} units` : undefined,
    unitsOf: async (network) => {
      const opened: ComparedUnit[] = []
      for (const folder of folders.get(network) ?? []) opened.push(await comparedUnit(path, folder))
      return opened
    },
  }
}

const SETTINGS = ['category', 'stride', 'background', 'blend', 'pool', 'C', 'seed', 'readout'] as const
const FACTS = ['input', 'scores', 'detector', 'tokens', 'precision'] as const

function textsOf(names: readonly (keyof typeof INPUT_TEXTS)[], inputs: UnitInputs): Texts {
  return Object.fromEntries(names.map((name) => [name, INPUT_TEXTS[name](inputs)]))
}

/** Keeps only what pairing needs, because a folder may have thousands of units. */
async function comparedUnit(results: string, folder: string): Promise<ComparedUnit> {
  const { inputs, frame, layers } = await openUnit(results, folder)
  const { patch, patchSha256, size, weightsSha256 } = inputs
  const answering = layers.filter(({ answers }) => answers !== null).map(({ name }) => name)
  return {
    name: patch,
    sha256: patchSha256,
    size,
    settings: { frame: `${frame} px`, ...textsOf(SETTINGS, inputs) },
    facts: { weights: weightsSha256, ...textsOf(FACTS, inputs) },
    layers: { all: inputs.layers, answering },
    values: (layerNames) => valuesOf(results, folder, layerNames),
  }
}

async function valuesOf(
  results: string,
  folder: string,
  layerNames: ReadonlyMap<string, string>,
): Promise<readonly UnitValue[]> {
  const unit = await openUnit(results, folder)
  const numbers = await unit.measures()
  const at = sizeText([{ size: unit.inputs.size, frame: unit.frame }])
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
function isHeadline({ better, tables = [] }: Measure, variant: Variant): boolean {
  const isShown = tables.some(({ column }) => column(variant) !== undefined)
  return better !== 'neither' && isShown && (variant.anchor ?? 'center') === 'center'
}
