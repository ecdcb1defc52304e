import { decodeImage } from '../../../src/patches/image.js'
import { oddInteger, oddText } from '../documents.js'
import { mutate } from '../mutation.js'
import type { Random } from '../random.js'
import type { Reader } from '../reader.js'
import { pictureFaults, pixelGrowth, placeSecret } from './pictures.js'

/** Drawing has a minute in use; few of the cases that take seconds would end before. */
const limits = { seconds: 2, bytes: 2 ** 31 }

/** SVG, part by part: shapes, references to others, filters, masks, patterns, text, styles, pictures within. */
export const svg: Reader = {
  name: 'svg',
  isExpensive: true,
  mostGrowth: pixelGrowth,
  // Together with the start of the process that draws.
  mostSeconds: 10,
  open: async (folder) => {
    await placeSecret(folder)
    return {
      draw: (random) => ({ kind: 'svg', files: { 'case.svg': drawSvg(random) } }),
      read: async ({ files }) => {
        const bytes = Buffer.from(files['case.svg'] as Uint8Array)
        return pictureFaults(await decodeImage(bytes, 'case.svg', undefined, limits))
      },
    }
  },
}

export function drawSvg(random: Random): Buffer {
  const ids = Array.from({ length: 6 }, (_, i) => `i${i}`)
  const definitions = random.several(6, (i) => drawElement(random, 3, ids, `i${i}`)).join('')
  const body = random.several(4, () => drawElement(random, 3, ids)).join('')
  const size = random.chance(0.93) ? '16' : drawLength(random)
  const view = random.chance(0.5) ? ` viewBox="0 0 ${drawNumber(random)} ${drawNumber(random)}"` : ''
  const type = random.chance(0.05) ? drawDocumentType(random) : ''
  const style = random.chance(0.1) ? `<style>${drawStyle(random)}</style>` : ''
  const text = `${type}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${size}" height="${random.chance(0.9) ? size : drawLength(random)}"${view}>${style}<defs>${definitions}</defs>${body}</svg>`
  return random.chance(0.2)
    ? mutate(Buffer.from(text), random, [Buffer.from('<g><use href="#i0"/></g>')])
    : Buffer.from(text)
}

function drawNumber(random: Random): string {
  return random.chance(0.85) ? String(random.below(320) / 10) : String(oddInteger(random))
}

function drawLength(random: Random): string {
  return `${drawNumber(random)}${random.pick(['', '', 'px', '%', 'em', 'cm', 'vw', 'x'])}`
}

type Draw = (random: Random, depth: number, ids: readonly string[]) => string

function several(most: number): Draw {
  return (random, depth, ids) =>
    depth > 0 ? random.several(most, () => drawElement(random, depth - 1, ids)).join('') : ''
}

const inner = several(3)
const nothing: Draw = () => ''

/** Elements by what stands in them; attributes are drawn from one list for all. */
const elements: Readonly<Record<string, Draw>> = {
  g: inner,
  rect: nothing,
  circle: nothing,
  ellipse: nothing,
  line: nothing,
  path: nothing,
  polygon: nothing,
  use: nothing,
  symbol: inner,
  svg: inner,
  text: (random) => (random.chance(0.8) ? 'text' : oddWord(random)),
  image: nothing,
  mask: inner,
  clipPath: inner,
  pattern: inner,
  marker: inner,
  linearGradient: (random) =>
    random.several(3, () => `<stop offset="${drawNumber(random)}" stop-color="red"/>`).join(''),
  radialGradient: (random) =>
    random.several(3, () => `<stop offset="${drawNumber(random)}%" stop-color="blue"/>`).join(''),
  filter: (random) => random.several(4, () => drawPrimitive(random)).join(''),
  switch: inner,
  foreignObject: inner,
  animate: nothing,
  script: (random) => oddWord(random),
}

const primitives: Readonly<Record<string, readonly string[]>> = {
  feGaussianBlur: ['stdDeviation'],
  feTurbulence: ['baseFrequency', 'numOctaves', 'seed'],
  feConvolveMatrix: ['order', 'kernelMatrix', 'divisor', 'targetX'],
  feMorphology: ['radius', 'operator'],
  feOffset: ['dx', 'dy'],
  feDisplacementMap: ['scale', 'in2'],
  feFlood: ['flood-color', 'flood-opacity'],
  feTile: [],
  feImage: ['href'],
  feColorMatrix: ['values', 'type'],
  feComposite: ['operator', 'in2', 'k1', 'k2'],
  feDiffuseLighting: ['surfaceScale', 'kernelUnitLength'],
  feComponentTransfer: [],
  feMerge: [],
  feDropShadow: ['dx', 'stdDeviation'],
}

function drawPrimitive(random: Random): string {
  const name = random.pick(Object.keys(primitives))
  const attributes = (primitives[name] ?? []).map((attribute) => `${attribute}="${drawSetting(random, attribute)}"`)
  const place = random.chance(0.3) ? ` result="r${random.below(3)}" in="r${random.below(3)}"` : ''
  return `<${name} ${attributes.join(' ')}${place}/>`
}

