/** A driver that hangs. */
process.on('message', () => undefined)
