import { useState } from 'preact/hooks'

const FORMATS = ['png', 'svg', 'csv'] as const
/** Formats of figures, and of the values in them. */
export type Format = (typeof FORMATS)[number]

interface SaveRowProps {
  readonly save: (format: Format) => Promise<void>
}

/** Buttons that save the maps in several formats. */
export function SaveRow({ save }: SaveRowProps) {
  const [fault, setFault] = useState('')
  const start = (format: Format) => {
    setFault('')
    save(format).catch((error: Error) => setFault(error.message))
  }
  return (
    <p class="save">
      <span class="soft">Save figure</span>{' '}
      {FORMATS.map((format) => {
        const name = format.toUpperCase()
        return (
          <button
            type="button"
            id={`save-${format}`}
            aria-label={`Save figure as ${name}`}
            onClick={() => start(format)}
          >
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
