import type { Operator } from '../operator.js';
import { attention } from './attention.js';
import { geluOperator } from './gelu.js';
import { layerNormalization, rmsNormalization, softmaxOperator } from './normalisations.js';
import { gruOperator, lstmOperator, rnnOperator } from './recurrent.js';
import { rotaryEmbedding } from './rotary-embedding.js';
import { softmaxCrossEntropyLoss } from './softmax-cross-entropy-loss.js';

/** What we have of ONNX's operators, by its names. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Attention', attention],
  ['Gelu', geluOperator],
  ['GRU', gruOperator],
  ['LayerNormalization', layerNormalization],
  ['LSTM', lstmOperator],
  ['RMSNormalization', rmsNormalization],
  ['RNN', rnnOperator],
  ['RotaryEmbedding', rotaryEmbedding],
  ['Softmax', softmaxOperator],
  ['SoftmaxCrossEntropyLoss', softmaxCrossEntropyLoss],
]);
