import { readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { z } from 'zod'
import { InputError } from '../../errors.js'
import { tryJson } from '../../files/json.js'
import { modelsFolder } from '../../files/package.js'
import type { Classes } from '../../network.js'
import type { OnnxFile } from '../../onnx/format/onnxFile.js'
import { counted } from '../../support/text.js'
import { jsonBeside } from '../input/sources.js'
import { imagenetClasses } from './imagenet.js'

export interface NamedClasses extends Pick<Classes, 'names' | 'source'> {
  /** Whether the list is in the network's own file NAME.labels.json, which must fit the network. */
  readonly isOwn?: boolean
}

/**
 * Reads the lists of class names that come with a network's file, in this order:
 * - a file beside the model: NAME.labels.json or labels.json (a list of names, or an object of names by index), or
 *   config.json (Hugging Face's id2label, timm's label_names);
 * - `classes` in the model's metadata, or `names`, which Ultralytics writes in Python's form.
 * @param folders to search for files that describe the network
 * @throws InputError if NAME.labels.json is damaged
 */
export async function statedNames(
  { path, metadata }: OnnxFile,
  folders: readonly string[],
): Promise<readonly NamedClasses[]> {
  const own = ownNamesFile(path)
  const files = ['labels.json', 'config.json'].flatMap((file) => folders.map((folder) => join(folder, file)))
  const documents = await Promise.all([jsonBeside(own, true), ...files.map((file) => jsonBeside(file, false))])
  const sources = [own, ...files].map((file) => basename(file))
  const stated = [labelNames(tryJson(metadata.get('classes') ?? '')), pythonNames(metadata.get('names') ?? '')]
  const lists = [...documents.map(labelNames), ...stated]
  return lists.flatMap((names, i) =>
    names === undefined ? [] : [{ names, source: sources[i] ?? 'metadata of the model', isOwn: i === 0 }],
  )
}

/** Path of NAME.labels.json. */
function ownNamesFile(path: string): string {
  return join(dirname(path), `${basename(path, extname(path))}.labels.json`)
}

/** @throws InputError if NAME.labels.json exists, but `fits` tells that its number of names is not the network's */
export function checkOwnNames(
  { path }: OnnxFile,
  lists: readonly NamedClasses[],
  classes: number,
  fits: (count: number) => boolean,
): void {
  const own = lists.find(({ isOwn }) => isOwn)?.names.length
  if (own === undefined || fits(own)) return
  throw new InputError(
    `${ownNamesFile(path)} names ${counted(own, 'class', 'classes')}, but the network has ${classes}; correct the file, or remove it`,
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

function numbered(count: number): NamedClasses {
  return {
    names: Array.from({ length: count }, (_, i) => `class ${i}`),
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
