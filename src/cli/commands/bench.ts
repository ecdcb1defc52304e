import { Command, Option } from 'commander'
import type { BenchUnitOptions } from '../../bench/bench.js'
import { LOSSES, type Loss } from '../../experiments/folds.js'
import { counted } from '../../support/text.js'
import type { CommandContext } from '../context.js'
import { addExamples } from '../help.js'
import { duration, print, printJson, printTable, say } from '../output.js'
import { collectAssignments, parseList, parseProblems, parseWhole, parseWholeList } from '../parse.js'

interface ExtractBenchOptions {
  readonly models?: readonly string[]
  readonly weights?: Readonly<Record<string, string>>
  readonly device: string
  readonly repeats: number
  readonly workers?: number
  readonly threads?: number
  readonly batch?: number
  readonly json?: boolean
}

interface UnitBenchFlags extends Omit<BenchUnitOptions, 'models' | 'sizes'> {
  readonly networks?: readonly string[]
  readonly size: readonly number[]
  readonly json?: boolean
}

interface SvmBenchFlags {
  readonly loss: Loss
  readonly device: string
  readonly repeats: number
  readonly threads?: number
  readonly compare?: boolean
  readonly problems?: readonly number[]
  readonly json?: boolean
}

export function benchCommand({ signal }: CommandContext): Command {
  const bench = addExamples(new Command('bench'), 'shiftscope bench extract').description(
    'measure speed on this machine',
  )
  addExamples(bench.command('extract'), 'shiftscope bench extract --models tiny-alexnet')
    .description('compare the speed of extraction with that of a bare onnxruntime-node loop')
    .option('--models <a,b>', 'run these networks by id [default: the embedded networks]', parseList)
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--repeats <n>', 'repeat the comparison this many times', parseWhole, 5)
    .option('--workers <n>', 'start this many worker threads [default: the fastest]', parseWhole)
    .option('--threads <n>', 'use this many threads per worker [default: the fastest]', parseWhole)
    .option('--batch <n>', 'run this many images per pass [default: the fastest]', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractBenchOptions) => {
      const { benchExtraction } = await import('../../bench/bench.js')
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
  addExamples(bench.command('composite'), 'shiftscope bench composite')
    .description('compare the speed of drawing images with that of writing memory')
    .option('--repeats <n>', 'repeat each measurement this many times', parseWhole, 9)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ repeats, json }: { repeats: number; json?: boolean }) => {
      const { benchComposite } = await import('../../bench/composite.js')
      const result = await benchComposite({ repetitions: repeats, signal })
      if (json) return printJson(result)
      print(`instruction set ${result.instructionSet}, batches of ${counted(result.batch, 'frame')} of 224×224`)
      printTable(
        ['background', 'patch', 'images/s', 'GB/s', 'bandwidth GB/s', 'fraction'],
        result.rows.map(({ background, size, imagesPerSecond, bytesPerSecond, bandwidth, fraction }) => [
          background,
          size,
          Math.round(imagesPerSecond),
          gigabytes(bytesPerSecond),
          gigabytes(bandwidth),
          fraction.toFixed(2),
        ]),
      )
    })
  addExamples(bench.command('cosine'), 'shiftscope bench cosine')
    .description('compare the speed of cosine similarity with that of reading memory')
    .option('--repeats <n>', 'repeat each measurement this many times', parseWhole, 9)
    .addOption(cardBeside())
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ repeats, device, json }: { repeats: number; device: string; json?: boolean }) => {
      const { benchSimilarity } = await import('../../bench/bench.js')
      const result = await benchSimilarity({ repetitions: repeats, device, signal })
      if (json) return printJson(result)
      print(`instruction set ${result.instructionSet}`)
      printTable(
        ['positions × dims', 'threads', 'positions/s', 'GB/s', 'bandwidth GB/s', 'fraction'],
        result.rows.map(({ rows, dims, threads, positionsPerSecond, bytesPerSecond, bandwidth, fraction }) => [
          `${rows} × ${dims}`,
          threads,
          Math.round(positionsPerSecond),
          gigabytes(bytesPerSecond),
          gigabytes(bandwidth),
          fraction.toFixed(2),
        ]),
      )
      if (result.card === undefined) return
      print(`${result.card.device} (${result.card.adapter}):`)
      printTable(
        ['positions × dims', 'upload ms', 'cosines ms', 'GB/s', 'times as fast as the processor', 'difference'],
        result.card.rows.map(({ rows, dims, uploadSeconds, seconds, bytesPerSecond, ratio, difference }) => [
          `${rows} × ${dims}`,
          (uploadSeconds * 1000).toFixed(1),
          (seconds * 1000).toFixed(1),
          gigabytes(bytesPerSecond),
          ratio.toPrecision(2),
          difference.toExponential(1),
        ]),
      )
    })
  addExamples(bench.command('svm'), 'shiftscope bench svm --repeats 1')
    .description('compare the time to train a layer’s classifiers with that to read its features')
    .argument('[file.npy]', 'features that extract wrote [default: made up, 10,000 positions × 1000 values]')
    .addOption(new Option('--loss <name>', 'use this SVM loss').choices(LOSSES).default('hinge'))
    .option('--repeats <n>', 'repeat the measurement this many times', parseWhole, 5)
    .option('--threads <n>', 'use this many threads [default: all cores]', parseWhole)
    .addOption(cardBeside())
    .option('--compare', 'compare with scikit-learn, if python3 has it')
    .option(
      '--problems <a,b>',
      'give scikit-learn only these of the ten classifiers, 0 to 9 [default: all]',
      parseProblems,
    )
    .option('--json', 'print one JSON document to stdout')
    .action(async (file: string | undefined, { json, repeats, problems, ...options }: SvmBenchFlags) => {
      const { benchSeparability } = await import('../../bench/bench.js')
      const result = await benchSeparability({
        ...options,
        ...(file !== undefined && { file }),
        ...(problems && { problems }),
        repetitions: repeats,
        signal,
      })
      if (json) return printJson(result)
      const { positions, dims, threads, seconds, passes, readFloor, card, peer } = result
      print(
        `${positions} × ${dims}, ${result.loss}, instruction set ${result.instructionSet}, ${counted(threads, 'thread')}`,
      )
      print(
        `all ten problems ${duration(seconds)}; ${counted(passes, 'pass', 'passes')}, reading alone ${duration(readFloor)}`,
      )
      printTable(
        ['problem', 'accuracy', 'objective', 'gap', 'support vectors', ...(peer ? ['sklearn', 'objective', 's'] : [])],
        result.problems.map(({ task, fold, accuracy, objective, gap, supportVectors, peer: theirs }) => [
          `${task} ${fold + 1}`,
          accuracy.toFixed(4),
          objective.toPrecision(6),
          gap.toExponential(1),
          supportVectors,
          ...(peer
            ? [
                theirs?.accuracy.toFixed(4) ?? '',
                theirs?.objective.toPrecision(6) ?? '',
                theirs?.seconds.toFixed(1) ?? '',
              ]
            : []),
        ]),
      )
      if (card)
        print(
          `${card.device} (${card.adapter}): ${duration(card.seconds)}, ${card.ratio.toPrecision(2)} times as fast as the processor, accuracies within ${points(card.accuracyDifference)}`,
        )
      if (peer)
        print(
          `scikit-learn ${peer.version}: ${peer.ratio.toFixed(1)} times as long, accuracies within ${points(peer.accuracyDifference)}${result.loss === 'hinge' ? '' : ' once it is solved beyond its default tolerance'}${peer.notConverged > 0 ? `, ${counted(peer.notConverged, 'problem')} not converged` : ''}`,
        )
      else if (options.compare) say('scikit-learn is not here: python3 -c "import sklearn" fails')
    })
  addExamples(bench.command('unit'), 'shiftscope bench unit --models tiny-alexnet --stride 8')
    .description('compare three speeds: with reuse, without, and a bare onnxruntime-node loop')
    .option('--models, --networks <a,b>', 'run these networks by id [default: the embedded networks]', parseList)
    .option('--weights <id=file>', 'load a network’s weights from a file; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--sizes, --size <n,n>', 'resize the object to this many px a side', parseWholeList, [75])
    .option('--stride <n>', 'move the object by this many px', parseWhole, 1)
    .option('--repeats <n>', 'repeat each measurement this many times', parseWhole, 1)
    .option('--workers <n>', 'start this many worker threads [default: the bare loop’s best]', parseWhole)
    .option('--threads <n>', 'use this many threads per worker [default: the bare loop’s best]', parseWhole)
    .option('--batch <n>', 'run this many images per pass [default: the bare loop’s best]', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, networks, size, ...options }: UnitBenchFlags) => {
      const { benchUnits } = await import('../../bench/bench.js')
      const results = await benchUnits({ ...options, ...(networks && { models: networks }), sizes: size, signal })
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
  return bench
}

function networkDevice(): Option {
  return new Option('--device <name>', 'run networks on this device, named as for extract').default('cpu')
}

function cardBeside(): Option {
  return new Option('--device <name>', 'also measure this GPU: cuda or cuda:INDEX').default('cpu', 'none')
}

function points(share: number): string {
  return `${(share * 100).toFixed(2)} points`
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
