import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Reason why Slurm cannot be started on this machine; undefined if it can. */
export function slurmGap(): string | undefined {
  if (process.getuid?.() !== 0) return 'its daemons are started as root'
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].find((name) => spawnSync('which', [name]).status !== 0)
  return missing && `${missing} is not here (Debian: slurm-wlm, munge)`
}

/** A Slurm cluster that consists of this machine, on the loopback address. */
export interface Slurm {
  /** Environment for commands that talk to the cluster. */
  readonly env: Readonly<Record<string, string>>
  /** Runs one of Slurm's commands, and returns its output. */
  run(command: string, ...args: string[]): string
  stop(): Promise<void>
}

/**
 * Starts munged, slurmctld and slurmd. All their files are in a temporary folder.
 * @param cores number of cores of its only node, even if the machine has another number
 */
export async function startSlurm(cores: number): Promise<Slurm> {
  const folder = mkdtempSync(join(tmpdir(), 'shiftscope-slurm-'))
  const inFolder = (...way: string[]) => join(folder, ...way)
  chmodSync(folder, 0o755)
  for (const name of ['state', 'spool', 'run', 'key']) mkdirSync(inFolder(name))
  chmodSync(inFolder('key'), 0o700)
  writeFileSync(inFolder('key', 'munge.key'), randomBytes(128), { mode: 0o600 })
  const name = hostname().split('.')[0] as string
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  writeFileSync(inFolder('slurm.conf'), configuration(inFolder, name, port, cores))
  const env = { SLURM_CONF: inFolder('slurm.conf') }
  const ask = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
  const run = (command: string, ...args: string[]): string => {
    const { status, stdout, stderr, error } = ask(command, args)
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
    return stdout
  }
  const stop = async () => {
    for (const daemon of ['slurmd', 'slurmctld', 'munged']) await ended(inFolder('run', `${daemon}.pid`))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    run(
      'munged',
      ...['--force', `--socket=${inFolder('run', 'munge.sock')}`, `--key-file=${inFolder('key', 'munge.key')}`],
      ...[`--pid-file=${inFolder('run', 'munged.pid')}`, `--log-file=${inFolder('run', 'munged.log')}`],
      `--seed-file=${inFolder('run', 'munged.seed')}`,
    )
    run('slurmctld', '-c', '-f', env.SLURM_CONF)
    run('slurmd', '-f', env.SLURM_CONF, '-N', name)
    // The controller may take a while until it answers.
    for (let attempt = 0; !ask('sinfo', ['--noheader', '--format=%T']).stdout.startsWith('idle'); attempt++) {
      if (attempt === 60) throw new Error(`the node does not come up: ${run('sinfo')}`)
      await setTimeout(200)
    }
    return { env, run, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ended(pidFile: string): Promise<void> {
  let pid: number
  try {
    pid = Number(readFileSync(pidFile, 'utf8'))
  } catch {
    return
  }
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      process.kill(pid, attempt < 40 ? 'SIGTERM' : 'SIGKILL')
    } catch {
      return
    }
    await setTimeout(100)
  }
}

function configuration(inFolder: (...way: string[]) => string, name: string, port: number, cores: number): string {
  return `ClusterName=test
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${inFolder('run', 'munge.sock')},cred_expire=10
CredType=cred/munge
StateSaveLocation=${inFolder('state')}
SlurmdSpoolDir=${inFolder('spool')}
SlurmctldPidFile=${inFolder('run', 'slurmctld.pid')}
SlurmdPidFile=${inFolder('run', 'slurmd.pid')}
SlurmctldLogFile=${inFolder('run', 'slurmctld.log')}
SlurmdLogFile=${inFolder('run', 'slurmd.log')}
SlurmctldPort=${port}
SlurmdPort=${port + 1}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
KillWait=10
MinJobAge=3600
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SlurmdParameters=config_overrides
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${cores} Boards=1 SocketsPerBoard=1 CoresPerSocket=${cores} ThreadsPerCore=1 RealMemory=20000 State=UNKNOWN
PartitionName=main Nodes=${name} Default=YES MaxTime=INFINITE State=UP
`
}
