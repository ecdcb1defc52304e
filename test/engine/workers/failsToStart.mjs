// What a thread does for which the system has no files or memory left.
throw new Error('no room for a thread')
