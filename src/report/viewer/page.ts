import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../files/package.js'
import { escapeHtml } from '../html.js'
import type { ReportSection } from '../section.js'
import type { SiteIndex } from './siteIndex.js'
import { STYLE } from './style.js'
import { type Opening, viewerHtml } from './viewerHtml.js'

/**
 * The page of a results folder: the viewer, then the sections in their order. It needs the folder `site` beside it and
 * no network; without JavaScript the sections can still be read.
 * @param index null: the folder has no maps, so that sections are all there is
 * @param opening what of the study surprises most
 */
export function resultsPage(
  index: SiteIndex | null,
  sections: readonly ReportSection[],
  opening: Opening = { sentences: [], link: undefined },
): string {
  const links = [...(index === null ? [] : [{ id: 'viewer', title: 'Object and maps' }]), ...sections]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Shiftscope results</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${index === null ? '' : '<a class="skip" href="#a-image">Skip to the object</a>'}
<header class="page">
<h1>Shiftscope</h1>
${index === null ? '' : `<p class="facts">${factsHtml(index)}</p>`}
${index === null ? '' : THEME_CHOICE}
</header>
<div class="layout">
<nav class="contents" aria-label="Sections"><details id="contents" open><summary>Contents <span id="read-section" class="soft"></span></summary>
<div class="links">${links.map(({ id, title }) => `<a href="#${id}">${escapeHtml(title)}</a>`).join('')}</div></details></nav>
<main>
${index === null ? '' : viewerHtml(opening)}
${sections.map(sectionHtml).join('\n')}
</main>
</div>
${index === null ? '' : scriptsHtml(index)}
</body>
</html>
`
}

const THEME_CHOICE =
  '<label class="theme">Theme <select id="theme"><option value="auto">system</option><option value="light">light</option><option value="dark">dark</option></select></label>'

function scriptsHtml(index: SiteIndex): string {
  return `<script type="application/json" id="study">${embeddedJson(index)}</script>
<script>${viewerScript()}</script>`
}

/** The modules in `browser` as one script, which the build bundles: pages from disk may not load modules from files. */
function viewerScript(): string {
  return readFileSync(join(packageFolder(), 'dist', 'report', 'viewer', 'bundle.js'), 'utf8')
}

function factsHtml({ groups }: SiteIndex): string {
  const count = (number: number, what: string, plural = `${what}s`) => `${number} ${number === 1 ? what : plural}`
  const models = new Set(groups.map(({ model }) => model))
  const patches = new Set(groups.flatMap(({ units }) => units.map(({ patch }) => patch)))
  const sizes = [...new Set(groups.map(({ size }) => size))].map((size) => `${size}×${size}`)
  const strides = [...new Set(groups.map(({ stride }) => stride))]
  const facts = [
    count(models.size, 'network'),
    count(patches.size, 'patch', 'patches'),
    `${sizes.join(', ')} px`,
    `${strides.length === 1 ? 'stride' : 'strides'} ${strides.join(', ')}`,
  ]
  return escapeHtml(facts.join(' · '))
}

function sectionHtml({ id, title, html }: ReportSection): string {
  return `<section class="report" id="${escapeHtml(id)}" aria-labelledby="${escapeHtml(id)}-title">
<h2 id="${escapeHtml(id)}-title">${escapeHtml(title)}</h2>
${html}
</section>`
}

/** JSON that a script element can hold: no end tag, no comment. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}
