import { counted } from '../counted.js'
import { expressionText } from '../experiments/expression.js'
import { ORIGINS } from '../experiments/featureArithmetic.js'
import type { ArithmeticStudy, StoredScene } from '../results/arithmeticStudy.js'
import { type ArithmeticAccuracySummary, type Rate, summarizeArithmetic } from '../results/arithmeticSummary.js'
import { JUDGED_NAMES, REFERENCE_NAMES } from './arithmeticTables.js'
import { escapeHtml, scrollBox } from './html.js'
import { decibelText } from './numberText.js'
import type { ReportSection } from './section.js'

/** Feature arithmetic on the page: the measure, then the contact sheets; none where there is no arithmetic. */
export function arithmeticSections(studies: readonly ArithmeticStudy[]): readonly ReportSection[] {
  if (studies.length === 0) return []
  const { arithmeticAccuracy } = summarizeArithmetic(studies)
  const html = studies.map((study) => {
    const accuracy = arithmeticAccuracy.filter(({ model }) => model === study.model)
    return `<h3>${escapeHtml(study.model)}</h3>\n${accuracyHtml(accuracy)}${study.scenes.map((scene, i) => sceneHtml(scene, i < SCENES_OPEN)).join('\n')}`
  })
  return [{ id: 'arithmetic', title: 'Feature arithmetic', html: `${INTRODUCTION}\n${html.join('\n')}` }]
}

/** The paper's two come first; the others are shown when asked for. */
const SCENES_OPEN = 2

const INTRODUCTION = `<p class="note">Features of scenes are added and subtracted, and a generator makes a picture of the result (paper section
3.5, Figure 6). <em>From zero</em> adds the vectors as they are, as the paper does: then the feature of the white frame
counts once for every scene. <em>From blank</em> measures them from the blank frame’s feature, so that it counts once.</p>`

function accuracyHtml(accuracy: readonly ArithmeticAccuracySummary[]): string {
  if (accuracy.length === 0) return ''
  const all = accuracy.filter(({ kind }) => kind === 'all')
  const kinds = [...new Set(accuracy.map(({ kind }) => kind))].filter((kind) => kind !== 'all')
  const head = [
    'layer',
    'vectors',
    'judged against',
    ...kinds.map((kind) => kind.replace('-', '−')),
    'all',
    'recall',
    'left over',
    'phantoms',
  ]
  const rows = all.map((entry) => {
    const { layer, judged, reference, exact, recall, left, phantoms } = entry
    const byKind = kinds.map((kind) => {
      const own = accuracy.find(
        (other) =>
          other.kind === kind && other.layer === layer && other.judged === judged && other.reference === reference,
      )
      return percent(own?.exact)
    })
    const cells = [
      JUDGED_NAMES[judged],
      REFERENCE_NAMES[reference],
      ...byKind,
      percent(exact),
      percent(recall),
      percent(left),
      percent(phantoms),
    ]
    return `<tr><th scope="row">${escapeHtml(layer)}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  const size = all[0]?.size
  const trials = Math.max(...all.map(({ exact }) => exact.count))
  const headHtml = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  const table = `<table><thead><tr>${headHtml}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table>`
  return `<p>${counted(trials, 'random expression')} a layer, objects of ${size}×${size} pixels. In percent, with the binomial standard error: expressions whose result has every
expected object and no other, by kind (3−2: three objects less two of them) and together; expected objects that are seen
(recall); objects that were taken away and are still seen (left over); objects that were in no image and are seen
(phantoms).</p>
<p>An object is seen where the result is nearer to the expected scene with it than without it: by the true features of the
two scenes, without a generator; within the object’s square by what the generator makes of these features; or there by the
scenes’ own pixels. “No arithmetic” is the true feature of the expected scene: what the generator alone gets wrong.</p>
${scrollBox('Random expressions', table)}
`
}

function percent(rate: Rate | undefined): string {
  if (rate === undefined || rate.rate === null || rate.error === null) return '–'
  return `${(rate.rate * 100).toFixed(1)} ± ${(rate.error * 100).toFixed(1)}`
}

function sceneHtml({ title, folder, document }: StoredScene, isOpen: boolean): string {
  const expression = expressionText(document.terms)
  const figures = document.layers.map(({ layer, origins, reconstruction, files }) => {
    const source = [...folder.split('/'), files.sheet].map(encodeURIComponent).join('/')
    const errors = ORIGINS.map((origin) => {
      const { psnr, psnrToDecoded, cosine } = origins[origin]
      return `${JUDGED_NAMES[origin]}: PSNR ${decibelText(psnr)}, against the decoded true feature ${decibelText(psnrToDecoded)}, cosine ${cosine?.toFixed(3) ?? '–'}`
    })
    const caption = `${layer}. ${errors.join('; ')}; the generator alone ${decibelText(reconstruction)}`
    const text = `${document.model} ${layer}: ${expression} in pixels and decoded from features`
    return `<figure><a href="${source}"><img src="${source}" alt="${escapeHtml(text)}" loading="lazy" style="max-width:100%;height:auto"></a><figcaption>${escapeHtml(caption)}</figcaption></figure>`
  })
  return `<details${isOpen ? ' open' : ''}><summary>${escapeHtml(title)}: ${escapeHtml(expression)}</summary>
<p class="soft">${document.operands.map(({ name, source }) => `${escapeHtml(name)}: ${escapeHtml(source)}`).join('; ')}; expected: ${escapeHtml(document.expectation.scene ?? 'taken on pixels')}</p>
${figures.join('\n')}
</details>`
}
