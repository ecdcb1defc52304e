import { readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { tryJson } from '../../files/json.js'
import { modelsFolder } from '../../files/package.js'
import type { Classes } from '../../network.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
import { counted } from '../../support/text.js'
import { jsonBeside, textBeside } from '../input/sources.js'
import { imagenetClasses } from './imagenet.js'

export interface NamedClasses extends Pick<Classes, 'names' | 'source'> {
  /** Whether the list is in a file that is only of this network, such as NAME.labels.json. It must fit the network. */
  readonly isOwn?: boolean
}

/**
 * Reads the lists of class names that come with a network's file, in this order:
 * - a file beside the model: NAME.labels.json or NAME.labels.txt, labels.json or labels.txt, or config.json (Hugging
 *   Face's id2label, timm's label_names). JSON is a list of names, or an object of names by index. A text has one name
 *   on each line;
 * - `classes` in the model's metadata, or `names`, which Ultralytics writes in Python's form.
 * @param folders to search for files that describe the network
 * @throws InputError if NAME.labels.json or NAME.labels.txt has another form
 */
export async function statedNames(
  { path, metadata }: OnnxFile,
  folders: readonly string[],
): Promise<readonly NamedClasses[]> {
  const own = join(dirname(path), `${basename(path, extname(path))}.labels`)
  const lists: NamedClasses[] = []
  const add = (names: readonly string[] | undefined, source: string, isOwn = false) => {
    if (names !== undefined) lists.push({ names, source, ...(isOwn && { isOwn }) })
  }
  for (const file of OWN_FILES.map((ending) => `${own}${ending}`)) add(await ownNames(file), basename(file), true)
  for (const file of FOREIGN_FILES)
    for (const folder of folders) add(await foreignNames(join(folder, file)).catch(noInput), file)
  add(labelNames(tryJson(metadata.get('classes') ?? '')), METADATA)
  add(pythonNames(metadata.get('names') ?? ''), METADATA)
  return lists
}

const OWN_FILES = ['.json', '.txt'] as const
const FOREIGN_FILES = ['labels.json', 'labels.txt', 'config.json'] as const
const METADATA = 'metadata of the model'

/** A foreign file may belong to another program, so that one with another form is skipped. */
function noInput(error: unknown): undefined {
  if (!(error instanceof InputError)) throw error
}

async function foreignNames(path: string): Promise<readonly string[] | undefined> {
  if (extname(path) === '.json') return labelNames(await jsonBeside(path, false))
  const text = await textBeside(path)
  return text === undefined ? undefined : linesOf(text, path)
}

/** The names in a file that is only of this network. */
async function ownNames(path: string): Promise<readonly string[] | undefined> {
  const text = await textBeside(path)
  if (text === undefined) return undefined
  if (extname(path) === '.txt') return linesOf(text, path)
  const document = tryJson(text)
  const names = labelNames(document)
  if (names !== undefined) return names
  throw wrongForm(path, document === undefined ? 'it is not valid JSON' : problemOf(document))
}

/** Names of classes, one on each line. Blank lines may only end the text. */
function linesOf(text: string, path: string): readonly string[] {
  const names = text
    .trimEnd()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
  const empty = names.indexOf('')
  if (empty === -1) return names
  throw wrongForm(path, names.length === 1 ? 'it is empty' : `line ${empty + 1} is empty`)
}

/** Says why a document does not name classes by index. */
function problemOf(document: unknown): string {
  if (typeof document !== 'object' || document === null) return 'it is neither a list nor an object'
  const isText = (index: number | string) => typeof Reflect.get(document, index) === 'string'
  if (Array.isArray(document)) return `entry ${document.findIndex((_, i) => !isText(i)) + 1} is no text`
  const keys = Object.keys(document)
  if (!keys.every((key) => /^\d+$/.test(key))) return 'its keys are not 0, 1, 2 and so on'
  const missing = Array.from({ length: keys.length + 1 }, (_, i) => i).find((i) => !isText(i))
  return `class ${missing} has no name`
}

function wrongForm(path: string, problem: string): InputError {
  const stem = basename(path, extname(path))
  return new InputError(
    `${path} does not name the classes: ${problem}; write ["cat", "dog"] or {"0": "cat", "1": "dog"} into ${stem}.json, or one name on each line of ${stem}.txt`,
  )
}

/** @throws InputError if the network has a file of names, but `fits` tells that their number is not the network's */
export function checkOwnNames(
  { path }: OnnxFile,
  lists: readonly NamedClasses[],
  classes: number,
  fits: (count: number) => boolean,
): void {
  const own = lists.find(({ isOwn }) => isOwn)
  if (own === undefined || fits(own.names.length)) return
  throw new InputError(
    `${join(dirname(path), own.source)} names ${counted(own.names.length, 'class', 'classes')}, but the network has ${classes}; correct the file, or remove it`,
  )
}

/** Numbers of ImageNet's classes: TensorFlow's networks have a background class, then the 1000 of the others. */
export const IMAGENET_COUNTS: readonly number[] = [1000, 1001]

const cocoSchema = z.object({ classes: z.array(z.string()).length(91).readonly() })

/**
 * Lists of class names that many networks have. COCO's are the 80 that are used, or 91 by their ids, where 0 is the
 * background and ten are unused.
 */
const USUAL = {
  ImageNet: () => [imagenetClasses(), ['background', ...imagenetClasses()]],
  COCO: () => {
    const { classes } = cocoSchema.parse(JSON.parse(readFileSync(join(modelsFolder(), 'coco_classes.json'), 'utf8')))
    return [classes.slice(1).filter((name) => name !== ''), classes.map((name, id) => name || `unused ${id}`)]
  },
}

/**
 * The names of as many classes as a network has, in the order of its output: names that come with its file, the usual
 * ones, or numbers.
 * @param counts numbers of classes that the network may have, the likeliest first
 */
export function classNamesOf(
  lists: readonly NamedClasses[],
  counts: readonly number[],
  usual: keyof typeof USUAL,
): NamedClasses {
  const fits = ({ length }: readonly string[]) => counts.includes(length)
  const stated = lists.find(({ names }) => fits(names))
  if (stated !== undefined) return stated
  const names = USUAL[usual]().find(fits)
  return names ? { names, source: `${usual}’s, as there are ${names.length}` } : numbered(counts[0]!)
}

/** Whose classes these are, if they are usual ones; the names may be only those of some classes, by index. */
export function usualClasses(count: number, names: Readonly<Record<number, string>>): string | undefined {
  const fits = (list: readonly string[]) =>
    list.length === count && Object.entries(names).every(([index, name]) => list[Number(index)] === name)
  return Object.entries(USUAL).find(([, lists]) => lists().some(fits))?.[0]
}

/** Whether nothing names the classes, so that they have their numbers as names. */
export function areNumbered(names: readonly string[]): boolean {
  return names.every((name, i) => name === numberName(i))
}

function numberName(index: number): string {
  return `class ${index}`
}

function numbered(count: number): NamedClasses {
  return {
    names: Array.from({ length: count }, (_, i) => numberName(i)),
    source: 'their numbers, since nothing names them',
  }
}

const listSchema = z.array(z.string())
const byIndexSchema = z.record(z.string().regex(/^\d+$/), z.string())
const configSchema = z.looseObject({ id2label: byIndexSchema.optional(), label_names: listSchema.optional() })

function labelNames(document: unknown): readonly string[] | undefined {
  const list = listSchema.safeParse(document).data
  if (list !== undefined) return list
  const config = configSchema.safeParse(document).data
  const byIndex = config?.id2label ?? byIndexSchema.safeParse(document).data
  if (byIndex === undefined) return config?.label_names
  const names = Object.entries(byIndex).sort(([a], [b]) => Number(a) - Number(b))
  return names.length > 0 && names.every(([index], i) => Number(index) === i)
    ? names.map(([, name]) => name)
    : undefined
}

/** An entry of a dict, or of a list, which has no keys: an optional whole number, and a text in quotation marks. */
const ENTRY = /\s*(?:(\d{1,9})\s*:\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*,?/gy

/**
 * Reads a dict of names by number, or a list of names, as Python prints it: `{0: 'cat', 1: "dog's bed"}`. Nothing is
 * executed.
 * @returns the names by index; undefined for other texts
 */
export function pythonNames(text: string): readonly string[] | undefined {
  const given = text.trim()
  const entries = [...given.slice(1).matchAll(ENTRY)]
  const length = entries.reduce((sum, [entry]) => sum + entry.length, 0)
  const brackets = given.charAt(0) + given.slice(1 + length).trim()
  const isInOrder = entries.every(([, key], i) => (brackets === '{}' ? Number(key) === i : key === undefined))
  if (entries.length === 0 || !isInOrder || !['{}', '[]'].includes(brackets)) return undefined
  return entries.map(([, , single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'))
}
