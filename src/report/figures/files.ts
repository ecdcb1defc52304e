import { join } from 'node:path'
import { writeFileAtomic, writeFolderAtomic } from '../../files/atomic.js'
import type { StudyGroup } from '../../results/study.js'
import type { ColourLimits } from '../heatmap.js'
import { drawingPng, drawingSvg } from './drawing.js'
import { paperFigures } from './figures.js'
import { panelDrawing } from './panels.js'

/** Writes the paper's figures as PNG and SVG into the folder `figures` of a results folder. */
export async function writeFigures(
  results: string,
  groups: readonly StudyGroup[],
  limits: ColourLimits,
): Promise<void> {
  await writeFolderAtomic(join(results, 'figures'), async (folder) => {
    for (const figure of paperFigures(groups, limits)) {
      const drawing = panelDrawing(figure)
      await writeFileAtomic(join(folder, `${figure.name}.png`), await drawingPng(drawing))
      await writeFileAtomic(join(folder, `${figure.name}.svg`), await drawingSvg(drawing))
    }
  })
}
