import { escapeHtml } from '../../plot/html.js'
import { type Ranking, rankingQuote } from './ranking.js'

/** HTML of the sentence to quote; empty if nothing can be said of the networks. Only a script can copy it. */
export function quoteHtml(ranking: Ranking): string {
  const sentence = rankingQuote(ranking)
  return sentence === undefined
    ? ''
    : `<figure class="quote"><figcaption>Sentence to quote</figcaption><blockquote>${escapeHtml(sentence)}</blockquote></figure>
<script>${COPY_SCRIPT}</script>`
}

/** Adds a button that copies the sentence. Where the browser offers no clipboard, it selects the sentence. */
const COPY_SCRIPT = `for (const quote of document.querySelectorAll('.quote')) {
  const sentence = quote.querySelector('blockquote')
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = 'Copy'
  button.onclick = async () => {
    getSelection().selectAllChildren(sentence)
    try {
      await navigator.clipboard.writeText(sentence.textContent)
      button.textContent = 'Copied'
    } catch {
      button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected'
    }
  }
  quote.append(button)
}`
