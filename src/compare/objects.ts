import { constantWords } from '../experiments/answers/chance.js'
import { sizeText } from '../patches/sizes.js'
import { MEASURES } from '../results/measures/measures.js'
import type { GroupAnswers } from '../results/measures/rows.js'
import { type LayerNumbers, type Variant, variantText } from '../results/measures/variant.js'
import { groupAnswers } from '../results/store/answerChance.js'
import { type OpenUnit, openUnit } from '../results/store/openUnit.js'
import { roledLayers } from '../results/store/pairedLayers.js'
import type { UnitInputs } from '../results/unit/schema.js'
import { COMPARED_INPUTS } from '../results/unit/unitDifferences.js'
import type { ComparedUnit, PairContext, Texts, UnitValue } from './pairing.js'

/** Opens the objects of a network. Keeps only what pairing needs, because a folder may have thousands of units. */
export async function comparedObjects(results: string, folders: readonly string[]): Promise<readonly ComparedUnit[]> {
  const opened: ComparedUnit[] = []
  const together = answersTogether(results, folders)
  for (const folder of folders) opened.push(await comparedObject(results, folder, together))
  return opened
}

function textsOf(kind: 'setting' | 'fact', inputs: UnitInputs): Texts {
  const own = Object.entries(COMPARED_INPUTS).filter(([, { folders }]) => folders === kind)
  return Object.fromEntries(own.map(([name, { text }]) => [name, text(inputs)]))
}

/** @param together measures all objects of a size together, of those that both networks have */
async function comparedObject(results: string, folder: string, together: Together): Promise<ComparedUnit> {
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
    values: async (context) =>
      objectValues(await openUnit(results, folder), context, (await together(context.shared)).get(size)),
  }
}

async function objectValues(
  unit: OpenUnit,
  { layerNames, sizes }: PairContext,
  together: LayerAnswers | undefined,
): Promise<readonly UnitValue[]> {
  const numbers = await unit.measures()
  const { layers, patch, size } = unit.inputs
  const at = sizes ?? sizeText([{ size, frame: unit.frame }])
  const answering = unit.layers.findLast(({ answers }) => answers !== null)?.name
  const leading = { layer: answering ?? layers.at(-1), metric: answering ? RELATIVE : 'similarity-mean' }
  const variety = answering === undefined ? undefined : together?.get(answering)?.variety
  const constant = variety && constantWords(variety, 'object')
  return layers.flatMap((layer, i) => {
    const all: LayerNumbers = { ...numbers[i], ...relativeNumbers(together?.get(layer), patch) }
    return MEASURES.flatMap(({ name, better }) =>
      (all[name] ?? []).map(([variant, value]): UnitValue => {
        const label = `${name} ${variantText(variant)}`.trimEnd()
        const group = `${layerNames.get(layer) ?? layer}, ${at}`
        const words = name === RELATIVE ? 'answer agreement relative to chance' : name.replaceAll('-', ' ')
        return {
          ...{ metric: name, group, label, better, value, constant },
          isHeadline: layer === leading.layer && name === leading.metric && isPlain(variant),
          ...{ isOfRight: name === 'answer-right', isBinary: name === 'answer-right' },
          quoted: { measure: `${words} in ${group}`, isShare: name === RELATIVE, source: 'after Lee et al., 2020' },
        }
      }),
    )
  })
}

/** What the answers to all objects of a size say together, by layer. */
type LayerAnswers = ReadonlyMap<string, GroupAnswers>

type Together = (shared: ReadonlySet<string>) => Promise<ReadonlyMap<number, LayerAnswers>>

/** Measures the answers to objects together, by size, once for a set of objects, given by their SHA-256. */
function answersTogether(results: string, folders: readonly string[]): Together {
  const known = new WeakMap<ReadonlySet<string>, ReturnType<Together>>()
  return (shared) => {
    const measured = known.get(shared) ?? measuredTogether(results, folders, shared)
    known.set(shared, measured)
    return measured
  }
}

async function measuredTogether(results: string, folders: readonly string[], shared: ReadonlySet<string>) {
  const sizes = new Map<number, Map<string, ReturnType<typeof groupAnswers>>>()
  for (const folder of folders) {
    const unit = await openUnit(results, folder)
    const { patchSha256, size, layers } = unit.inputs
    if (!shared.has(patchSha256)) continue
    const groups = sizes.get(size) ?? new Map(layers.map((layer) => [layer, groupAnswers(layer)]))
    sizes.set(size, groups)
    for (const { add } of groups.values()) await add(unit)
  }
  return new Map(
    [...sizes].map(([size, groups]) => {
      const found = [...groups].flatMap(([layer, { measured }]) => {
        const answers = measured()
        return answers === undefined ? [] : [[layer, answers] as const]
      })
      return [size, new Map(found)] as const
    }),
  )
}

/** The agreement relative to chance and the chance of one of the objects. */
function relativeNumbers(answers: GroupAnswers | undefined, patch: string): LayerNumbers {
  const [all] = answers?.values ?? []
  if (all === undefined) return {}
  const { variant, relative, chance } = all
  // A value that does not exist is listed, so that a limit on it can say why.
  return {
    [RELATIVE]: [[variant, relative.get(patch) ?? Number.NaN]],
    'answer-chance': [[variant, chance.get(patch) ?? Number.NaN]],
  }
}

/** The measure of an object that decides. A network without class scores is judged by its features. */
const RELATIVE = 'answer-relative-agreement'

/** Whether a number is that of all positions, and of the anchors that of the center. */
function isPlain({ anchor = 'center', ...others }: Variant): boolean {
  return anchor === 'center' && Object.keys(others).length === 0
}
