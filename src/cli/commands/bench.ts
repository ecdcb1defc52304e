import { Command, Option } from 'commander'
import type { BenchExtractionOptions } from '../../bench/extract.js'
import type { BenchUnitOptions } from '../../bench/unit.js'
import { addExamples } from '../options/help.js'
import { collectAssignments, parseList, parseWhole, parseWholeList } from '../options/parse.js'
import { printJson, printTable } from '../output/output.js'
import type { CommandContext } from '../process/context.js'

export function benchCommand(context: CommandContext): Command {
  const bench = addExamples(new Command('bench'), 'shiftscope bench extract').description(
    'measure speed on this machine',
  )
  addExtract(bench, context)
  addUnit(bench, context)
  return bench
}

function addExtract(bench: Command, { signal }: CommandContext): void {
  addExamples(bench.command('extract'), 'shiftscope bench extract --models tiny-alexnet')
    .description('compare the speed of extraction with that of a bare onnxruntime-node loop')
    .option('--models <a,b>', 'run these, [NAME=]id or file [default: the embedded networks]', parseList)
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--repeats <n>', 'repeat the comparison this many times', parseWhole, 5)
    .option('--workers <n>', 'start this many worker threads [default: the fastest]', parseWhole)
    .option('--threads <n>', 'use this many threads per worker [default: the fastest]', parseWhole)
    .option('--batch <n>', 'run this many images per pass [default: the fastest]', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: BenchExtractionOptions & { readonly json?: boolean }) => {
      const { benchExtraction } = await import('../../bench/extract.js')
      const results = await benchExtraction({ ...options, signal })
      if (json) return printJson(results)
      printTable(
        ['network', 'device', 'workers × threads, batch', 'bare images/s', 'pipeline images/s', 'ratio', 'spread'],
        results.map(({ model, device, adapter, settings, bare, pipeline, ratio, ratios }) => [
          model,
          adapter ?? device,
          `${settings.workers} × ${settings.threads}, ${settings.batch}`,
          bare.toFixed(1),
          pipeline.toFixed(1),
          ratio.toFixed(3),
          `${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`,
        ]),
      )
    })
}

function addUnit(bench: Command, { signal }: CommandContext): void {
  addExamples(bench.command('unit'), 'shiftscope bench unit --models tiny-alexnet --stride 8')
    .description('compare three speeds: with reuse, without, and a bare onnxruntime-node loop')
    .option('--models <a,b>', 'run these, [NAME=]id or file [default: the embedded networks]', parseList)
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--sizes <a,b>', 'resize the object to this many px a side', parseWholeList, [75])
    .option('--stride <n>', 'move the object by this many px', parseWhole, 1)
    .option('--repeats <n>', 'repeat each measurement this many times', parseWhole, 1)
    .option('--workers <n>', 'start this many worker threads [default: the bare loop’s best]', parseWhole)
    .option('--threads <n>', 'use this many threads per worker [default: the bare loop’s best]', parseWhole)
    .option('--batch <n>', 'run this many images per pass [default: the bare loop’s best]', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: BenchUnitOptions & { readonly json?: boolean }) => {
      const { benchUnits } = await import('../../bench/unit.js')
      const results = await benchUnits({ ...options, signal })
      if (json) return printJson(results)
      printTable(
        [
          ...['network', 'size', 'images', 'bare images/s', 'plain', 'unit', 'gain over bare', 'floor'],
          ...['extraction s', 'similarity s', 'separability s'],
        ],
        results.map(({ model, size, images, bare, plain, extraction, gain, floor, similarity, separability }) => [
          model,
          size,
          images,
          Math.round(bare),
          Math.round(plain),
          Math.round(images / extraction),
          `${gain.toFixed(2)}×`,
          `${floor.toFixed(2)}×`,
          extraction.toFixed(2),
          similarity.toFixed(3),
          separability.toFixed(2),
        ]),
      )
    })
}

function networkDevice(): Option {
  return new Option('--device <name>', 'run networks on this device, named as for extract').default('cpu')
}
