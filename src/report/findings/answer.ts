import { addTo, distinct } from '../../support/lists.js'
import { counted, joinedWords } from '../../support/text.js'
import { CLAIMS, type Claim, type ClaimWords, type NumberKind, type NumberRange } from './claims.js'
import type { Evidence, Lean } from './evidence.js'
import type { ClaimFinding, Verdict } from './finding.js'

/** A question with its findings, one per network. */
export interface Asked {
  readonly claim: Claim
  readonly own: readonly ClaimFinding[]
}

type Judged = Pick<ClaimFinding, 'verdict' | 'isJudged' | 'reason' | 'evidence'>

const OPEN = 'Can’t tell'

/** The word with which a verdict answers a claim’s question. */
export function answerWord({ claimed, yes = 'Yes' }: Pick<ClaimWords, 'claimed' | 'yes'>, verdict: Verdict): string {
  if (verdict === 'open') return OPEN
  return (verdict === 'supported') === (claimed === 'Yes') ? yes : 'No'
}

/** The word for what a single number says: "yes", "no" or "open". */
export function leanWord({ words: { claimed } }: Claim, lean: Lean): string {
  return lean === 'open' ? lean : lower(answerWord({ claimed }, lean === 'for' ? 'supported' : 'contradicted'))
}

/**
 * The answer to a claim's question in one sentence without a full stop: the answers of the networks, the range of their
 * numbers, and whether the paper says the same.
 */
export function answerSentence(claim: Claim, findings: readonly Judged[]): string {
  if (!isAnswered(findings)) return `${OPEN}: ${reasonOf(findings)}`
  return `${wordsOf(claim, findings)}: ${numbersOf(claim, findings)}${remarkOn(claim, findings)}`
}

/** The answers of the networks without their numbers, such as `Yes in 2 of 3 networks; no in 1`. */
function wordsOf(claim: Claim, findings: readonly Judged[]): string {
  const words = findings.map(({ verdict }) => answerWord(claim.words, verdict))
  const [first = OPEN, ...others] = [claim.words.yes ?? 'Yes', 'No', OPEN].filter((word) => words.includes(word))
  const count = (wanted: string) => words.filter((word) => word === wanted).length
  if (others.length === 0) return first
  const more = others.map((word) => `; ${lower(word)} in ${count(word)}`)
  return `${first} in ${count(first)} of ${words.length} networks${more.join('')}`
}

/** The answers of the networks by name, such as `Yes in A and B; no in C`. A single network needs no name. */
export function namedWords(claim: Claim, findings: readonly ClaimFinding[]): string {
  const models = new Map<string, string[]>()
  for (const { model, verdict } of findings) addTo(models, answerWord(claim.words, verdict), model)
  if (findings.length === 1) return [...models.keys()].join('')
  return [...models].map(([word, names], i) => `${i === 0 ? word : lower(word)} in ${joinedWords(names)}`).join('; ')
}

/** The range of the numbers that were judged, in a clause. */
export function numbersOf({ words, evidence }: Claim, findings: readonly Judged[]): string {
  return words.says(rangeOf(judgedIn(findings), evidence.numbers))
}

/** How many numbers say yes and no, and how many are open. */
export function countsOf(claim: Claim, judged: readonly Evidence[]): string {
  const words = judged.map(({ lean }) => lean && leanWord(claim, lean))
  const counts = ['yes', 'no', 'open'].map((word) => [words.filter((one) => one === word).length, word] as const)
  const said = counts.filter(([count]) => count > 0)
  return said.map(([count, word], i) => `${i === 0 ? counted(count, 'number') : count} ${word}`).join(', ')
}

function judgedIn(findings: readonly Judged[]): readonly Evidence[] {
  return findings.filter(({ isJudged }) => isJudged).flatMap(judgedEvidence)
}

/** Selects the evidence that decides the verdict. Other evidence (`lean` is null) is only shown. */
export function judgedEvidence({ evidence }: Pick<ClaimFinding, 'evidence'>): readonly Evidence[] {
  return evidence.filter(({ lean }) => lean !== null)
}

