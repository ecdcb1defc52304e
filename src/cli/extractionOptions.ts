import { type Command, Option } from 'commander'
import { COMPOSITING, DEVICE_NAMES, PRECISIONS, REUSE } from '../index.js'
import { parseWhole } from './parse.js'

/** Adds what every command that extracts features takes: how the scene is drawn, and how the network is run. */
export function addExtractionOptions(command: Command): Command {
  return command
    .option('--background <what>', 'white, #rrggbb, noise:SEED or a picture', 'white')
    .addOption(
      new Option('--blend <rule>', 'hard: alpha of 128 or more is the patch; soft: mixed by alpha')
        .choices(['hard', 'soft'])
        .default('hard'),
    )
    .option(
      '--device <name>',
      `where networks run: ${DEVICE_NAMES.join(', ')}; NAME:INDEX for one of several; auto: the processor, or a GPU that is measured to be faster`,
      'auto',
    )
    .addOption(
      new Option('--precision <kind>', 'of the arithmetic; fp16 on GPUs alone').choices(PRECISIONS).default('fp32'),
    )
    .addOption(
      new Option(
        '--compositing <where>',
        'with --device cpu: native (the default there) or graph, in the network’s own graph as on all other devices',
      ).choices(COMPOSITING),
    )
    .addOption(
      new Option(
        '--reuse <when>',
        'compute what the images of a patch have in common once: auto, where that is faster, or off',
      )
        .choices(REUSE)
        .default('auto'),
    )
    .option('--workers <n>', 'worker threads, each with its own copy of the network; measured by default', parseWhole)
    .option('--threads <n>', 'threads inside each worker; measured by default', parseWhole)
    .option('--batch <n>', 'images in one forward pass; measured by default', parseWhole)
}
