import type { ReportSection } from '../../page/html/section.js'
import { sectionOf } from '../../page/text/viewLink.js'
import { comparedSizes, sizeText } from '../../patches/sizes.js'
import { escapeHtml } from '../../plot/html.js'
import { decimalText } from '../../plot/numberText.js'
import { markdownText, type Table, type TableCell, tableHtml, tableMarkdown } from '../../plot/tables.js'
import { FEWEST_PATCHES, type Row } from '../../results/measures/rows.js'
import { distinct } from '../../support/lists.js'
import {
  type Asked,
  answerSentence,
  answerWord,
  askedIn,
  introduction,
  isAnswered,
  leanWord,
  numbersOf,
  summaryOf,
  unanswered,
} from './answer.js'
import type { Claim } from './claims.js'
import type { Evidence } from './evidence.js'
import { claimFigure } from './figure.js'
import type { ClaimFinding } from './finding.js'
import { VERDICT_RULE } from './findings.js'

/** @param warnings what a reader must know before the numbers */
export function findingsMarkdown(findings: readonly ClaimFinding[], warnings: readonly string[] = []): string {
  const { title, answer, open, notes, answered } = findingCounts(findings)
  const parts = answered.flatMap(({ claim, own }) => {
    const evidence = evidenceTable(claim, own)
    return [
      `## ${markdownText(claim.words.question)}`,
      `**${markdownText(answerSentence(claim, own))}.**`,
      ...[introduction(claim), evidence.note].map(markdownText),
      tableMarkdown(evidence),
    ]
  })
  const table = answered.length === 0 ? [] : [tableMarkdown(answersTable(answered, false)), ...notes.map(markdownText)]
  return `${[`# ${title}`, ...warnings.map(markdownText), `${answer}.`, ...table, ...open.map(markdownText), ...parts].join('\n\n')}\n`
}

/**
 * The question about the folds, the table of all questions, and the other questions.
 * @param source sizes and positions of the study, for the charts' files
 */
export function findingsSections(
  findings: readonly ClaimFinding[],
  rows: readonly Row[],
  source: string,
): readonly ReportSection[] {
  const { title, answer, open, notes, answered } = findingCounts(findings)
  const sections = answered.map(({ claim, own }): ReportSection => {
    const evidence = evidenceTable(claim, own)
    const figure = claimFigure(claim, own, rows, source)
    const html = `<p>${escapeHtml(introduction(claim))}</p>
${figure?.html ?? ''}
<details><summary>Rule and evidence</summary><p>${escapeHtml(evidence.note)}</p>${tableHtml(evidence)}</details>`
    const [id, answer, charts] = [sectionOf(claim.id), answerSentence(claim, own), figure?.charts ?? []]
    return { id, title: claim.words.question, answer, html, charts }
  })
  const paragraphs = (texts: readonly string[]) => texts.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')
  const rule = `<details><summary>How an answer is reached</summary>${paragraphs(notes)}</details>`
  const table = `<p class="soft">${ANSWERS_NOTE}</p>\n<div class="matrix">${tableHtml(answersTable(answered, true))}</div>\n${rule}\n`
  const matrix = { id: 'findings', title, answer, html: `${answered.length === 0 ? '' : table}${paragraphs(open)}` }
  // The folds come first: they explain a result of the paper, and need no maps.
  const isOfFolds = (_: ReportSection, i: number) => answered[i]?.claim.figure.showsFolds === true
  return [...sections.filter(isOfFolds), matrix, ...sections.filter((one, i) => !isOfFolds(one, i))]
}

/** What comes before the questions: all answers in short, the questions without an answer, and the rule. */
export function findingCounts(findings: readonly ClaimFinding[]) {
  const asked = askedIn(findings)
  const answered = asked.filter(({ own }) => isAnswered(own))
  return {
    title: 'What else changes when the object moves?',
    answer: summaryOf(asked),
    open: unanswered(asked),
    notes: [VERDICT_RULE],
    answered,
  }
}

const ANSWERS_NOTE =
  '“Can’t tell” means that the numbers do not decide, and – that the question does not apply. Click an answer to see its evidence in the maps above, or in the figure of its question if maps cannot show it.'

