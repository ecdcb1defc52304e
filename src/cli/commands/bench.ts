import { Command } from 'commander'
import { benchComposite, benchCosine, benchExtraction } from '../../index.js'
import type { CommandContext } from '../context.js'
import { printJson, say, sayTable } from '../output.js'
import { collectAssignments, parseList, parseWhole } from '../parse.js'

interface ExtractBenchOptions {
  readonly models?: readonly string[]
  readonly weights?: Readonly<Record<string, string>>
  readonly patch?: string
  readonly repeats: number
  readonly workers?: number
  readonly threads?: number
  readonly batch?: number
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
    .option('--repeats <n>', 'pairs of measurements', parseWhole, 5)
    .option('--workers <n>', 'worker threads; the best by default', parseWhole)
    .option('--threads <n>', 'threads inside each worker; the best by default', parseWhole)
    .option('--batch <n>', 'images in one forward pass; the best by default', parseWhole)
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ json, ...options }: ExtractBenchOptions) => {
      const results = await benchExtraction({ ...options, signal })
      if (json) return printJson(results)
      sayTable(
        ['network', 'workers × threads, batch', 'bare images/s', 'pipeline images/s', 'ratio', 'spread'],
        results.map(({ model, settings, bare, pipeline, ratio, ratios }) => [
          model,
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
      const result = await benchComposite({ repetitions: repeats })
      if (json) return printJson(result)
      say(`instruction set ${result.instructionSet}, batches of ${result.batch} frames of 224×224`)
      sayTable(
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
    .option('--json', 'print one JSON document to stdout')
    .action(async ({ repeats, json }: { repeats: number; json?: boolean }) => {
      const result = await benchCosine({ repetitions: repeats })
      if (json) return printJson(result)
      say(`instruction set ${result.instructionSet}`)
      sayTable(
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
    })
  return bench
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
