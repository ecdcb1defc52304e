import { join } from 'node:path'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import { escapeHtml, fileLinks } from '../html.js'
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

/** The figures that were written, as a section of the page beside their folder; their titles are in the pictures. */
export function figuresSection(figures: readonly Figure[]): ReportSection {
  const parts = figures.map((figure) => {
    const { name, title } = figure
    const { width, height } = panelLayout(figure)
    const file = `figures/${encodeURIComponent(name)}`
    return `<figure style="margin:1.2rem 0"><img src="${file}.svg" alt="${escapeHtml(title)}" width="${width}" height="${height}" loading="lazy" style="max-width:100%;height:auto">
<figcaption>${fileLinks(file, ['svg', 'png'])}</figcaption></figure>`
  })
  return { id: 'figures', title: 'Figures of the paper', html: parts.join('\n') }
}