function drawSetting(random: Random, attribute: string): string {
  if (attribute === 'kernelMatrix' || attribute === 'values')
    return random.several(25, () => drawNumber(random)).join(' ')
  if (attribute === 'operator') return random.pick(['over', 'arithmetic', 'dilate', 'erode', 'xor'])
  if (attribute === 'href') return random.pick(['#i0', 'secret.png', ''])
  return random.chance(0.8) ? drawNumber(random) : `${drawNumber(random)} ${drawNumber(random)}`
}

function drawElement(random: Random, depth: number, ids: readonly string[], id?: string): string {
  const name = random.pick(Object.keys(elements))
  const attributes = [
    ...(id === undefined ? [] : [`id="${id}"`]),
    ...['x', 'y', 'width', 'height', 'r', 'rx', 'cx', 'cy', 'stroke-width', 'font-size'].flatMap((attribute) =>
      random.chance(0.4) ? [`${attribute}="${drawLength(random)}"`] : [],
    ),
    ...random.several(3, () => drawAttribute(random, ids)),
  ]
  const unique = new Map(attributes.map((attribute) => [attribute.split('=')[0], attribute]))
  const needed = name === 'use' || name === 'image' ? [`href="${drawAddress(random, ids)}"`] : []
  const shape =
    name === 'path' ? [`d="${drawPath(random)}"`] : name === 'polygon' ? [`points="${drawPoints(random)}"`] : []
  const open = [name, ...unique.values(), ...needed, ...shape].join(' ')
  return `<${open}>${(elements[name] as Draw)(random, depth, ids)}</${name}>`
}

function drawAttribute(random: Random, ids: readonly string[]): string {
  const reference = () => `url(#${random.pick(ids)})`
  return random.pick([
    () => `fill="${random.pick(['red', 'none', '#12345678', reference(), 'url(secret.png)', oddWord(random)])}"`,
    () => `stroke="${random.pick(['black', reference()])}"`,
    () => `filter="${random.chance(0.7) ? reference() : `blur(${drawLength(random)})`}"`,
    () => `mask="${reference()}"`,
    () => `clip-path="${reference()}"`,
    () => `marker-mid="${reference()}"`,
    () =>
      `transform="${random.pick(['scale', 'rotate', 'translate', 'skewX', 'matrix'])}(${random.several(6, () => drawNumber(random)).join(' ')})"`,
    () => `style="${drawStyle(random)}"`,
    () => `opacity="${drawNumber(random)}"`,
    () => `stroke-dasharray="${random.several(4, () => drawNumber(random)).join(',')}"`,
    () => `patternUnits="${random.pick(['userSpaceOnUse', 'objectBoundingBox'])}"`,
    () => `preserveAspectRatio="${random.pick(['none', 'xMidYMid slice', oddWord(random)])}"`,
    () => `xlink:href="${drawAddress(random, ids)}"`,
  ])()
}

function oddWord(random: Random): string {
  return oddText(random).replace(/[<&"\p{Cc}\p{Cs}]/gu, '?')
}

/** Of another element, of what must not be read, or of what lies within. */
function drawAddress(random: Random, ids: readonly string[]): string {
  if (random.chance(0.7)) return `#${random.pick(ids)}`
  return random.pick([
    () => 'secret.png',
    () => '../secret',
    () => 'file:///etc/passwd',
    () => 'http://localhost:1/x.png',
    () =>
      `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>').toString('base64')}`,
    () => 'data:image/png;base64,AAAA',
    () => oddWord(random),
  ])()
}

function drawPath(random: Random): string {
  const most = random.chance(0.02) ? 3000 : 12
  return `M0 0${random.several(most, () => `${random.pick(['L', 'l', 'C', 'q', 'A', 'H', 'Z', 'm'])}${random.several(7, () => drawNumber(random)).join(' ')}`).join('')}`
}

function drawPoints(random: Random): string {
  return random.several(12, () => `${drawNumber(random)},${drawNumber(random)}`).join(' ')
}

function drawStyle(random: Random): string {
  return random.pick([
    'fill:red',
    '@import url(secret.css);',
    `rect{width:${drawLength(random)}}`,
    '*{filter:url(#i0)}',
    `font:${drawLength(random)} serif`,
    `transform:scale(${drawNumber(random)})`,
    'mix-blend-mode:multiply;isolation:isolate',
    oddWord(random),
  ])
}

function drawDocumentType(random: Random): string {
  const entities = Array.from(
    { length: 1 + random.below(8) },
    (_, i) => `<!ENTITY e${i} "${i === 0 ? 'xxxxxxxxxx' : `&e${i - 1};`.repeat(1 + random.below(10))}">`,
  )
  const outside = random.chance(0.5) ? '<!ENTITY x SYSTEM "file:///etc/passwd">' : ''
  return `<!DOCTYPE svg [${entities.join('')}${outside}]>`
}