/** A table with a row for each question, a column for each network, and the paper's answers. */
function answersTable(answered: readonly Asked[], hasNumbers: boolean): Table {
  const models = distinct(answered.flatMap(({ own }) => own.map(({ model }) => model)))
  const rows = answered.map(({ claim, own }) => {
    const answers = models.map((model): TableCell => {
      const found = own.find((one) => one.model === model)
      if (found === undefined) return '–'
      const text = answerWord(claim.words, found.verdict)
      return {
        text,
        link: found.link,
        label: `${text} in ${model}; show ${claim.scope.needsFolds ? 'the figure' : 'it in the maps'}`,
      }
    })
    const differs = !claim.words.isOwn && own.some(({ verdict }) => verdict === 'contradicted')
    const paper = {
      text: claim.words.isOwn ? 'not asked' : claim.words.claimed,
      below: differs ? ['differs here'] : [],
    }
    const numbers = hasNumbers ? [numbersOf(claim, own)] : []
    return [{ text: claim.words.question, link: `#${sectionOf(claim.id)}` }, ...answers, paper, ...numbers]
  })
  const head = ['question', ...models, 'the paper', ...(hasNumbers ? ['in numbers'] : [])]
  return { title: 'Questions and networks', head, rows, isStacked: true }
}

/** Table of the evidence about a claim: one row per network and layer, one column per quantity and patch size. */
function evidenceTable(claim: Claim, findings: readonly ClaimFinding[]): Table & { readonly note: string } {
  const { numbers } = claim.evidence
  const all = findings.flatMap(({ evidence }) => evidence)
  const unit = numbers.unit === '' ? '' : ` (${numbers.unit.trim()})`
  const isOne = new Set(all.map(({ quantity }) => quantity)).size === 1
  const compared = comparedSizes(all)
  const textOf = (one: Evidence) => sizeText(all.filter((other) => compared(other) === compared(one)))
  const columns = new Map(
    all.map((one) => [
      // Evidence about the logarithm of a ratio is shown as the ratio itself, so the heading does not mention the
      // logarithm.
      `${isOne ? '' : `${one.quantity.replace('log₁₀ of ', '')}, `}${textOf(one)}${unit}`,
      { quantity: one.quantity, size: compared(one) },
    ]),
  )
  const rows = findings.flatMap(({ model, evidence }) =>
    [...new Set(evidence.map(({ layer }) => layer))].map((layer) => [
      model,
      layer,
      ...[...columns.values()].map(({ quantity, size }) => {
        const cell = evidence.find((one) => one.layer === layer && one.quantity === quantity && compared(one) === size)
        return cell === undefined ? '–' : cellText(cell, claim)
      }),
    ]),
  )
  const note = `${claim.words.rule}${evidenceNote(claim, findings)}`
  return { title: `Evidence: ${claim.words.question}`, note, head: ['network', 'layer', ...columns.keys()], rows }
}

function evidenceNote({ evidence: { numbers }, scope }: Claim, findings: readonly ClaimFinding[]): string {
  const evidence = findings.flatMap((finding) => finding.evidence)
  const isFew = evidence.some(({ patches }) => patches < FEWEST_PATCHES)
  const notes = [
    ...(numbers.isLog ? ['Brackets: 95 % confidence intervals.'] : []),
    ...(isFew ? [`Numbers without ± are of fewer than ${FEWEST_PATCHES} objects.`] : []),
    ...(evidence.some(({ lean }) => lean === null) ? ['Unmarked columns decide nothing.'] : []),
    ...(scope.pairs === 'given' ? findings.map(({ model, plain }) => `${model} is compared with ${plain}.`) : []),
    ...findings.flatMap(({ model, isJudged, reason }) => (isJudged ? [] : [`Can’t tell in ${model}: ${reason}.`])),
  ]
  return notes.map((one) => ` ${one}`).join('')
}

/** Text of a cell, such as "0.412 ± 0.010 yes". */
function cellText({ mean, halfWidth, patches, lean }: Evidence, claim: Claim): string {
  const { value, digits, isLog } = claim.evidence.numbers
  const text = (number: number) => decimalText(value(number), digits)
  if (patches < FEWEST_PATCHES || halfWidth === null) return text(mean)
  const spread = isLog ? `(${text(mean - halfWidth)}–${text(mean + halfWidth)})` : `± ${text(halfWidth)}`
  return `${text(mean)} ${spread}${lean === null ? '' : ` ${leanWord(claim, lean)}`}`
}
