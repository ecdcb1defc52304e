import sharp from 'sharp'
import { answerConfined } from '../childProcess/answering.js'
import { decodedPixels, type Image } from './image.js'

/** Child process that draws SVG. sharp may read no other format here. */

sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadSvgBuffer'] })
answerConfined<Uint8Array, Image>(decodedPixels)
