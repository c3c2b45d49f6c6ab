import { normalizeAxis } from '../../../core/index.js';
import { layerNorm, rmsNorm, softmax, type Tensor } from '../../../ops/index.js';
import { type Attributes, type Operator, required } from '../operator.js';

/** ONNX Softmax, opset 13 on: along one axis. */
export const softmaxOperator: Operator = {
  apply: (inputs, attributes) => [softmax(required(inputs, 0, 'input'), { axis: attributes.number('axis', -1) })],
  mayUseItself: true,
};

/** ONNX LayerNormalization, opset 17: over all axes from `axis` on; also the mean and the inverse deviation. */
export const layerNormalization: Operator = {
  apply: (inputs, attributes, wanted) => {
    const x = required(inputs, 0, 'X');
    const { rows, width, statistic } = trailing(x, attributes);
    const epsilon = attributes.number('epsilon', 1e-5);
    const flat = x.reshape([rows, width]);
    const bias = inputs[2]?.reshape([width]);
    const y = layerNorm(flat, required(inputs, 1, 'Scale').reshape([width]), { epsilon, ...(bias && { bias }) });
    const mean = flat.mean({ axis: 1, keep: true });
    const centred = flat.sub(mean);
    const deviation = centred.mul(centred).mean({ axis: 1, keep: true }).add(epsilon).sqrt();
    return [
      y.reshape(x.shape),
      wanted[1] ? mean.reshape(statistic) : undefined,
      wanted[2] ? deviation.reciprocal().reshape(statistic) : undefined,
    ];
  },
  mayUseItself: true,
};

/** ONNX RMSNormalization, opset 23: over all axes from `axis` on. */
export const rmsNormalization: Operator = {
  apply: (inputs, attributes) => {
    const x = required(inputs, 0, 'X');
    const { rows, width } = trailing(x, attributes);
    const scale = required(inputs, 1, 'scale').reshape([width]);
    return [rmsNorm(x.reshape([rows, width]), scale, { epsilon: attributes.number('epsilon', 1e-5) }).reshape(x.shape)];
  },
};

/** x as rows of what is normalised together, and the shape of a number per row. */
function trailing(x: Tensor, attributes: Attributes): { rows: number; width: number; statistic: number[] } {
  const axis = normalizeAxis(attributes.number('axis', -1), x.rank, 'axis');
  const shape = x.shape as readonly number[];
  const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  return { rows: size(shape.slice(0, axis)), width: size(shape.slice(axis)), statistic: shape.map((d, i) => (i < axis ? d : 1)) };
}
