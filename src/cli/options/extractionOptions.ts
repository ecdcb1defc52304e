import { type Command, Option } from 'commander'
import { REUSE } from '../../engine/reuse/record.js'
import { BLENDS } from '../../engine/scene/task.js'
import { POOLS, PRECISIONS, SCORES } from '../../network.js'
import { INPUT_PRESETS } from '../../networks/input/presets.js'
import { collectPairs, parseColours, parseNatural, parseRange, parseShare, parseWhole } from './parse.js'

export const BACKGROUNDS = '#rrggbb, noise:SEED or FILE'

export function addSceneOptions(command: Command): Command {
  return command
    .option('--background <what>', `draw on ${BACKGROUNDS}`, 'white')
    .addOption(new Option('--blend <rule>', 'draw object edges').choices(BLENDS).default('hard'))
}

export function addRunOptions(command: Command): Command {
  command
    .addOption(new Option('--precision <kind>', 'choose the GPU’s precision').choices(PRECISIONS).default('fp32'))
    .addOption(new Option('--reuse <when>', 'compute repeated values once').choices(REUSE).default('auto'))
  return addDeviceOptions(command)
}

export const DEVICE_HELP = 'run on cpu, cuda, webgpu, … (see doctor)'

export function addDeviceOptions(command: Command): Command {
  return command
    .option('--device <name>', DEVICE_HELP, 'auto')
    .option('--workers <n>', 'start this many worker threads [default: one per core]', parseWhole)
    .option('--threads <n>', 'use n threads per worker [default: cores / workers]', parseWhole)
    .option('--batch <n>', 'run n images per pass [default: 8 or 32; GPU: trial]', parseWhole)
}

export function addPairOption(command: Command): Command {
  const option = new Option('--pair <a=b>', 'compare network a with its variant b; may be repeated')
  // The flag is repeated for each pair, but the library takes all pairs as `pairs`.
  option.attributeName = () => 'pairs'
  return command.addOption(option.argParser(collectPairs))
}

export function addPoolOption(command: Command): Command {
  return command.addOption(new Option('--pool <how>', 'pool maps').choices(POOLS).default('none'))
}

export function addOwnOptions(command: Command): Command {
  command
    .addOption(new Option('--input <name>', 'prepare pixels').choices(INPUT_PRESETS))
    .option('--input-mean <r,g,b>', 'subtract this mean, on the scale of --input-range', parseColours)
    .option('--input-std <r,g,b>', 'divide by this standard deviation, on the same scale', parseColours)
    .option('--input-range <max>', 'scale pixels to 0–1 or 0–255 [1, 255]', parseRange)
    .addOption(new Option('--input-order <name>', 'order the channels').choices(['rgb', 'bgr']))
    .option('--input-size <n>', 'set the image side in px, if it is open [default: 224]', parseWhole)
  return addOutputOptions(command)
}

export function addOutputOptions(command: Command): Command {
  return command
    .option('--tokens <n>', 'skip n class and register tokens [default: by graph]', parseNatural)
    .addOption(new Option('--scores <meaning>', 'state what scores mean').choices(SCORES))
    .option('--output-kind <kind>', 'state an output’s kind: [NAME=]scores, embedding, …')
    .option('--boxes <order,unit>', 'state a detector’s boxes, such as cxcywh,px')
    .option('--threshold <score>', 'see a detector’s class from here [default: 0.25]', parseShare)
    .option('--object-class <dog>', 'make a detector find this class [default: the class of its category]')
}
