import sharp from 'sharp'
import { answerConfined } from '../childProcess/answering.js'
import { decodedPixels, type Image } from './image.js'

/** Process that draws SVG. */

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
answerConfined<Uint8Array, Image>(decodedPixels)
