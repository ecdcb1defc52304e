/** Characters that mean something to TeX, and those of our own texts that pdfTeX's fonts lack or take for others. */
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

/** Marks that combine with the letter before them, and TeX's accents. */
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

/** Macro for files with special characters: it gives any character if the engine has Unicode, and its number otherwise. */
export const UNICODE_MACRO =
  '\\providecommand{\\unicodecharacter}[1]{\\ifdefined\\Umathcode\\char"#1\\else{[U+#1]}\\fi}'

/** Text on one line that TeX shows as it is, whatever it holds; in any encoding of fonts and input. */
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
  const code = character.codePointAt(0) as number
  return `\\unicodecharacter{${code.toString(16).toUpperCase().padStart(4, '0')}}`
}

/** A row of a table is one line, and a comment is. */
export function withoutBreaks(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
