export { minP } from './min-p.js';
export { noRepeatNgram } from './no-repeat-ngram.js';
export type { LogitsProcessor } from './processor.js';
export { repetitionPenalty } from './repetition-penalty.js';
export { temperature } from './temperature.js';
export { topK } from './top-k.js';
export { topP } from './top-p.js';
export { typical } from './typical.js';
