export { type Answer, type AnswerOptions, answer } from './answer.js';
export { classifyText, classifyTexts, type TextLabel } from './classify-text.js';
export { embed } from './embed.js';
export { type EncoderRow, EncoderRunner, type EncoderRunnerOptions, type RowResult } from './encoder-runner.js';
export { type FilledMask, fillMask, type MaskCandidate } from './fill-mask.js';
export { ImageClassifier, type ImageClassifierOptions, type LabelScore } from './image-classifier.js';
export { meanPooling, type Pooling, pool, readPooling } from './pooling.js';
export { type TaggedSpan, tagTokens } from './tag-tokens.js';
