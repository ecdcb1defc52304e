import { join } from 'node:path'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { escapeHtml } from '../html.js'
import { layoutPng, layoutSvg } from '../plot/layout.js'
import type { ReportSection } from '../section.js'
import type { Figure } from './figures.js'
import { panelLayout } from './panels.js'

/** Writes figures as PNG and SVG into the folder `figures` of a results folder. */
export async function writeFigures(results: string, figures: readonly Figure[]): Promise<void> {
  await writeFolderAtomic(join(results, 'figures'), async (folder) => {
    for (const figure of figures) {
      const layout = panelLayout(figure)
      await writeFileAtomic(join(folder, `${figure.name}.png`), await layoutPng(layout))
      await writeFileAtomic(join(folder, `${figure.name}.svg`), await layoutSvg(layout))
    }
  })
}

/** The figures that were written, as a section of the page beside their folder. */
export function figuresSection(figures: readonly Figure[]): ReportSection {
  const parts = figures.map(({ name, title }) => {
    const file = `figures/${encodeURIComponent(name)}`
    return `<h3>${escapeHtml(title)}</h3>
<figure><img src="${file}.svg" alt="${escapeHtml(title)}" loading="lazy" style="max-width:100%;height:auto">
<figcaption>As a file: <a href="${file}.svg">SVG</a>, <a href="${file}.png">PNG</a></figcaption></figure>`
  })
  return { id: 'figures', title: 'Figures of the paper', html: parts.join('\n') }
}
