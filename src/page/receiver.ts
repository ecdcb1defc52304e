/** The page's function that takes what a file of the site brings. */
export const RECEIVER = 'shiftscopeReceive'
