import '../../../dist/engine/backends/processMain.js'

/** Takes a device's process down as a broken driver does, when a batch comes. */
export function crashInBatch(when = () => true) {
  process.prependListener('message', (message) => {
    if (message.kind === 'batch' && when(message)) process.abort()
  })
}
