/** Name of the page's function that the files of the site call with their values. */
export const RECEIVER = 'shiftscopeReceive'
