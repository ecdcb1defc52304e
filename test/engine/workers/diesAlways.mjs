import { die } from './die.mjs'

export default die