/** Says in brackets why no network has an answer, and whether the paper says the same. */
function remarkOn(claim: Claim, findings: readonly Judged[]): string {
  const [agrees, differs] = [has(findings, 'supported'), has(findings, 'contradicted')]
  const same = agrees ? 'as the paper says' : 'contradicts the paper'
  const paper = agrees === differs ? `the paper says ${lower(claim.words.claimed)}` : same
  const remarks = [
    ...(agrees || differs ? [] : [countsOf(claim, judgedIn(findings))]),
    ...(claim.words.isOwn ? [] : [paper]),
  ]
  return remarks.length === 0 ? '' : ` (${remarks.join('; ')})`
}

/** Who asks, and which numbers mean which answer. */
export function introduction(claim: Claim): string {
  const { border, numbers } = claim.evidence
  const words = (['supported', 'contradicted'] as const).map((verdict) => lower(answerWord(claim.words, verdict)))
  const [above, below] = border.speaksFor === 'above' ? words : words.toReversed()
  const limit = `${Number(numbers.value(border.at).toPrecision(3))}${numbers.unit}`
  return `${claim.words.source} Numbers above ${limit} mean “${above}”, below it “${below}”.`
}

/** All questions that have findings, in order. */
export function askedIn(findings: readonly ClaimFinding[]): readonly Asked[] {
  const asked = CLAIMS.map((claim) => ({ claim, own: findings.filter((one) => one.claim === claim.id) }))
  return asked.filter(({ own }) => own.length > 0)
}

export function isAnswered(findings: readonly Judged[]): boolean {
  return findings.some(({ isJudged }) => isJudged)
}

/** Says how many of the paper's answers hold here. */
export function summaryOf(asked: readonly Asked[]): string {
  const all = asked.map(({ own }) => own)
  if (!all.some(isAnswered)) return `${OPEN}: ${reasonOf(all.flat())}`
  const papers = asked.filter(({ claim }) => !claim.words.isOwn).map(({ own }) => own)
  const failing = papers.filter((own) => has(own, 'contradicted'))
  const open = papers.filter((own) => own.every(({ verdict }) => verdict === 'open'))
  const counts = [
    [papers.length - failing.length - open.length, 'holds here', 'hold here'],
    [failing.length, 'does not hold', 'do not hold'],
    [open.length, 'stays open', 'stay open'],
  ] as const
  const parts = counts
    .filter(([count]) => count > 0)
    .map(([count, one, several]) => `${count} ${count === 1 ? one : several}`)
  return `Of the paper’s ${counted(papers.length, 'answer')}, ${joinedWords(parts)}`
}

/** Names the questions that the study cannot answer, in one sentence for each reason. */
export function unanswered(asked: readonly Asked[]): readonly string[] {
  const open = asked.filter(({ own }) => !isAnswered(own)).map(({ claim, own }) => [reasonOf(own), claim] as const)
  return distinct(open.map(([reason]) => reason)).map((reason) => {
    const questions = open.filter(([other]) => other === reason).map(([, { words }]) => `“${words.question}”`)
    return `Not answered here: ${joinedWords(questions)}, because ${reason}.`
  })
}

function reasonOf(findings: readonly Judged[]): string {
  return distinct(findings.map(({ reason }) => reason)).join('; ')
}

function has(findings: readonly Judged[], wanted: Verdict): boolean {
  return findings.some(({ verdict }) => verdict === wanted)
}

function lower(word: string): string {
  return `${word.charAt(0).toLowerCase()}${word.slice(1)}`
}

function rangeOf(evidence: readonly Pick<Evidence, 'mean'>[], { value, text, unit }: NumberKind): NumberRange {
  const values = evidence.map(({ mean }) => value(mean))
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const between = (least: string, most: string) =>
    least === most ? `${least}${unit}` : `${least}${least.startsWith('−') ? ' to ' : '–'}${most}${unit}`
  return {
    text: between(text(low), text(high)),
    apart: (below, above) => {
      if (!text(low).startsWith('−')) return `${between(text(low), text(high))} ${above}`
      if (text(high).startsWith('−')) return `${between(text(-high), text(-low))} ${below}`
      return `${text(-low)}${unit} ${below} to ${text(high)}${unit} ${above}`
    },
  }
}
