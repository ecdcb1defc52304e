/** Replacements for characters that are special in TeX, or that pdfTeX's fonts lack or show differently. */
const SYMBOLS: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '`': '\\textasciigrave{}',
  '"': "''",
  '’': "'",
  '“': '``',
  '”': "''",
  '–': '--',
  '−': '$-$',
  '×': '$\\times$',
  '±': '$\\pm$',
  '≥': '$\\geq$',
  σ: '$\\sigma$',
  μ: '$\\mu$',
}

/** TeX commands for Unicode's combining accents. */
const ACCENTS: Readonly<Record<string, string>> = {
  '\u0300': '`',
  '\u0301': "'",
  '\u0302': '^',
  '\u0303': '~',
  '\u0304': '=',
  '\u0306': 'u',
  '\u0307': '.',
  '\u0308': '"',
  '\u030a': 'r',
  '\u030b': 'H',
  '\u030c': 'v',
  '\u0327': 'c',
}

/** TeX macro for characters without a replacement above. In TeX engines without Unicode, it prints their codes. */
export const UNICODE_MACRO =
  '\\providecommand{\\unicodecharacter}[1]{\\ifdefined\\Umathcode\\char"#1\\else{[U+#1]}\\fi}'

/** Escapes text so that every TeX engine shows it unchanged. The result is one line. */
export function latexText(text: string): string {
  return [...withoutBreaks(text).replace(/-(?=-)/g, '-\u200b')].map(latexCharacter).join('')
}

function latexCharacter(character: string): string {
  if (character === '\u200b') return '{}'
  const symbol = SYMBOLS[character.normalize('NFKC')] ?? SYMBOLS[character]
  if (symbol !== undefined) return symbol
  if (/^[&%$#_{}]$/.test(character)) return `\\${character}`
  if (/^[ -~]$/.test(character)) return character
  const [letter = '', mark = '', ...more] = [...character.normalize('NFD')]
  const accent = ACCENTS[mark]
  if (accent !== undefined && more.length === 0 && /^[a-zA-Z]$/.test(letter)) return `\\${accent}{${letter}}`
  const code = character.codePointAt(0)!
  return `\\unicodecharacter{${code.toString(16).toUpperCase().padStart(4, '0')}}`
}

/** Replaces line breaks by spaces, because a table row or comment of TeX is one line. */
export function withoutBreaks(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
