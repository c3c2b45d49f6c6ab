export { ImageClassifier, type ImageClassifierOptions, type LabelScore } from './image-classifier.js';
