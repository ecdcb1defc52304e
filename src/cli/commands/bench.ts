import { Command, Option } from 'commander'
import {
  type BenchUnitOptions,
  benchExtraction,
  benchSeparability,
  benchSimilarity,
  benchUnits,
} from '../../bench/bench.js'
import { benchComposite } from '../../bench/composite.js'
import { counted } from '../../counted.js'
import { LOSSES, type Loss } from '../../experiments/separability.js'
import type { CommandContext } from '../context.js'
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
  const bench = new Command('bench').description(
    'measure speed on this machine; every figure is a median, ratios are of one run',
  )
  bench
    .command('extract')
    .description('the whole pipeline against a bare onnxruntime-node loop on a ready tensor with its best setting')
    .option('--models <a,b>', 'networks by id; the embedded ones by default', parseList)
    .option('--weights <id=file>', 'checkpoint in place of the published one; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--repeats <n>', 'pairs of measurements', parseWhole, 5)
    .option('--workers <n>', 'worker threads; the best by default', parseWhole)
    .option('--threads <n>', 'threads inside each worker; the best by default', parseWhole)
    .option('--batch <n>', 'images in one forward pass; the best by default', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractBenchOptions) => {
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
  bench
    .command('composite')
    .description('compositing on one core against the bandwidth of writing memory, measured beside it')
    .option('--repeats <n>', 'repetitions of each measurement', parseWhole, 9)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ repeats, json }: { repeats: number; json?: boolean }) => {
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
  bench
    .command('cosine')
    .description(
      'similarity of all positions with five anchors against the bandwidth of reading memory, measured beside it',
    )
    .option('--repeats <n>', 'repetitions of each measurement', parseWhole, 9)
    .addOption(cardBeside())
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ repeats, device, json }: { repeats: number; device: string; json?: boolean }) => {
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
  bench
    .command('svm')
    .description('both tasks × five folds of linear classifiers against the time of reading the features')
    .argument('[file.npy]', 'features as extract writes them; 10,000 × 1000 made up by a formula by default')
    .addOption(new Option('--loss <name>', 'loss of the classifier').choices(LOSSES).default('hinge'))
    .option('--repeats <n>', 'repetitions of the measurement', parseWhole, 5)
    .option('--threads <n>', 'threads; all cores by default', parseWhole)
    .addOption(cardBeside())
    .option('--compare', 'against scikit-learn, where python3 has it')
    .option(
      '--problems <a,b>',
      'with --compare: which of the ten problems it solves, 0 to 9; all by default',
      parseProblems,
    )
    .option('--json', 'print one JSON document to stdout')
    .action(async (file: string | undefined, { json, repeats, problems, ...options }: SvmBenchFlags) => {
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
  bench
    .command('unit')
    .description(
      'a unit with every value computed once, against a bare onnxruntime-node loop and the plain pipeline; then similarity and separability',
    )
    .option('--models, --networks <a,b>', 'networks by id; the embedded ones by default', parseList)
    .option('--weights <id=file>', 'checkpoint in place of the published one; may be repeated', collectAssignments)
    .addOption(networkDevice())
    .option('--sizes, --size <n,n>', 'sides of the square patch in pixels', parseWholeList, [75])
    .option('--stride <n>', 'distance of neighbouring positions in pixels', parseWhole, 1)
    .option('--repeats <n>', 'how many times each unit is extracted', parseWhole, 1)
    .option('--workers <n>', 'worker threads; the best of the bare loop by default', parseWhole)
    .option('--threads <n>', 'threads inside each worker; the best of the bare loop by default', parseWhole)
    .option('--batch <n>', 'images in one forward pass; the best of the bare loop by default', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, networks, size, ...options }: UnitBenchFlags) => {
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
  return new Option('--device <name>', 'where networks run, as for extract').default('cpu')
}

function cardBeside(): Option {
  return new Option('--device <name>', 'also on this card: cuda or cuda:INDEX').default('cpu')
}

function points(share: number): string {
  return `${(share * 100).toFixed(2)} points`
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
