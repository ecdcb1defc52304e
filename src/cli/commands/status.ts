import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { withoutControls } from '../../messageLine.js'
import type { StudyStatus } from '../../study/status.js'
import { counted } from '../../support/text.js'
import { addExamples } from '../options/help.js'
import { duration, print, printTable } from '../output/output.js'
import type { CommandContext } from '../process/context.js'

const SECONDS_BETWEEN_LOOKS = 2

export function statusCommand({ signal }: CommandContext): Command {
  return addExamples(new Command('status'), 'shiftscope reproduce', 'shiftscope status shiftscope-results')
    .description('show how much of a study is finished, and the time left')
    .argument('<folder>', 'results folder of reproduce or consistency')
    .option('--watch', 'print again every two seconds until everything is finished')
    .option('--json', 'print one JSON document to stdout; with --watch one per line')
    .action(async (folder: string, { watch = false, json = false }: { watch?: boolean; json?: boolean }) => {
      const { isComplete, studyStatus } = await import('../../study/status.js')
      for (;;) {
        const status = await studyStatus(folder)
        if (json) process.stdout.write(`${JSON.stringify(status)}\n`)
        else printStatus(status)
        if (!watch || isComplete(status)) return
        await setTimeout(SECONDS_BETWEEN_LOOKS * 1000, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    })
}

function stateText({ inProgress, left }: StudyStatus['units']): string {
  return `finished, ${inProgress} in progress, ${left} left`
}

function printStatus({ units, arithmetic, photographs, workers, imagesPerSecond, secondsLeft }: StudyStatus): void {
  if (units.total > 0) print(`${units.done} of ${counted(units.total, 'unit')} ${stateText(units)}`)
  if (photographs.total > 0)
    print(`answers to ${photographs.done} of ${counted(photographs.total, 'photograph')} ${stateText(photographs)}`)
  if (arithmetic.total > 0)
    print(`arithmetic of ${arithmetic.done} of ${counted(arithmetic.total, 'network')} finished`)
  if (imagesPerSecond !== null) {
    const time = secondsLeft === null ? '' : `, about ${duration(secondsLeft)} left`
    print(`${Math.round(imagesPerSecond)} images/s over all processes${time}`)
  }
  if (workers.length === 0) return
  printTable(
    ['host', 'process', 'computes', 'since', 'last heartbeat'],
    workers.map(({ host, pid, unit, since, heard }) => [
      withoutControls(host),
      pid,
      unit === null ? '–' : withoutControls(unit),
      since === null ? '–' : new Date(since).toISOString().slice(0, 19).replace('T', ' '),
      heard === null ? '–' : `${duration(Math.max(0, (Date.now() - Date.parse(heard)) / 1000))} ago`,
    ]),
  )
}
