import { type Command, Option } from 'commander'
import { COMPOSITING } from '../engine/choice.js'
import { DEVICE_NAMES } from '../engine/device.js'
import { REUSE } from '../engine/reuse/record.js'
import { INPUT_PRESETS, POOLS, PRECISIONS } from '../networks/index.js'
import { parseRange, parseThree, parseWhole } from './parse.js'

/** Adds what every command that extracts features takes: how the scene is drawn, and how the network is run. */
export function addExtractionOptions(command: Command): Command {
  command
    .option('--background <what>', 'white, #rrggbb, noise:SEED or a picture', 'white')
    .addOption(
      new Option('--blend <rule>', 'hard: alpha of 128 or more is the patch; soft: mixed by alpha')
        .choices(['hard', 'soft'])
        .default('hard'),
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
  return addDeviceOptions(command)
}

/** Adds where networks run. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option(
      '--device <name>',
      `where networks run: ${DEVICE_NAMES.join(', ')}; NAME:INDEX for one of several; auto: the processor, or a GPU that is measured to be faster`,
      'auto',
    )
    .option('--workers <n>', 'worker threads, each with its own copy of the network; measured by default', parseWhole)
    .option('--threads <n>', 'threads inside each worker; measured by default', parseWhole)
    .option('--batch <n>', 'images in one forward pass; measured by default', parseWhole)
}

/** Adds how maps among the layers are read. */
export function addPoolOption(command: Command): Command {
  return command.addOption(
    new Option('--pool <how>', 'one value a channel of layers that are maps; none: they are flattened')
      .choices(POOLS)
      .default('none'),
  )
}

/** Adds how the input of networks that are not of the catalog is made. */
export function addInputOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--input <name>',
        'how pixels become an ONNX file’s input; by default as a file beside it or its metadata say, else imagenet',
      ).choices(INPUT_PRESETS),
    )
    .option('--input-mean <r,g,b>', 'what is taken from the pixels, in units of --input-range', parseThree)
    .option('--input-std <r,g,b>', 'what they are then divided by', parseThree)
    .option('--input-range <1|255>', 'pixels go from 0 to 1, or from 0 to 255', parseRange)
    .addOption(new Option('--input-order <order>', 'which channel comes first').choices(['rgb', 'bgr']))
    .option('--input-size <n>', 'side of the frame in pixels, where the ONNX file leaves it open; 224', parseWhole)
}
