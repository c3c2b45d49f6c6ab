export { type GruOptions, type GruWeights, gru } from './gru.js';
export { type CellName, type RecurrentInputs, RecurrentLayers, type RecurrentLayersOptions } from './layers.js';
export { type LstmOptions, type LstmWeights, lstm } from './lstm.js';
export type { RecurrentOptions, RecurrentResult } from './recur.js';
export { type RnnOptions, type RnnWeights, rnn } from './rnn.js';
