// Makes ../letters.json, the outlines of letters in pictures, from LiberationSans-Regular.ttf 2.1 (Debian:
// fonts-liberation).
//
//   node letters.mjs /usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf

import { readFile, writeFile } from 'node:fs/promises'
import opentype from 'opentype.js'

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i))
/** ASCII, Latin-1, and further characters of the project's own texts. */
const characters = [...range(0x20, 0x7e), ...range(0xa1, 0xff).filter((one) => one !== '\u00ad'), ...'–−’“”…≥≤σμ→']

const bytes = await readFile(process.argv[2])
const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
const letters = characters.map((character) => {
  const glyph = font.charToGlyph(character)
  if (glyph.index === 0) throw new Error(`the font has no ${character}`)
  return [character, [glyph.advanceWidth, glyph.getPath(0, 0, font.unitsPerEm).toPathData(0)]]
})
const document = {
  source: 'outlines of Liberation Sans 2.1, see CREDITS.md',
  unitsPerEm: font.unitsPerEm,
  letters: Object.fromEntries(letters),
}
const lines = JSON.stringify(document).replaceAll('],"', '],\n"')
await writeFile(new URL('../letters.json', import.meta.url), `${lines}\n`)
