import { escapeHtml, scrollBox } from '../html.js'
import { decimalText } from '../numberText.js'
import type { ReportSection } from '../section.js'
import { markdownText } from '../tables/markdown.js'
import type { Evidence } from './evidence.js'
import type { ClaimFinding } from './findings.js'
import { VERDICT_RULE } from './verdict.js'

const LEANS = { for: 'for', against: 'against', open: 'open' } as const

const EVIDENCE_HEAD = ['layer', 'size', 'measured', 'mean ± standard error', 'patches above 0', 'sign test', 'speaks']

/** findings.md: every finding with its rule and all its evidence. */
export function findingsMarkdown(findings: readonly ClaimFinding[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`
  const body = byModel(findings).flatMap(([model, own]) => [
    `## ${markdownText(model)}`,
    '',
    ...own.flatMap((finding) => [
      `### ${finding.statement}`,
      '',
      `**${finding.verdict}**: ${markdownText(reason(finding))}.`,
      '',
      finding.rule,
      '',
      ...(finding.evidence.length === 0
        ? []
        : [
            line(EVIDENCE_HEAD),
            line(EVIDENCE_HEAD.map(() => '---')),
            ...finding.evidence.map((one) => line(evidenceCells(one))),
            '',
          ]),
    ]),
  ])
  return ['# Findings', '', INTRODUCTION, '', VERDICT_RULE, '', ...body].join('\n')
}

/** The findings as a section of the page: verdicts at a glance, then each with its reason; the evidence unfolds. */
export function findingsSection(findings: readonly ClaimFinding[]): ReportSection {
  const networks = byModel(findings).map(([model, own]) => {
    const items = own.map(
      (finding) => `<h4 style="margin-top:1.2rem">${escapeHtml(finding.statement)}</h4>
<p><strong>${finding.verdict}</strong>: ${escapeHtml(reason(finding))}.</p>
${evidenceHtml(finding)}`,
    )
    return `<h3>${escapeHtml(model)}</h3>\n${items.join('\n')}`
  })
  return {
    id: 'findings',
    title: 'Findings',
    html: `<p class="note">${escapeHtml(INTRODUCTION)} ${escapeHtml(VERDICT_RULE)}</p>
${verdictsHtml(findings)}
${networks.join('\n')}`,
  }
}

/** A row for each network, a column for each claim. */
function verdictsHtml(findings: readonly ClaimFinding[]): string {
  const headings = [...new Set(findings.map(({ heading }) => heading))]
  const rows = byModel(findings).map(([model, own]) => {
    const verdicts = headings.map((heading) => own.find((finding) => finding.heading === heading)?.verdict ?? '–')
    return `<tr><th scope="row">${escapeHtml(model)}</th>${verdicts.map((verdict) => `<td>${verdict}</td>`).join('')}</tr>`
  })
  const head = ['network', ...headings].map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('')
  return scrollBox('Verdicts', `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`)
}

const INTRODUCTION =
  'What the numbers of each network say about the claims of the paper, computed by one rule for every network.'

function evidenceHtml({ rule, evidence }: ClaimFinding): string {
  const rows = evidence.map(
    (one) =>
      `<tr>${evidenceCells(one)
        .map((cell) => `<td>${escapeHtml(cell)}</td>`)
        .join('')}</tr>`,
  )
  const head = EVIDENCE_HEAD.map((text) => `<th scope="col">${text}</th>`).join('')
  const table =
    rows.length === 0
      ? ''
      : scrollBox('Evidence', `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`)
  return `<details><summary>rule and evidence</summary><p>${escapeHtml(rule)}</p>${table}</details>`
}

function evidenceCells(one: Evidence): readonly string[] {
  const { layer, size, quantity, mean, standardError, patches, positive, signTest, lean } = one
  return [
    layer,
    String(size),
    quantity,
    `${number(mean)} ± ${standardError === null ? '–' : number(standardError)}`,
    `${positive} of ${patches}`,
    signTest < 0.001 ? 'p < 0.001' : `p = ${signTest.toFixed(3)}`,
    lean === null ? 'shown only' : LEANS[lean],
  ]
}

function reason({ because, headline }: ClaimFinding): string {
  return headline === null ? because : `${headline}; ${because}`
}

const number = (value: number) => decimalText(value, 4)

function byModel(findings: readonly ClaimFinding[]): readonly (readonly [string, readonly ClaimFinding[]])[] {
  return [...new Set(findings.map(({ model }) => model))].map((model) => [
    model,
    findings.filter((finding) => finding.model === model),
  ])
}
