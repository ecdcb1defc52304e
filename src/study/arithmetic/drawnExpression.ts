import type { Scene } from '../../engine/scene/task.js'
import { InputError } from '../../errors.js'
import { objectExpectation, pixelExpectation } from '../../experiments/arithmetic/expectation.js'
import type { Term } from '../../experiments/arithmetic/expression.js'
import { BLANK, drawObject, type PlacedObject, parseLayout, type RgbPixels } from '../../experiments/scenes/layout.js'
import { sceneRenderer } from '../../experiments/scenes/scenePatches.js'
import { isGivenPath } from '../../files/regularFile.js'
import type { NamedBackground } from '../../patches/background.js'
import { readImage } from '../../patches/image.js'
import type { PatchSource } from '../../patches/patch.js'

export interface Operand {
  readonly name: string
  /** Path of a picture, or the text of a scene. */
  readonly source: string
  /** Objects of a scene; null for a picture. */
  readonly objects: readonly PlacedObject[] | null
}

interface Drawing {
  readonly patches: readonly PatchSource[]
  readonly background: NamedBackground
  /** Side in pixels of the square images that the network takes. */
  readonly side: number
  readonly blend: Scene['blend']
  readonly signal?: AbortSignal | undefined
}

export interface DrawnExpression {
  readonly expression: string
  readonly terms: readonly Term[]
  readonly operands: readonly (Operand & { readonly image: RgbPixels })[]
  /** The image that the expression should give. Its `objects` are null if it was computed from pixels. */
  readonly expectation: { readonly objects: readonly PlacedObject[] | null; readonly image: RgbPixels }
  readonly blank: RgbPixels
  readonly background: string
  readonly blend: Scene['blend']
  readonly notes: readonly string[]
}

/**
 * Decides whether an image is a picture or a scene: if the path `source` exists (see `isGivenPath`), it is a picture.
 * @param size side in pixels of the scene's objects that have no size of their own
 */
export function operandOf(name: string, source: string, size: number): Operand {
  if (isGivenPath(source)) return { name, source, objects: null }
  if (source.includes('@') || source.trim() === BLANK) return { name, source, objects: parseLayout(source, size) }
  throw new InputError(
    `cannot read image ${name}: there is no file ${source}; give a picture, or a scene such as "orange@0,149 dog@149,0"`,
  )
}

/**
 * Draws every image of an expression, and the expected image. If all images are scenes and all factors are whole
 * numbers, the expected image is found by adding and removing objects. Otherwise, pixels are added and subtracted.
 */
export async function drawExpression(
  expression: string,
  terms: readonly Term[],
  operands: readonly Operand[],
  { patches, background, side, blend, signal }: Drawing,
): Promise<DrawnExpression> {
  const scenes = new Map(operands.flatMap(({ name, objects }) => (objects === null ? [] : [[name, objects]])))
  const drawing = await sceneRenderer([...scenes.values()].flat(), patches, background.background, side, blend, signal)
  const blank = drawing.draw([])
  const drawn: (Operand & { readonly image: RgbPixels })[] = []
  for (const operand of operands) {
    const image =
      operand.objects === null
        ? await readFrame(operand, blank, { side, blend, signal })
        : drawing.draw(operand.objects)
    drawn.push({ ...operand, image })
  }
  const onObjects = scenes.size === operands.length ? objectExpectation(terms, scenes) : undefined
  const images = new Map(drawn.map(({ name, image }) => [name, image]))
  return {
    expression,
    terms,
    operands: drawn,
    expectation:
      onObjects === undefined
        ? { objects: null, image: pixelExpectation(terms, images, blank) }
        : { objects: onObjects.objects, image: drawing.draw(onObjects.objects) },
    blank,
    background: background.identity,
    blend,
    notes: onObjects?.notes ?? [],
  }
}

/** Reads a picture, which must have the size of the network's input. Its transparent pixels show the background. */
async function readFrame(
  { name, source }: Operand,
  blank: RgbPixels,
  { side, blend, signal }: Pick<Drawing, 'side' | 'blend' | 'signal'>,
): Promise<RgbPixels> {
  const { rows, cols, data } = await readImage(source, signal)
  if (rows !== side || cols !== side) {
    throw new InputError(
      `image ${name} (${source}) has ${cols}×${rows} pixels; resize it to ${side}×${side}, the network’s input size`,
    )
  }
  const pixels = blank.slice()
  drawObject(pixels, side, { name, size: side, rgba: data, sha256: '' }, { row: 0, col: 0 }, blend)
  return pixels
}
