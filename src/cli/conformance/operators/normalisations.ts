import { normalizeAxis } from '../../../core/index.js';
import { layerNorm, ones, rmsNorm, softmax, type Tensor } from '../../../ops/index.js';
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
    const [scale, bias] = [required(inputs, 1, 'Scale'), inputs[2]];
    const inRows = rowOf(scale, width) && (bias === undefined || rowOf(bias, width));
    const own = inRows && bias !== undefined ? { bias: bias.reshape([width]) } : {};
    const normal = layerNorm(flat, inRows ? scale.reshape([width]) : ones([width], x.dtype), { epsilon, ...own }).reshape(x.shape);
    const mean = flat.mean({ axis: 1, keep: true });
    const centred = flat.sub(mean);
    const deviation = centred.mul(centred).mean({ axis: 1, keep: true }).add(epsilon).sqrt();
    return [
      inRows ? normal : bias === undefined ? normal.mul(scale) : normal.mul(scale).add(bias),
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
    const scale = required(inputs, 1, 'scale');
    const inRows = rowOf(scale, width);
    const row = inRows ? scale.reshape([width]) : ones([width], x.dtype);
    const normal = rmsNorm(x.reshape([rows, width]), row, { epsilon: attributes.number('epsilon', 1e-5) }).reshape(x.shape);
    return [inRows ? normal : normal.mul(scale)];
  },
};

/** x as rows of what is normalised together, and the shape of a number per row. */
function trailing(x: Tensor, attributes: Attributes): { rows: number; width: number; statistic: number[] } {
  const axis = normalizeAxis(attributes.number('axis', -1), x.rank, 'axis');
  const shape = x.shape as readonly number[];
  const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  return { rows: size(shape.slice(0, axis)), width: size(shape.slice(axis)), statistic: shape.map((d, i) => (i < axis ? d : 1)) };
}

/** Whether a scale has a number for each of a row's; one that has fewer broadcasts to x as it is. */
function rowOf(scale: Tensor, width: number): boolean {
  return (scale.shape as readonly number[]).reduce((a, b) => a * b, 1) === width;
}
