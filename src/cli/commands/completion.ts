import { Argument, Command } from 'commander'
import { addExamples } from '../options/help.js'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript }

export function completionCommand(): Command {
  return addExamples(new Command('completion'), 'shiftscope completion bash')
    .description('print a script that completes commands and options with Tab')
    .addArgument(new Argument('<shell>', 'shell that reads the script').choices(Object.keys(SHELLS)))
    .action((shell: keyof typeof SHELLS, _, { parent }: Command) => {
      if (parent !== null) process.stdout.write(SHELLS[shell](placesIn(parent)))
    })
}

/** What can follow the words of a command, such as `models list`; these are empty for the program itself. */
interface Place {
  readonly way: string
  readonly command: Command
  /** Names of subcommands, or the values of an argument. */
  readonly words: readonly string[]
}

function placesIn(command: Command, way = ''): readonly Place[] {
  const { commands, registeredArguments } = command
  const words = [
    ...commands.map((one) => one.name()),
    ...registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  ]
  return [{ way, command, words }, ...commands.flatMap((one) => placesIn(one, `${way} ${one.name()}`.trim()))]
}

/**
 * Where the function gives no words, bash completes names of files. Places come longest first, because the words of
 * `models` are also the beginning of those of `models list`.
 */
function bashScript(places: readonly Place[]): string {
  const values = places.flatMap(({ way, command }) =>
    command.options.flatMap(({ long, required, argChoices = [] }) =>
      required ? [`  '${way} ${long}') words='${argChoices.join(' ')}' ;;`] : [],
    ),
  )
  const others = places.toReversed().map(({ way, command, words }) => {
    const options = [...command.options.map(({ long }) => long), '--help']
    return `  '${way} -'*) words='${options.join(' ')}' ;;\n  '${way} '*) words='${words.join(' ')}' ;;`
  })
  const ways = places.flatMap(({ way }) => (way === '' ? [] : [`'${way}'`]))
  return `_shiftscope() {
  local word=\${COMP_WORDS[COMP_CWORD]} way= words= longer i
  for ((i = 1; i < COMP_CWORD; i++)); do
    longer="\${way:+$way }\${COMP_WORDS[i]}"
    case "$longer" in ${ways.join(' | ')}) way=$longer ;; esac
  done
  case "$way \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  *) case "$way $word" in
${others.join('\n')}
  esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _shiftscope shiftscope
`
}

function zshScript(places: readonly Place[]): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bashScript(places)}`
}

function fishScript(places: readonly Place[]): string {
  const quoted = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`
  const lines = places.flatMap(({ way, command, words }) => {
    const seen = way.split(' ').flatMap((name) => (name === '' ? [] : [`__fish_seen_subcommand_from ${name}`]))
    const unseen = words.length > 0 ? [`not __fish_seen_subcommand_from ${words.join(' ')}`] : []
    const start = `complete -c shiftscope -n ${quoted([...seen, ...unseen].join('; and '))}`
    return [
      ...(words.length > 0 ? [`${start} -f -a ${quoted(words.join(' '))}`] : []),
      ...command.options.map(({ long, required, argChoices, description }) => {
        const value = argChoices ? ` -x -a ${quoted(argChoices.join(' '))}` : required ? ' -r' : ''
        return `${start} -l ${long?.slice(2)}${value} -d ${quoted(description)}`
      }),
    ]
  })
  return `${lines.join('\n')}\n`
}
