import { Command, Option } from 'commander'
import { counted } from '../../counted.js'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { type CocoPatchesOptions, cocoPatches } from '../../patches/cocoPatches.js'
import { listPatches, patchesFrom } from '../../patches/collection.js'
import { type OwnPatchesOptions, ownPatches } from '../../patches/ownPatches.js'
import type { PatchFolder } from '../../patches/patchFolder.js'
import { contactSheet } from '../../report/contactSheet.js'
import { type CommandContext, leavingNothing } from '../context.js'
import { asFlags } from '../flags.js'
import { print, printJson, printTable, say } from '../output.js'
import { collectNames, parseList, parsePath, parseWhole, parseWholeList } from '../parse.js'
import { terminalProgress } from '../progressBar.js'

interface CocoFlags extends Omit<CocoPatchesOptions, 'imageHosts'> {
  readonly imageHost?: readonly string[]
  readonly json?: boolean
}

export function patchesCommand(context: CommandContext): Command {
  const { signal } = context
  const patches = new Command('patches').description('objects to be moved across the frame')
  patches
    .command('coco')
    .description('cut the paper’s objects out of COCO’s images by the authors’ rule')
    .requiredOption('--annotations <file>', 'annotation file, such as instances_train2017.json')
    .option('--images <folder>', 'folder of the images; OUT/images by default with --download')
    .requiredOption('--out <folder>', 'folder for the patches and manifest.json', parsePath)
    .option('--classes <a,b>', 'COCO’s categories; the paper’s ten by default', parseList)
    .option('--per-class <n>', 'patches of each class', parseWhole, 20)
    .option('--sizes <a,b>', 'sides of the squares that are made; 75,125 by default', parseWholeList)
    .addOption(
      new Option('--rule <name>', 'authors: first annotation of the class; largest: largest that is not a crowd')
        .choices(['authors', 'largest'])
        .default('authors'),
    )
    .option('--download', 'fetch the images that are needed and not there, from images.cocodataset.org')
    .option('--image-host <host>', 'another host that they may be fetched from; may be repeated', collectNames)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, imageHost: imageHosts, ...options }: CocoFlags) => {
      const hosts = imageHosts && { imageHosts }
      printFolder(await cocoPatches({ ...options, ...hosts, onProgress: terminalProgress(), signal }), json)
    })
  patches
    .command('images')
    .description('make patches of pictures with transparency, or of photos with NAME.mask.png beside NAME.jpg')
    .argument('<folder>', 'folder of pictures')
    .requiredOption('--out <folder>', 'folder for the patches and manifest.json', parsePath)
    .option('--sizes <a,b>', 'sides of the squares that are made; 75,125 by default', parseWholeList)
    .addOption(
      new Option('--aspect <how>', 'stretch to a square as the paper does, or pad with transparency')
        .choices(['stretch', 'pad'])
        .default('stretch'),
    )
    .option('--category <name>', 'class of all of them')
    .option('--json', 'print one JSON document to stdout')
    .action(
      async (pictures: string, { json, ...options }: Omit<OwnPatchesOptions, 'pictures'> & { json?: boolean }) => {
        printFolder(await ownPatches({ ...options, pictures, onProgress: terminalProgress(), signal }), json)
      },
    )
  patches
    .command('list')
    .description(
      'what would be studied: the built-in patches (all, or some by name: dog,car), or those of a folder or manifest',
    )
    .argument('[path]', 'folder of pictures, manifest.json, or built-in patches by name')
    .option('--sheet <file>', 'write a PNG that shows all of them', parsePath)
    .option('--json', 'print one JSON document to stdout')
    .action(async (path: string | undefined, { sheet, json }: { sheet?: string; json?: boolean }) => {
      const sources = await patchesFrom(path)
      const listed = await leavingNothing(listPatches(sources, signal), context)
      if (sheet !== undefined)
        await writeFileAtomic(sheet, await leavingNothing(contactSheet(sources, signal), context))
      if (json) return printJson(listed)
      printTable(
        ['name', 'class', 'pixels', 'object', 'file'],
        listed.map(({ name, category, rows, cols, opaque, path }) => [
          name,
          category ?? '–',
          `${cols}×${rows}`,
          `${(100 * opaque).toFixed(0)} %`,
          path,
        ]),
      )
      if (sheet !== undefined) say(`shown in ${sheet}`)
    })
  return patches
}

/** What was made is kept; what could not be made is an error all the same. */
function printFolder(made: PatchFolder, json: boolean | undefined): void {
  if (json) printJson(made)
  else print(`${counted(made.patches.length, 'patch', 'patches')}: ${made.manifest}`)
  for (const { reason } of made.failed) say(`shiftscope: ${asFlags(reason)}`)
  if (made.failed.length === 0) return
  const total = made.failed.length + made.patches.length
  throw new InputError(
    `${made.failed.length} of ${counted(total, 'patch', 'patches')} could not be made, so that nothing was replaced there; the others are in ${made.manifest}`,
  )
}
