import { expressionText, ORIGINS, otherOrigin } from '../../experiments/arithmetic/expression.js'
import { headingOf, pageHtml, sectionHtml } from '../../page/html/page.js'
import type { ReportSection } from '../../page/html/section.js'
import { escapeHtml } from '../../plot/html.js'
import { decibelText } from '../../plot/numberText.js'
import { tableHtml } from '../../plot/tables.js'
import type { ArithmeticDocument } from '../../results/arithmetic/document.js'
import type { ArithmeticStudy, StoredExpression } from '../../results/arithmetic/study.js'
import { JUDGED_NAMES } from '../../results/measures/measures.js'
import { type ResultTable, tablesHtml } from '../tables/tables.js'

/** The page's sections about feature arithmetic: tables of accuracy, then the pictures of each scene. */
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
      style: STYLE,
    },
  ]
}

/** Number of scenes that are expanded when the page opens. The first two scenes are those of the paper. */
const SCENES_OPEN = 2

const INTRODUCTION = `<p class="note">We add and subtract the features of scenes. A generator makes a picture of the result (paper section 3.5, Figure 6).
<em>From zero</em> adds the features as they are, as the paper does, so the feature of the blank frame counts once per scene.
<em>From blank</em> measures features relative to that of the blank frame, so it counts only once.</p>`

const STYLE = `.expression td{border:0;padding:.2rem;vertical-align:top}.expression td:nth-child(odd){vertical-align:middle}.expression th{max-width:0}/* the pictures decide how wide the table is */
.expression img{display:block;width:8rem;border:1px solid var(--line)}.printing .expression img{width:4.2rem}`

function sceneHtml(scene: Omit<StoredExpression, 'name'>, isOpen: boolean): string {
  const { title, document } = scene
  const expression = expressionText(document.terms)
  return `<details${isOpen ? ' open' : ''}><summary>${escapeHtml(title)}: ${escapeHtml(expression)}</summary>
<p class="soft">${document.operands.map(({ name, source }) => `${escapeHtml(name)}: ${escapeHtml(source)}`).join('; ')}; expected: ${escapeHtml(document.expectation.scene ?? 'taken on pixels')}</p>
${picturesHtml(scene)}
</details>`
}

/**
 * The paper's Figure 6. The first row is the expression in pixels. Then each layer has a row of pictures that a generator
 * decodes from features: those of the operands, the result, and pictures to compare it with.
 */
function picturesHtml({ folder, document }: Omit<StoredExpression, 'name'>): string {
  const { terms, operands, expectation, origin, layers } = document
  const picture = (sign: string, file: string, label: string, row: string) => {
    const source = [...folder.split('/'), file].map(encodeURIComponent).join('/')
    const image = `<img src="${source}" alt="${escapeHtml(`${label}, ${row}`)}" loading="lazy">`
    return `<td>${sign}</td><td><a href="${source}">${image}</a><small>${escapeHtml(label)}</small></td>`
  }
  const sum = (files: readonly string[], row: string) =>
    terms.map(({ name, coefficient }, i) => {
      const file = files[operands.findIndex((operand) => operand.name === name)] ?? ''
      return picture(signText(coefficient, i === 0), file, name, row)
    })
  const body = (head: string, cells: readonly string[]) =>
    `<tbody><tr><th scope="rowgroup" colspan="${2 * terms.length + 6}">${escapeHtml(head)}</th></tr>\n<tr>${cells.join('\n')}</tr></tbody>`
  const inPixels = operands.map(({ file }) => file)
  const rows = layers.map((one) => {
    const { layer, files } = one
    const row = `decoded from ${layer}`
    return body(layerText(one), [
      ...sum(files.decodedOperands, row),
      picture('=', files.decodedResult, `result from ${origin}`, row),
      picture('', files.decodedFromOther, `result from ${otherOrigin(origin)}`, row),
      picture('', files.decodedExpectation, 'expected', row),
    ])
  })
  const first = body('In pixels', [
    ...sum(inPixels, 'in pixels'),
    picture('=', expectation.file, 'expected', 'in pixels'),
  ])
  const name = escapeHtml(`${document.model}: ${expressionText(terms)} in pixels and decoded from features`)
  return `<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table class="expression">
${[first, ...rows].join('\n')}
</table></div>`
}

function signText(coefficient: number, isFirst: boolean): string {
  const size = Math.abs(coefficient)
  const sign = coefficient < 0 ? '−' : isFirst ? '' : '+'
  return size === 1 ? sign : `${sign} ${size} ×`
}

function layerText({ layer, generator, origins, reconstruction }: ArithmeticDocument['layers'][number]): string {
  const errors = ORIGINS.map((origin) => {
    const { psnr, psnrToDecoded, cosine } = origins[origin]
    return `${JUDGED_NAMES[origin]}: PSNR ${decibelText(psnr)}, PSNR to the decoded true feature ${decibelText(psnrToDecoded)}, cosine ${cosine?.toFixed(3) ?? '–'}`
  })
  return `${layer}, decoded by ${generator}; ${errors.join('; ')}; PSNR of the generator alone ${decibelText(reconstruction)}`
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

/** The page of one expression, for the folder with its pictures. */
export function expressionPage(document: ArithmeticDocument): string {
  const title = `${expressionText(document.terms)} with the features of ${document.model}`
  const table = tableHtml({ title: 'Errors of the result', ...errorTable(document) })
  const notes = document.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>\n`)
  const scene = sceneHtml({ title: 'Pictures', folder: '.', document }, true)
  const html = `${INTRODUCTION}\n${notes.join('')}${table}
<p class="soft">PSNR is in dB. All numbers: <a href="arithmetic.json">JSON</a></p>
${scene}`
  const main = `${headingOf(title)}\n${sectionHtml({ id: 'expression', title: 'Result', html })}`
  return pageHtml({ title, style: STYLE, hasViewer: false, main })
}
