import { answersLead } from '../../page/html/answersLead.js'
import type { Opening } from '../../page/html/viewerHtml.js'
import type { SiteIndex } from '../../page/site/siteIndex.js'
import { decimalText } from '../../plot/numberText.js'
import type { ClaimFinding } from './finding.js'

/**
 * Chooses the view with which the page opens, and answers the question of its title. If answers are known, the view
 * shows an example of them, and otherwise the layer with the lowest similarity. Undefined if there is nothing to say.
 */
export function leadOf(
  index: Pick<SiteIndex, 'groups' | 'pairs'>,
  findings: readonly ClaimFinding[],
): Opening | undefined {
  return answersLead(index) ?? similarityLead(findings)
}

function similarityLead(findings: readonly ClaimFinding[]): Opening | undefined {
  const [lowest] = findings
    .filter(({ claim, verdict }) => claim === 'no-global-invariance' && verdict === 'supported')
    .toSorted((a, b) => lowestOf(a).mean - lowestOf(b).mean)
  if (lowest === undefined) return undefined
  const { layer, mean } = lowestOf(lowest)
  const change =
    mean > 0
      ? `can fall to ${decimalText(mean, 3)} (1 is no change, 0 is another object)`
      : `can fall to ${decimalText(mean, 3)}, as low as between different objects`
  return {
    sentence: `In ${lowest.model} ${layer}, the relative similarity of a moved object ${change}.`,
    more: '',
    link: lowest.link,
  }
}

function lowestOf({ evidence }: ClaimFinding): ClaimFinding['evidence'][number] {
  return evidence.filter(({ lean }) => lean === 'for').toSorted((a, b) => a.mean - b.mean)[0]!
}
