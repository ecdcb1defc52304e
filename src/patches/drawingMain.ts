import sharp from 'sharp'
import { answerConfined } from '../childProcess/answering.js'
import { displayedPixels, type Pixels } from './reading.js'

/** Child process that draws SVG. sharp may read no other format here. */

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
answerConfined<Uint8Array, Pixels>(displayedPixels)
