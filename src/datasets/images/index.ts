export { centreCrop } from './crop.js';
export { decodeIdx, type IdxArray, type LabelledImages, openIdxImages } from './idx.js';
export type { RgbImage } from './image.js';
export { imageData, splitImages } from './image-data.js';
export { type ImageSize, type Preprocessing, preprocess, preprocessBatch } from './preprocess.js';
export { preprocessingOf, readPreprocessing, writePreprocessing } from './preprocessor-config.js';
export { decodeImage, readImage } from './read.js';
export { type ResampleName, resampleNumbers, resampleRows } from './resample.js';
export { resize } from './resize.js';
