import { gelu } from '../../../ops/index.js';
import { type Operator, required, single } from '../operator.js';

/** ONNX Gelu, opset 20: exact, or by tanh. */
export const geluOperator: Operator = {
  apply: (inputs, attributes) => [
    gelu(single(required(inputs, 0, 'X')), { approximate: attributes.text('approximate', 'none') === 'tanh' }),
  ],
  mayUseItself: true,
};
