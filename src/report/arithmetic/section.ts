import { expressionText, ORIGINS } from '../../experiments/arithmetic/expression.js'
import { headingOf, pageHtml, sectionHtml } from '../../page/html/page.js'
import type { ReportSection } from '../../page/html/section.js'
import { escapeHtml } from '../../plot/html.js'
import { decibelText } from '../../plot/numberText.js'
import { tableHtml } from '../../plot/tables.js'
import type { ArithmeticDocument } from '../../results/arithmetic/document.js'
import type { ArithmeticStudy, StoredScene } from '../../results/arithmetic/study.js'
import { JUDGED_NAMES } from '../../results/measures/measures.js'
import { type ResultTable, tablesHtml } from '../tables/tables.js'

/** The page's sections about feature arithmetic: tables of accuracy, then a contact sheet for each scene and layer. */
export function arithmeticSections(
  studies: readonly ArithmeticStudy[],
  tables: readonly ResultTable[],
): readonly ReportSection[] {
  if (studies.length === 0) return []
  // A network without generators has only counts.
  const withScenes = studies.filter(({ scenes }) => scenes.length > 0)
  const html = withScenes.map(
    ({ model, scenes }) =>
      `<h3>${escapeHtml(model)}</h3>\n${scenes.map((scene, i) => sceneHtml(scene, i < SCENES_OPEN)).join('\n')}`,
  )
  return [
    {
      id: 'arithmetic',
      title: 'Feature arithmetic',
      html: [INTRODUCTION, tablesHtml(tables), ...html].join('\n'),
    },
  ]
}

/** Number of scenes that are expanded when the page opens. The first two scenes are those of the paper. */
const SCENES_OPEN = 2

const INTRODUCTION = `<p class="note">We add and subtract the features of scenes. A generator makes a picture of the result (paper section 3.5, Figure 6).
<em>From zero</em> adds the features as they are, as the paper does, so the feature of the blank frame counts once per scene.
<em>From blank</em> measures features relative to that of the blank frame, so it counts only once.</p>`

function sceneHtml({ title, folder, document }: StoredScene, isOpen: boolean): string {
  const expression = expressionText(document.terms)
  const figures = document.layers.map(({ layer, origins, reconstruction, files }) => {
    const source = [...folder.split('/'), files.sheet].map(encodeURIComponent).join('/')
    const errors = ORIGINS.map((origin) => {
      const { psnr, psnrToDecoded, cosine } = origins[origin]
      return `${JUDGED_NAMES[origin]}: PSNR ${decibelText(psnr)}, PSNR to the decoded true feature ${decibelText(psnrToDecoded)}, cosine ${cosine?.toFixed(3) ?? '–'}`
    })
    const caption = `${layer}. ${errors.join('; ')}; PSNR of the generator alone ${decibelText(reconstruction)}`
    const text = `${document.model} ${layer}: ${expression} in pixels and decoded from features`
    return `<figure><a href="${source}"><img src="${source}" alt="${escapeHtml(text)}" loading="lazy" style="max-width:100%;height:auto"></a><figcaption>${escapeHtml(caption)}</figcaption></figure>`
  })
  return `<details${isOpen ? ' open' : ''}><summary>${escapeHtml(title)}: ${escapeHtml(expression)}</summary>
<p class="soft">${document.operands.map(({ name, source }) => `${escapeHtml(name)}: ${escapeHtml(source)}`).join('; ')}; expected: ${escapeHtml(document.expectation.scene ?? 'taken on pixels')}</p>
${figures.join('\n')}
</details>`
}

/** Errors of an expression's result, with a row for each layer. */
export function errorTable({ layers }: ArithmeticDocument): { readonly head: string[]; readonly rows: string[][] } {
  const errors = ['PSNR', 'to decoded', 'cosine']
  return {
    head: [
      'layer',
      ...ORIGINS.flatMap((origin) => errors.map((error) => `${error} from ${origin}`)),
      'generator alone',
    ],
    rows: layers.map(({ layer, origins, reconstruction }) => [
      layer,
      ...ORIGINS.flatMap((origin) => {
        const { psnr, psnrToDecoded, cosine } = origins[origin]
        return [psnr?.toFixed(1) ?? 'equal', psnrToDecoded?.toFixed(1) ?? 'equal', cosine?.toFixed(3) ?? '–']
      }),
      reconstruction?.toFixed(1) ?? 'equal',
    ]),
  }
}

/** The page of one expression, for the folder with its sheets. */
export function expressionPage(document: ArithmeticDocument): string {
  const title = `${expressionText(document.terms)} with the features of ${document.model}`
  const table = tableHtml({ title: 'Errors of the result', ...errorTable(document) })
  const notes = document.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>\n`)
  const scene = sceneHtml({ name: '', title: 'Scenes and sheets', folder: '.', document }, true)
  const html = `${INTRODUCTION}\n${notes.join('')}${table}
<p class="soft">PSNR is in dB. All numbers: <a href="arithmetic.json">JSON</a></p>
${scene}`
  const main = `${headingOf(title)}\n${sectionHtml({ id: 'expression', title: 'Result', html })}`
  return pageHtml({ title, hasViewer: false, links: [], main })
}
