import { Command, Option } from 'commander'
import { InputError } from '../../errors.js'
import { toldBy } from '../../message.js'
import type { CocoPatchesOptions } from '../../patches/cocoPatches.js'
import type { OwnPatchesOptions } from '../../patches/ownPatches.js'
import type { PatchFolder } from '../../patches/patchFolder.js'
import { counted } from '../../support/text.js'
import { addExamples } from '../options/help.js'
import { collectNames, parseList, parsePath, parseWhole, parseWholeList } from '../options/parse.js'
import { asFlags } from '../output/flags.js'
import { print, printJson, sayError, tableLines } from '../output/output.js'
import { terminalProgress } from '../output/progressBar.js'
import { type CommandContext, leavingNothing } from '../process/context.js'

interface CocoFlags extends Omit<CocoPatchesOptions, 'imageHosts'> {
  readonly imageHost?: readonly string[]
  readonly json?: boolean
}

export function patchesCommand(context: CommandContext): Command {
  const patches = addExamples(new Command('patches'), 'shiftscope patches list').description(
    'list objects, or make them from pictures or COCO',
  )
  addCoco(patches, context)
  addImages(patches, context)
  addList(patches, context)
  return patches
}

function addCoco(patches: Command, { signal }: CommandContext): void {
  addExamples(
    patches.command('coco'),
    'shiftscope patches coco --annotations instances_val2017.json --download --out coco',
  )
    .description('cut objects out of COCO images as the paper’s authors did')
    .requiredOption('--annotations <file>', 'read this annotation file, such as instances_train2017.json')
    .option('--images <folder>', 'read images from this folder [default with --download: OUT/images]')
    .requiredOption('--out <folder>', 'write objects and manifest.json to this folder', parsePath)
    .option('--classes <a,b>', 'cut these COCO categories [default: the paper’s ten]', parseList)
    .option('--per-class <n>', 'cut this many objects of each category', parseWhole, 20)
    .option('--sizes <a,b>', 'resize objects to this many px a side [default: 75,125]', parseWholeList)
    .option('--download', 'download missing images from images.cocodataset.org')
    .option('--image-host <host>', 'also allow downloads from this host; may be repeated', collectNames)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, imageHost: imageHosts, ...options }: CocoFlags) => {
      const { cocoPatches } = await import('../../patches/cocoPatches.js')
      const hosts = imageHosts && { imageHosts }
      printFolder(await cocoPatches({ ...options, ...hosts, onProgress: terminalProgress(), signal }), json)
    })
}

function addImages(patches: Command, { signal }: CommandContext): void {
  addExamples(patches.command('images'), 'shiftscope patches images pictures --out objects')
    .description('make objects from pictures with transparency, or photos with NAME.mask.png')
    .argument('<folder>', 'folder of pictures')
    .requiredOption('--out <folder>', 'write objects and manifest.json to this folder', parsePath)
    .option('--sizes <a,b>', 'resize objects to this many px a side [default: 75,125]', parseWholeList)
    .addOption(
      new Option('--aspect <how>', 'stretch to a square as in the paper, or pad')
        .choices(['stretch', 'pad'])
        .default('stretch'),
    )
    .option('--category <name>', 'state the class of all objects, such as dog')
    .option('--json', 'print one JSON document to stdout')
    .action(
      async (pictures: string, { json, ...options }: Omit<OwnPatchesOptions, 'pictures'> & { json?: boolean }) => {
        const { ownPatches } = await import('../../patches/ownPatches.js')
        printFolder(await ownPatches({ ...options, pictures, onProgress: terminalProgress(), signal }), json)
      },
    )
}

function addList(patches: Command, context: CommandContext): void {
  addExamples(patches.command('list'), 'shiftscope patches list')
    .description('list the built-in objects, or those of a folder or manifest')
    .argument('[path]', 'folder of pictures, manifest.json or built-in names such as dog,car')
    .option('--json', 'print one JSON document to stdout')
    .action(async (path: string | undefined, { json }: { json?: boolean }) => {
      const { listPatches, patchesFrom } = await import('../../patches/collection.js')
      const listed = await leavingNothing(listPatches(await patchesFrom(path), context.signal), context)
      if (json) return printJson(listed)
      // Paths stay whole, so that they can be copied.
      const lines = tableLines(
        ['name', 'class', 'pixels', 'object', 'file'],
        listed.map(({ name, category, rows, cols, opaque, path }) => [
          name,
          category ?? '–',
          `${cols}×${rows}`,
          `${(100 * opaque).toFixed(0)} %`,
          path,
        ]),
      )
      lines.forEach(print)
    })
}

/** Prints the objects that were made. If some could not be made, the others are kept, but the command fails. */
function printFolder(made: PatchFolder, json: boolean | undefined): void {
  if (json) printJson(made)
  else print(`${counted(made.patches.length, 'object')}: ${made.manifest}`)
  for (const failure of made.failed) sayError(`shiftscope: ${asFlags(toldBy(failure, failure.reason))}`)
  if (made.failed.length === 0) return
  const total = made.failed.length + made.patches.length
  throw new InputError(
    `${made.failed.length} of ${counted(total, 'object')} could not be made; see the reasons above. If an earlier command made files for them, these files are kept`,
  )
}
