import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Pages whose command blocks are run: the README, and all of docs. */
export const PAGES: readonly string[] = ['README.md', ...namesIn('docs'), 'examples/README.md']

/** All pages that link to others. */
export const LINKING_PAGES: readonly string[] = [
  ...new Set([...namesIn('.'), ...PAGES, ...namesIn('models'), ...namesIn('models/train')]),
]

function namesIn(folder: string): readonly string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'))
  return names.map((name) => (folder === '.' ? name : `${folder}/${name}`)).sort()
}

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** A fenced code block. */
export interface Block {
  readonly page: string
  /** Line of its opening fence, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** Reason why the block is not run, from a comment before it: `<!-- parsed only: needs a card -->`. */
  readonly parsedOnly: string | undefined
  /**
   * File or folder that the block needs beside it, and its source in the repository:
   * `<!-- given: a.onnx from test/a.onnx -->`.
   */
  readonly given: { readonly name: string; readonly source: string } | undefined
}

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = []
  const lines = textOf(page).split('\n')
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w*)$/.exec(lines[at] as string)?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`${page}:${at + 1}: the block has no end`)
    const before = lines[at - 1] ?? ''
    const [, name, source] = /^<!-- given: (\S+) from (\S+) -->$/.exec(before) ?? []
    blocks.push({
      page,
      line: at + 1,
      language,
      code: lines.slice(at + 1, end).join('\n'),
      parsedOnly: /^<!-- parsed only: (.+) -->$/.exec(before)?.[1],
      given: name === undefined || source === undefined ? undefined : { name, source },
    })
    at = end
  }
  return blocks
}

/** A page's text without its blocks. */
function proseOf(page: string): string {
  return textOf(page).replace(/^```\w*\n[\s\S]*?^```$/gm, '')
}

/** Text between backticks outside code blocks. */
export function codeSpansOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g)].map(([, code]) => code as string)
}

/** Target of a relative link: its path from the root, and its anchor. */
export interface LinkTarget {
  readonly path: string
  readonly anchor: string | undefined
}

/** Targets of the page's relative links and pictures. */
export function linkedFrom(page: string): readonly LinkTarget[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [way = '', anchor] = link.split('#')
      return { path: way === '' ? page : posix.join(posix.dirname(page), decodeURI(way)), anchor }
    })
}

/** Anchors of a page's headings, made as GitHub makes them. */
export function anchorsOf(page: string): readonly string[] {
  const anchors: string[] = []
  for (const [, heading] of proseOf(page).matchAll(/^#+ (.+)$/gm)) {
    const plain = (heading as string).toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '')
    const slug = plain.trim().replaceAll(' ', '-')
    const before = anchors.filter((anchor) => anchor.replace(/-\d+$/, '') === slug).length
    anchors.push(before === 0 ? slug : `${slug}-${before}`)
  }
  return anchors
}
