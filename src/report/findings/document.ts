import { escapeHtml, scrollBox } from '../html.js'
import { decimalText } from '../numberText.js'
import type { ReportSection } from '../section.js'
import { markdownText } from '../tables/markdown.js'
import { CLAIMS } from './claims.js'
import type { Evidence } from './evidence.js'
import type { ClaimFinding } from './findings.js'
import { retrainedText } from './retrained.js'
import { VERDICT_MARKS } from './sentence.js'
import { VERDICT_RULE, type Verdict } from './verdict.js'

const LEANS = { for: 'for', against: 'against', open: 'open' } as const

/** Columns of a table of evidence; that of other trainings where these were measured. */
function evidenceHead(evidence: readonly Evidence[]): readonly string[] {
  const seeds = isRetrained(evidence) ? ['of other seeds'] : []
  const mean = 'mean ± standard error'
  return ['layer', 'size', 'measured', mean, ...seeds, 'patches above 0', 'sign test', 'speaks']
}

function isRetrained(evidence: readonly Evidence[]): boolean {
  return evidence.some(({ retrained }) => retrained !== undefined)
}

/** findings.md: every finding in a sentence, then with its claim, rule and all its evidence. */
export function findingsMarkdown(findings: readonly ClaimFinding[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`
  const body = byVerdict(findings).flatMap(([title, own]) => [
    `## ${title}`,
    '',
    ...own.flatMap((finding) => [
      `### ${VERDICT_MARKS[finding.verdict]} ${markdownText(finding.sentence)}`,
      '',
      `Claim: ${finding.statement} **${finding.verdict}**: ${markdownText(finding.because)}.`,
      '',
      finding.rule,
      '',
      ...(finding.evidence.length === 0
        ? []
        : [
            line(evidenceHead(finding.evidence)),
            line(evidenceHead(finding.evidence).map(() => '---')),
            ...evidenceRows(finding.evidence).map(line),
            '',
          ]),
    ]),
  ])
  return ['# Findings', '', INTRODUCTION, '', ruleOf(findings), '', ...body].join('\n')
}

function ruleOf(findings: readonly ClaimFinding[]): string {
  const evidence = findings.flatMap((finding) => finding.evidence)
  const seeds = isRetrained(evidence)
    ? ` Beside the numbers of embedded networks stand those of ${retrainedText()}: as far as they differ from one another, a number is chance of the training; they decide nothing.`
    : ''
  return `${VERDICT_RULE}${seeds}`
}

/** The findings as a section of the page: a sentence each, which unfolds to its evidence, and all verdicts at a glance. */
export function findingsSection(findings: readonly ClaimFinding[]): ReportSection {
  const parts = byVerdict(findings).map(([title, own]) => `<h3>${title}</h3>\n${own.map(findingHtml).join('\n')}`)
  return {
    id: 'findings',
    title: 'Findings',
    html: `<p>${escapeHtml(INTRODUCTION)}</p>
${parts.join('\n')}
<h3>All verdicts</h3>
<p class="note">${escapeHtml(ruleOf(findings))}</p>
${verdictsHtml(findings)}`,
  }
}

/** A row for each network, a column for each claim. */
function verdictsHtml(findings: readonly ClaimFinding[]): string {
  const headings = CLAIMS.map(({ heading }) => heading).filter((heading) =>
    findings.some((finding) => finding.heading === heading),
  )
  const rows = [...new Set(findings.map(({ model }) => model))].map((model) => {
    const cells = headings.map((heading) => {
      const found = findings.find((finding) => finding.model === model && finding.heading === heading)
      return `<td>${found === undefined ? '–' : `${VERDICT_MARKS[found.verdict]} ${found.verdict}`}</td>`
    })
    return `<tr><th scope="row">${escapeHtml(model)}</th>${cells.join('')}</tr>`
  })
  const head = ['network', ...headings].map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  return scrollBox('Verdicts', `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`)
}

const INTRODUCTION =
  'What the numbers of each network say about the claims of the paper, and about one question of our own, by one rule for every network: ✓ they support the claim, ✗ they speak against it, ? they cannot tell.'

/** Over the findings of each verdict. */
const TITLES: Readonly<Record<Verdict, string>> = {
  'not supported': 'The numbers speak against a claim',
  supported: 'The numbers support a claim',
  'cannot be judged': 'The numbers cannot tell',
}

function findingHtml(finding: ClaimFinding): string {
  const { sentence, verdict, statement, because, rule } = finding
  return `<details><summary>${VERDICT_MARKS[verdict]} ${escapeHtml(sentence)}</summary>
<p>Claim: ${escapeHtml(statement)} <strong>${verdict}</strong>: ${escapeHtml(because)}.</p>
<p>${escapeHtml(rule)}</p>${evidenceHtml(finding)}</details>`
}

function evidenceHtml({ evidence, model, heading }: Pick<ClaimFinding, 'evidence' | 'model' | 'heading'>): string {
  if (evidence.length === 0) return ''
  const rows = evidenceRows(evidence).map(
    (cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  )
  const head = evidenceHead(evidence)
    .map((text) => `<th scope="col">${text}</th>`)
    .join('')
  return scrollBox(
    `Evidence of ${model}: ${heading}`,
    `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`,
  )
}

function evidenceRows(evidence: readonly Evidence[]): readonly (readonly string[])[] {
  const withSeeds = isRetrained(evidence)
  return evidence.map((one) => evidenceCells(one, withSeeds))
}

function evidenceCells(one: Evidence, withSeeds: boolean): readonly string[] {
  const { layer, size, quantity, mean, standardError, retrained, patches, positive, signTest, lean } = one
  return [
    layer,
    String(size),
    quantity,
    `${number(mean)} ± ${standardError === null ? '–' : number(standardError)}`,
    ...(withSeeds ? [retrained?.map(number).join(', ') ?? '–'] : []),
    `${positive} of ${patches}`,
    signTest < 0.001 ? 'p < 0.001' : `p = ${signTest.toFixed(3)}`,
    lean === null ? 'shown only' : LEANS[lean],
  ]
}

const number = (value: number) => decimalText(value, 4)

/** Title and findings of each verdict that there is, in the order of the findings. */
function byVerdict(findings: readonly ClaimFinding[]): readonly (readonly [string, readonly ClaimFinding[]])[] {
  return [...new Set(findings.map(({ verdict }) => verdict))].map((verdict) => [
    TITLES[verdict],
    findings.filter((finding) => finding.verdict === verdict),
  ])
}
