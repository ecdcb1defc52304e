import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, extname, join, parse, resolve } from 'node:path'
import { z } from 'zod'
import { InputError } from '../errors.js'
import { tryJson } from '../files/json.js'
import { modelsFolder } from '../files/package.js'
import { isGivenPath, isInside, readNamed } from '../files/regularFile.js'
import { nearestNames } from '../support/text.js'
import { readImage } from './image.js'
import type { PatchSource } from './patch.js'
import { PICTURE_FORMATS } from './pictureFormat.js'

const PICTURE_EXTENSIONS = new Set(['.png', '.webp', '.jpg', '.jpeg', '.svg', '.gif', '.tif', '.tiff', '.avif'])

/**
 * Largest number of characters in an object's name. Results repeat the name beside each number, so long names would
 * make them huge.
 */
const LONGEST_NAME = 1000

/** Kinds of manifests whose objects are resized with the paper authors' method; see `PatchSource.colours`. */
const AUTHORS_KINDS: readonly unknown[] = ['coco', 'built-in']

const manifestSchema = z.object({
  kind: z.unknown().optional(),
  patches: z
    .array(
      z.object({
        name: z.string().min(1).max(LONGEST_NAME),
        file: z.string().min(1),
        category: z.string().optional(),
        sizes: z.record(z.string(), z.string().min(1)).optional(),
        alpha: z.literal('hard').optional(),
      }),
    )
    .min(1),
})

export function builtInPatches(): Promise<readonly PatchSource[]> {
  return readManifest(join(modelsFolder(), 'patches', 'manifest.json'))
}

/** Opens a picture file, or the built-in patch of this name if there is no such file. */
export async function patchFrom(text: string): Promise<PatchSource> {
  if (isGivenPath(text)) return { name: parse(text).name, path: text }
  return builtInPatch(text, `cannot read ${text}: no such file`, 'the path of a picture')
}

/**
 * The patches of a folder or a manifest. A folder's patches are those of its manifest.json, or else all its pictures,
 * sorted by file name. If there is no such file or folder, `path` is a list of built-in patches, such as `dog,car`. A
 * folder that has such a name counts only if `path` has a separator (see `isGivenPath`). Without `path`, the result is
 * all built-in patches.
 * @throws InputError if there are none, or if a manifest is damaged or points outside its folder
 */
export async function patchesFrom(path?: string): Promise<readonly PatchSource[]> {
  const builtIn = await builtInPatches()
  if (path === undefined) return builtIn
  const names = new Set(path.split(',').map((name) => name.trim()))
  const areBuiltIn = [...names].every((name) => builtIn.some((patch) => patch.name === name))
  if (!existsSync(path) || (areBuiltIn && !isGivenPath(path))) {
    const fault = `cannot read ${path}: no such file or folder`
    return Promise.all([...names].map((name) => builtInPatch(name, fault, 'a folder of pictures or a manifest.json')))
  }
  const info = await stat(path)
  if (!info.isDirectory()) return extname(path) === '.json' ? readManifest(path) : [{ name: parse(path).name, path }]
  const files = await readdir(path)
  if (files.includes('manifest.json')) return readManifest(join(path, 'manifest.json'))
  const pictures = files.filter(isPicture).sort()
  if (pictures.length === 0)
    throw new InputError(
      `no pictures in ${path}; put ${PICTURE_FORMATS} files there, with transparency around the object`,
    )
  return unique(
    path,
    pictures.map((name) => ({ name: parse(name).name, path: join(path, name) })),
  )
}

/** If there is no such patch, `fault` and `otherwise` become the first and the last part of the error message. */
async function builtInPatch(name: string, fault: string, otherwise: string): Promise<PatchSource> {
  const patches = await builtInPatches()
  const patch = patches.find((candidate) => candidate.name === name)
  if (patch) return patch
  const nearest = nearestNames(
    parse(name).name,
    patches.map((candidate) => candidate.name),
    3,
  )
  throw new InputError(
    `${fault}, and no built-in object is called "${name}" (most similar: ${nearest.join(', ')}); give one of these, or ${otherwise}`,
  )
}

/**
 * Whether a file is a picture, by its name. Hidden files do not count, because macOS may add one to each picture
 * (._dog.png).
 */
export function isPicture(name: string): boolean {
  return !name.startsWith('.') && PICTURE_EXTENSIONS.has(extname(name).toLowerCase())
}

async function readManifest(path: string): Promise<readonly PatchSource[]> {
  const bytes = await readNamed(path, 'give a folder of pictures or a manifest.json')
  const json = tryJson(bytes.toString('utf8'))
  if (json === undefined) throw new InputError(`${path} is not valid JSON; make the manifest again`)
  const parsed = manifestSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new InputError(
      `${path} is not a manifest of objects: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}; make it again`,
    )
  }
  const folder = resolve(dirname(path))
  const inside = (file: string) => insideFolder(folder, file, path)
  const patches = parsed.data.patches.map(({ name, file, category, sizes, alpha }) => ({
    name,
    path: inside(file),
    ...(category !== undefined && { category }),
    ...(sizes && { sizes: Object.fromEntries(Object.entries(sizes).map(([size, name]) => [size, inside(name)])) }),
    ...(alpha && { alpha }),
    ...(AUTHORS_KINDS.includes(parsed.data.kind) && { colours: 'authors' as const }),
  }))
  return unique(path, patches)
}

function insideFolder(folder: string, file: string, manifest: string): string {
  const path = resolve(folder, file)
  if (isInside(folder, path)) return path
  throw new InputError(
    `${manifest} names ${file}, which is outside the manifest’s folder; move the pictures into this folder`,
  )
}

function unique(path: string, patches: readonly PatchSource[]): readonly PatchSource[] {
  const seen = new Set<string>()
  for (const { name } of patches) {
    if (seen.has(name)) throw new InputError(`${path} has two objects named ${name}; rename one`)
    seen.add(name)
  }
  return patches
}

/** A patch as `shiftscope patches list` shows it. */
interface ListedPatch {
  readonly name: string
  readonly category: string | null
  readonly path: string
  readonly rows: number
  readonly cols: number
  /** Share of pixels that belong to the object. */
  readonly opaque: number
}

export async function listPatches(
  sources: readonly PatchSource[],
  signal?: AbortSignal,
): Promise<readonly ListedPatch[]> {
  const listed: ListedPatch[] = []
  for (const { name, category = null, path } of sources) {
    const { rows, cols, data } = await readImage(path, signal)
    let opaque = 0
    for (let i = 3; i < data.length; i += 4) if (data[i]! >= 128) opaque++
    listed.push({ name, category, path, rows, cols, opaque: opaque / (rows * cols) })
  }
  return listed
}
