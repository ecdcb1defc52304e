import { useState } from 'preact/hooks'

/** Formats of values and of figures. */
export type Format = 'csv' | 'png' | 'svg'

interface SaveRowProps {
  /** Start of the buttons' ids. */
  readonly id: string
  readonly words: string
  readonly formats: readonly Format[]
  readonly save: (format: Format) => Promise<void>
}

/** Buttons that save the same thing in several formats. */
export function SaveRow({ id, words, formats, save }: SaveRowProps) {
  const [fault, setFault] = useState('')
  const start = (format: Format) => {
    setFault('')
    save(format).catch((error: Error) => setFault(error.message))
  }
  return (
    <p class="save">
      <span class="soft">{words}</span>{' '}
      {formats.map((format) => {
        const name = format.toUpperCase()
        return (
          <button type="button" id={`${id}-${format}`} aria-label={`${words} as ${name}`} onClick={() => start(format)}>
            {name}
          </button>
        )
      })}{' '}
      <span class="fault" role="alert">
        {fault}
      </span>
    </p>
  )
}
