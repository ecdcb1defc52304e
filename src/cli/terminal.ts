/** The cursor and the wrapping of lines, which a progress bar switches off. */
export const TERMINAL_AS_IT_WAS = '\x1b[?25h\x1b[?7h'
