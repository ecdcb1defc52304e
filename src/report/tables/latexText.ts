/** Characters that are special in TeX, and characters of our own texts that pdfTeX's fonts lack or show as others. */
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

/** Combining marks, and the TeX accents for them. */
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

/** Macro for other characters. It prints the character if the TeX engine supports Unicode, and else its number. */
export const UNICODE_MACRO =
  '\\providecommand{\\unicodecharacter}[1]{\\ifdefined\\Umathcode\\char"#1\\else{[U+#1]}\\fi}'

/** Escapes text, on one line, so that TeX shows it unchanged in any encoding of fonts and input. */
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

/** Replaces line breaks, because a table row and a comment must each be one line. */
export function withoutBreaks(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ')
}
