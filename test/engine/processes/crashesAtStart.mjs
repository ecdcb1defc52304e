/** A driver that cannot even be loaded. */
process.abort()
