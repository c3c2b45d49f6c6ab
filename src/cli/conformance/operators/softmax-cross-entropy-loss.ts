import { fail } from '../../../core/index.js';
import { type CrossEntropyOptions, crossEntropy, logSoftmax, type Tensor } from '../../../ops/index.js';
import { type Operator, required } from '../operator.js';

const reductions = ['mean', 'sum', 'none'] as const;

/** ONNX SoftmaxCrossEntropyLoss, opset 13: scores [N,C,d1,…], labels [N,d1,…], weights [C]; also the log-probabilities. */
export const softmaxCrossEntropyLoss: Operator = {
  apply: (inputs, attributes, wanted) => {
    const scores = required(inputs, 0, 'scores');
    const labels = required(inputs, 1, 'labels');
    const last = toLast(scores);
    const classes = scores.shape[1] as number;
    const ignore = attributes.number('ignore_index');
    const reduction = reductions.find((r) => r === attributes.text('reduction', 'mean'));
    if (reduction === undefined)
      throw fail('value', { where: 'attribute reduction', rule: reductions.join(', '), got: attributes.text('reduction', '') });
    const options: CrossEntropyOptions = { reduction, ...(ignore !== undefined && { ignore }), ...(inputs[2] && { weights: inputs[2] }) };
    const loss = crossEntropy(last.reshape([-1, classes]), labels.reshape([-1]), options);
    return [reduction === 'none' ? loss.reshape(labels.shape) : loss, wanted[1] ? toSecond(logSoftmax(last)) : undefined];
  },
};

/** [N,C,d1,…] → [N,d1,…,C] */
function toLast(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return x.transpose([0, ...axes.slice(2), 1]);
}

/** [N,d1,…,C] → [N,C,d1,…] */
function toSecond(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return x.transpose([0, x.rank - 1, ...axes.slice(1, -1)]);
}
