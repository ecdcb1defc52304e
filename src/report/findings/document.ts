import type { ReportSection } from '../../page/section.js'
import { comparedSizes, inWordsOf, sizeText } from '../../patches/sizes.js'
import { escapeHtml, scrollBox } from '../../plot/html.js'
import { decimalText } from '../../plot/numberText.js'
import { FEWEST_PATCHES, type Row } from '../../results/rows.js'
import { distinct } from '../distinct.js'
import { markdownText, renderTable, type Table } from '../tables/render.js'
import { CLAIMS, type Claim, type NumberKind, PHOTOGRAPHS_NOTE } from './claims.js'
import type { Evidence, Lean } from './evidence.js'
import { claimFigure } from './figure.js'
import {
  type ClaimFinding,
  isTooSmall,
  listOf,
  rangeClause,
  VERDICT_MARKS,
  VERDICT_RULE,
  type Verdict,
} from './findings.js'

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  supported: 'supported',
  'not supported': 'contradicted',
  'cannot be judged': 'open',
}

const LEAN_MARKS: Readonly<Record<Lean, string>> = { for: ' ✓', against: ' ✗', open: ' ?' }

export function findingsMarkdown(findings: readonly ClaimFinding[]): string {
  const isSmall = isTooSmall(findings)
  const verdicts = isSmall ? [] : [renderTable(verdictTable(findings), 'md')]
  const parts = judgedClaims(findings).flatMap(({ claim, own }) => {
    const sentences = sentencesOf(own, isSmall).map((sentence) => `- ${markdownText(sentence)}`)
    const evidence = evidenceTable(claim, own, isSmall)
    return [
      `## ${markdownText(claim.title)}`,
      `${markdownText(claim.source)} ${markdownText(claim.rule)}`,
      sentences.join('\n'),
      ...(evidence ? [markdownText(evidence.note ?? ''), renderTable(evidence, 'md')] : []),
    ]
  })
  return `${['# Findings', ...notesOf(findings, isSmall), ...verdicts, ...parts].join('\n\n')}\n`
}

export function findingsSections(findings: readonly ClaimFinding[], rows: readonly Row[]): readonly ReportSection[] {
  const isSmall = isTooSmall(findings)
  const sections = judgedClaims(findings).map(({ claim, own }): ReportSection => {
    const { id, title, source, rule } = claim
    const figure = claimFigure(claim, own, rows, isSmall) ?? ''
    const list = sentencesOf(own, isSmall).map((sentence) => `<li>${escapeHtml(sentence)}</li>`)
    const evidence = evidenceTable(claim, own, isSmall)
    const table = evidence
      ? `<p class="soft">${escapeHtml(evidence.note ?? '')}</p>${renderTable(evidence, 'html')}`
      : ''
    const details = `<details><summary>Rule and evidence</summary><p>${escapeHtml(rule)}</p><ul>${list.join('')}</ul>${table}</details>`
    const html = `<p>${escapeHtml(source)} ${outcomeHtml(claim, own, isSmall)}</p>\n${figure}\n${details}`
    return { id: `claim-${id}`, title, html }
  })
  const notes = notesOf(findings, isSmall).map((note) => `<p>${escapeHtml(note)}</p>`)
  const rule = `<details><summary>How a verdict is reached</summary>${notes.join('')}</details>`
  const first = isSmall ? notes.join('') : `${matrixHtml(findings)}\n${rule}`
  return [{ id: 'findings', title: 'Claims and verdicts', html: first }, ...sections]
}

/** The claims that have findings, each with its own. */
function judgedClaims(findings: readonly ClaimFinding[]) {
  const claims = CLAIMS.map((claim) => ({ claim, own: findings.filter((one) => one.claim === claim.id) }))
  return claims.filter(({ own }) => own.length > 0)
}

function matrixHtml(findings: readonly ClaimFinding[]): string {
  const models = distinct(findings.map(({ model }) => model))
  const rows = distinct(findings.map(({ claim, title }) => ({ claim, title }))).map(({ claim, title }) => {
    const cells = models.map((model) => {
      const found = findings.find((one) => one.claim === claim && one.model === model)
      if (found === undefined)
        return '<td><span aria-hidden="true">–</span><span class="hidden">does not apply</span></td>'
      const { verdict, link } = found
      const words = `${VERDICT_WORDS[verdict]} in ${model}; show it in the maps`
      return `<td>${linkHtml(link, VERDICT_MARKS[verdict], words)}</td>`
    })
    return `<tr><th scope="row"><a href="#claim-${claim}">${escapeHtml(title)}</a></th>${cells.join('')}</tr>`
  })
  const head = models.map((model) => `<th scope="col">${escapeHtml(model)}</th>`).join('')
  const table = `<table><thead><tr><th scope="col">claim</th>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`
  return `<p class="soft">✓ supported, ✗ contradicted, ? open, – does not apply. Click a mark to see its evidence in the maps above.</p>
<div class="matrix">${scrollBox('Claims and networks', table)}</div>`
}

/** @param words text that screen readers read instead of `text` */
function linkHtml(link: string, text: string, words?: string): string {
  const label = words === undefined ? '' : ` aria-label="${escapeHtml(words)}"`
  return `<a href="${escapeHtml(link)}"${label}>${escapeHtml(text)}</a>`
}

/** Up to this many networks with the same verdict are named. If there are more, only their number is given. */
const MOST_NAMED = 4

