import { packageVersion } from '../files/package.js'
import { escapeHtml } from '../plot/html.js'
import type { ReportSection } from './section.js'

const ARXIV = 'https://arxiv.org/abs/2011.04127'
const DOI = 'https://doi.org/10.1007/978-3-030-68238-5_15'

const BIBTEX = `@inproceedings{lee2020shift,
  author    = {Lee, Jake and Yang, Junfeng and Wang, Zhangyang},
  title     = {What Does {CNN} Shift Invariance Look Like? {A} Visualization Study},
  booktitle = {Computer Vision -- {ECCV} 2020 Workshops},
  year      = {2020},
  doi       = {10.1007/978-3-030-68238-5_15},
  eprint    = {2011.04127},
  eprinttype = {arXiv}
}`

/** The paper that the study is of, and how to cite it and this program. */
export function citationSection(): ReportSection {
  const tool = `@software{shiftscope,
  author  = {{Shiftscope contributors}},
  title   = {Shiftscope: what the features of a convolutional network do when an object moves},
  version = {${packageVersion()}}
}`
  const html = `<p class="source">The study follows <cite>What Does CNN Shift Invariance Look Like? A Visualization Study</cite>
(Lee, Yang, Wang, 2020): <a href="${ARXIV}" rel="noreferrer">arXiv:2011.04127</a>,
<a href="${DOI}" rel="noreferrer">doi:10.1007/978-3-030-68238-5_15</a>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="BibTeX"><pre>${escapeHtml(`${BIBTEX}\n\n${tool}`)}</pre></div>`
  return { id: 'cite', title: 'The paper and how to cite it', html, isFolded: true }
}
