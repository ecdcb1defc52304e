import { packageVersion } from '../../files/package.js'
import { catalog, isPublished } from '../../networks/catalog/catalog.js'
import type { ReportSection } from '../../page/html/section.js'
import { squareText, strideFor } from '../../patches/sizes.js'
import { escapeHtml } from '../../plot/html.js'
import { tableHtml } from '../../plot/tables.js'
import type { StudyGroup } from '../../results/store/study.js'
import { UNIT_FORMAT, type UnitInputs } from '../../results/unit/schema.js'
import { COMPARED_INPUTS } from '../../results/unit/unitDifferences.js'
import { addTo, distinct } from '../../support/lists.js'

/**
 * Section that tells how the results were made. It leaves out devices and times, which are in run.json, because equal
 * results must give equal pages.
 */
export function provenanceSection(groups: readonly StudyGroup[]): ReportSection {
  const html = `<p>Shiftscope ${escapeHtml(packageVersion())} made this report from stored results of format ${UNIT_FORMAT}. The file
<a href="run.json">run.json</a> in the results folder has the versions, device, settings and times of each command that computed them, and <code>unit.json</code> of
each unit has the hashes of the weights and of the object's picture.</p>
<h3>Networks</h3>
${tableHtml({ title: 'Networks', head: ['network', 'layers', 'precision', 'pooling', 'input preparation', 'class scores', 'weights'], rows: networkRows(groups) })}
<h3>Protocol</h3>
${tableHtml({ title: 'Protocol', head: ['size', 'positions', 'stride', 'background', 'blend', 'objects', 'folds', 'classifier', 'networks'], rows: protocolRows(groups) })}
<h3>Files</h3>
<p>${FILES.map(([file, what]) => `<a href="${file}">${file}</a>: ${what}`).join('<br>')}<br>
Folders: <code>tables</code> and <code>figures</code> (named above), <code>heatmaps</code> (each mean map as PNG and NPY),
and <code>units</code> (the stored results from which the report is made).</p>`
  return { id: 'provenance', title: 'How this was made', html }
}

const FILES = [
  ['metrics.csv', 'every measure of every object, one number per row'],
  ['summary.json', 'the numbers of tables and figures, one mean over objects per row'],
  ['findings.md', 'the questions, answers and all evidence'],
  ['findings.json', 'the same, to be read by programs'],
] as const

function networkRows(groups: readonly StudyGroup[]): readonly (readonly string[])[] {
  return distinct(
    groups.flatMap(({ model, layers, units: [unit] }) => {
      if (unit === undefined) return []
      const { inputs } = unit
      const { precision, pool, input } = COMPARED_INPUTS
      return [
        [
          model,
          layers.join(', '),
          ...[precision, pool, input].map(({ text }) => text(inputs) ?? ''),
          inputs.scores ?? '–',
          weightsFile(inputs),
        ],
      ]
    }),
  )
}

function weightsFile({ model, catalogId = model, weightsSha256 }: UnitInputs): string {
  const entry = catalog().find(({ id }) => id === catalogId)
  if (entry === undefined) return 'not in the catalog'
  if (!isPublished(entry, weightsSha256)) return 'not those of the catalog'
  return entry.kind === 'embedded' ? 'embedded' : 'published'
}

/** One row for each combination of settings, with the networks that were measured with it. */
function protocolRows(groups: readonly StudyGroup[]): readonly (readonly string[])[] {
  const models = new Map<string, string[]>()
  for (const group of groups) addTo(models, JSON.stringify(protocolOf(group)), group.model)
  return [...models].map(([key, names]) => [...(JSON.parse(key) as string[]), names.join(', ')])
}

function protocolOf({ size, frame, rows, cols, stride, units }: StudyGroup): readonly string[] {
  const inputs = units.map((unit) => unit.inputs)
  const background = [...new Set(inputs.map((one) => one.background))].join(', ')
  const blend = [...new Set(inputs.map((one) => one.blend))].join(', ')
  const classifiers = inputs.flatMap(({ separability }) => separability ?? [])
  const folds = [...new Set(classifiers.flatMap(({ cv }) => cv))].join(', ')
  const [first] = classifiers
  const classifier = first === undefined ? 'none' : `${first.loss}, C ${first.C}, seed ${first.seed}`
  return [
    squareText([{ size, frame }]),
    `${rows}×${cols}`,
    `${stride} px`,
    background,
    blend,
    String(units.length),
    folds || 'none',
    classifier,
  ]
}

/**
 * Note about settings that differ within the results folder; undefined if all are equal. They can differ if the folder
 * has results of several commands.
 */
export function protocolNote(groups: readonly StudyGroup[]): string | undefined {
  const widest = Math.max(...groups.map(({ stride }) => stride))
  const areOfFrames = groups.every(({ stride, frame }) => stride === strideFor(frame, widest))
  const differences = Object.entries(COMPARED_INPUTS).flatMap(([name, { text, isNoted }]) => {
    if (!isNoted || (name === 'stride' && areOfFrames)) return []
    const groupsByValue = new Map<string, string[]>()
    for (const { model, size, units } of groups) {
      const value = units[0] && text(units[0].inputs)
      if (value !== undefined) addTo(groupsByValue, value, `${model} ${size}`)
    }
    if (groupsByValue.size < 2) return []
    return [`${name} ${[...groupsByValue].map(([value, names]) => `${value} (${names.join(', ')})`).join(' or ')}`]
  })
  if (differences.length === 0) return undefined
  return `Networks or sizes were measured with different settings, so do not compare their numbers directly: ${differences.join('; ')}.`
}