/** Sentences about a claim: the verdicts, the networks with each verdict, and the range of the measured numbers. */
function outcomeHtml(claim: Claim, findings: readonly ClaimFinding[], isSmall: boolean): string {
  const parts = distinct(findings.map(({ verdict }) => verdict)).map((verdict, i) => {
    const own = findings.filter((one) => one.verdict === verdict)
    const names = own.map(({ link, model }) => linkHtml(link, model))
    const networks = own.length > MOST_NAMED ? `${own.length} networks` : listOf(names)
    const [does, more = ''] = isSmall ? ['is too small to judge'] : OUTCOMES[verdict]
    return `${does} ${i === 0 ? 'the claim' : 'it'}${more} in ${networks}`
  })
  const networks = findings.map(({ model, evidence }) => ({ model, judged: judgedOf(evidence) }))
  const outcome = `This study ${[parts.slice(0, -1).join(', '), ...parts.slice(-1)].filter((part) => part !== '').join(', and ')}`
  if (networks.every(({ judged }) => judged.length === 0))
    return `${outcome}: ${escapeHtml(distinct(findings.map(({ reason }) => reason)).join('; '))}.`
  const clause = rangeClause(claim, networks)
  return `${outcome}. ${escapeHtml(`${clause.charAt(0).toUpperCase()}${clause.slice(1)}`)}.`
}

/** For each verdict, the verb before "the claim" and the words after it, as in "leaves the claim open". */
const OUTCOMES: Readonly<Record<Verdict, readonly string[]>> = {
  supported: ['supports'],
  'not supported': ['contradicts'],
  'cannot be judged': ['leaves', ' open'],
}

/** Selects the evidence that decides the verdict. Other evidence (`lean` is null) is only shown. */
function judgedOf(evidence: readonly Evidence[]): readonly Evidence[] {
  return evidence.filter(({ lean }) => lean !== null)
}

/** Says how verdicts are reached, or why there are none, and what claims on photographs are. */
function notesOf(findings: readonly ClaimFinding[], isSmall: boolean): readonly string[] {
  const subjects = distinct(judgedClaims(findings).map(({ claim }) => claim.subject))
  const few = subjects.map((subject) => `fewer than ${FEWEST_PATCHES} ${subject}`).join(' and ')
  const first = isSmall
    ? `This study has ${few}, too few for a verdict on any claim. These are its numbers.`
    : VERDICT_RULE.replaceAll('objects', subjects.join(' or '))
  return [first, ...(subjects.includes('photographs') ? [PHOTOGRAPHS_NOTE] : [])]
}

/**
 * A table with a row per claim and a column per network. Cells show the verdict as ✓, ✗ or ?. A dash means that the
 * claim does not apply to the network.
 */
export function verdictTable(findings: readonly Pick<ClaimFinding, 'model' | 'claim' | 'title' | 'verdict'>[]): Table {
  const models = [...new Set(findings.map(({ model }) => model))]
  const rows = [...new Set(findings.map(({ claim }) => claim))].map((claim) => {
    const own = findings.filter((one) => one.claim === claim)
    const marks = models.map((model) => own.find((one) => one.model === model)?.verdict)
    return [own[0]?.title ?? '', ...marks.map((verdict) => (verdict === undefined ? '–' : VERDICT_MARKS[verdict]))]
  })
  return { title: 'Verdicts', head: ['claim', ...models], rows }
}

/** One sentence per network. */
function sentencesOf(findings: readonly ClaimFinding[], isSmall: boolean): readonly string[] {
  return findings.map(({ verdict, sentence, reason }) => {
    if (isSmall) return sentence
    return `${VERDICT_MARKS[verdict]} ${sentence}${sentence.endsWith(reason) ? '' : ` (${reason})`}`
  })
}

/** Table of the evidence about a claim: one row per network and layer, one column per quantity and patch size. */
function evidenceTable(
  { title, subject, numbers }: Claim,
  findings: readonly ClaimFinding[],
  isSmall: boolean,
): Table | undefined {
  const all = findings.flatMap(({ evidence }) => evidence)
  if (all.length === 0) return undefined
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
        return cell === undefined ? '–' : cellText(cell, numbers, isSmall)
      }),
    ]),
  )
  const note = inWordsOf(subject, isSmall ? 'Means over objects.' : evidenceNote(numbers, all))
  return { title: `Evidence: ${title}`, note, head: ['network', 'layer', ...columns.keys()], rows }
}

function evidenceNote({ isLog }: NumberKind, evidence: readonly Evidence[]): string {
  const error = isLog ? ' (in brackets: ± one standard error)' : ' ± standard error'
  const signed = evidence.find(({ signs, patches }) => signs !== undefined && patches >= FEWEST_PATCHES)
  const signs = signed ? ` “${signsText(signed)}” counts the objects above 0.` : ''
  const few = evidence.some(({ patches }) => patches < FEWEST_PATCHES)
    ? ` Numbers without ± are of fewer than ${FEWEST_PATCHES} objects.`
    : ''
  const shown = evidence.some(({ lean }) => lean === null) ? ' Columns without marks decide nothing.' : ''
  return `Means over objects${error}: ✓ for the claim, ✗ against it, ? open.${signs}${few}${shown}`
}

/** Text of a cell, such as "0.412 ± 0.010 ✓". Differences also get the number of objects whose value is > 0. */
function cellText(evidence: Evidence, { value, digits, isLog }: NumberKind, isSmall: boolean): string {
  const { mean, standardError, patches, signs, lean } = evidence
  const text = (number: number) => decimalText(value(number), digits)
  if (isSmall || patches < FEWEST_PATCHES || standardError === null) return text(mean)
  const spread = isLog ? `(${text(mean - standardError)}–${text(mean + standardError)})` : `± ${text(standardError)}`
  const positive = signs === undefined ? '' : `, ${signsText(evidence)}`
  return `${text(mean)} ${spread}${positive}${lean === null ? '' : LEAN_MARKS[lean]}`
}

function signsText({ signs, patches }: Evidence): string {
  return `${signs?.positive} of ${patches} > 0`
}
