import { Command } from 'commander'
import { addOwnOptions } from '../options/extractionOptions.js'
import { addExamples } from '../options/help.js'
import type { CommandContext } from '../process/context.js'
import type { InspectFlags, JsonFlag, PullFlags } from './modelActions.js'

export function modelsCommand(context: CommandContext): Command {
  const models = addExamples(new Command('models'), 'shiftscope models list').description(
    'manage networks, generators (which arithmetic uses) and their weights',
  )
  addExamples(models.command('list'), 'shiftscope models list')
    .description('list networks and generators, their weights and licences')
    .option('--json', 'print one JSON document to stdout')
    .action(async (flags: JsonFlag) => (await import('./modelActions.js')).list(flags))
  addOwnOptions(
    addExamples(models.command('inspect'), 'shiftscope models inspect tiny-alexnet')
      .description('show a network’s input, outputs, classes, layers and predicted speed')
      .argument('<model>', '[NAME=]id (see shiftscope models list), ONNX file or checkpoint')
      .option('--weights <file>', 'load the network’s weights from this file')
      .option('--all', 'list every tensor, not only the suggested ones')
      .option('--json', 'print one JSON document to stdout'),
  ).action(async (model: string, flags: InspectFlags) =>
    (await import('./modelActions.js')).inspect(model, flags, context),
  )
  addExamples(models.command('pull'), 'shiftscope models pull resnet50')
    .description('download and check published weights; resume where a download stopped')
    .argument('[id...]', 'ids (see shiftscope models list), or hf:OWNER/NAME[@REVISION][:FILE.onnx]')
    .option('--all', 'download all files that the paper’s study needs')
    .option('--mirror <base>', 'download from this https or local http address, or take from a folder')
    .option('--json', 'print one JSON document to stdout')
    .action(async (ids: readonly string[], flags: PullFlags) =>
      (await import('./modelActions.js')).pull(ids, flags, context),
    )
  addExamples(models.command('import'), 'shiftscope models import alexnet alexnet-owt-7be5be79.pth')
    .description('check a file and store it as the weights of a network or generator')
    .argument('<id>', 'network or generator (see shiftscope models list)')
    .argument('<file>', 'checkpoint with the weights, such as a .pth file')
    .option('--json', 'print one JSON document to stdout')
    .action(async (id: string, file: string, flags: JsonFlag) =>
      (await import('./modelActions.js')).importFile(id, file, flags, context),
    )
  addExamples(models.command('verify'), 'shiftscope models verify tiny-alexnet')
    .description('check a network’s or generator’s file and run it on a fixed input')
    .argument('<id>', 'network or generator (see shiftscope models list)')
    .option('--json', 'print one JSON document to stdout')
    .action(async (id: string, flags: JsonFlag) => (await import('./modelActions.js')).verify(id, flags, context))
  return models
}
