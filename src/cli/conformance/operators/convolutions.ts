import { conv, convTranspose, type Tensor } from '../../../ops/index.js';
import { type Attributes, type Operator, required, single } from '../operator.js';

type Pads = readonly (readonly [number, number])[];

interface Read {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

function readGeometry(weight: Tensor, attributes: Attributes): Read {
  const ones = weight.shape.slice(2).map(() => 1);
  return {
    strides: attributes.numbers('strides') ?? ones,
    dilations: attributes.numbers('dilations') ?? ones,
    groups: attributes.number('group', 1),
  };
}

/** ONNX has all beginnings first, then all ends. */
function pairs(flat: readonly number[]): Pads {
  const axes = flat.length / 2;
  return flat.slice(0, axes).map((before, axis) => [before, flat[axes + axis] as number] as const);
}

/** A total of zeros on both sides; the odd one before where `lower`. */
function halved(total: number, lower: boolean): readonly [number, number] {
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return lower ? [more, less] : [less, more];
}

function biased(y: Tensor, bias: Tensor | undefined): Tensor {
  return bias === undefined ? y : y.add(single(bias).reshape([1, bias.shape[0] as number, ...y.shape.slice(2).map(() => 1)]));
}

function padsOf(x: Tensor, weight: Tensor, { strides, dilations }: Read, attributes: Attributes): Pads {
  const mode = attributes.text('auto_pad', 'NOTSET');
  const none = x.shape.slice(2).map(() => [0, 0] as const);
  if (mode === 'NOTSET') return pairs(attributes.numbers('pads') ?? none.flat());
  if (mode === 'VALID') return none;
  return (x.shape.slice(2) as number[]).map((n, axis) => {
    const stride = strides[axis] as number;
    const reach = ((weight.shape[axis + 2] as number) - 1) * (dilations[axis] as number) + 1;
    return halved(Math.max(0, (Math.ceil(n / stride) - 1) * stride + reach - n), mode === 'SAME_LOWER');
  });
}

/** ONNX Conv, opsets 1 to 22, 1 to 3 spatial axes. */
export const convOperator: Operator = {
  apply: (inputs, attributes) => {
    const [x, weight] = [single(required(inputs, 0, 'X')), single(required(inputs, 1, 'W'))];
    const read = readGeometry(weight, attributes);
    return [biased(conv(x, weight, { ...read, pads: padsOf(x, weight, read, attributes) }), inputs[2])];
  },
  mayUseItself: true,
};

/** ONNX ConvTranspose, opsets 1 to 22: pads given, or such that the result has `output_shape`, or n · stride (SAME). */
export const convTransposeOperator: Operator = {
  apply: (inputs, attributes) => {
    const [x, weight] = [single(required(inputs, 0, 'X')), single(required(inputs, 1, 'W'))];
    const read = readGeometry(weight, attributes);
    const sizes = x.shape.slice(2) as number[];
    const added = attributes.numbers('output_padding') ?? sizes.map(() => 0);
    const mode = attributes.text('auto_pad', 'NOTSET');
    const same = mode === 'SAME_LOWER' || mode === 'SAME_UPPER';
    // Batch and channels may stand before the places.
    const wanted =
      attributes.numbers('output_shape')?.slice(-sizes.length) ??
      (same ? sizes.map((n, axis) => n * (read.strides[axis] as number)) : undefined);
    const full = sizes.map((n, axis) => {
      const reach = ((weight.shape[axis + 2] as number) - 1) * (read.dilations[axis] as number) + 1;
      return (n - 1) * (read.strides[axis] as number) + reach;
    });
    if (wanted === undefined) {
      const pads = pairs(mode === 'VALID' ? sizes.flatMap(() => [0, 0]) : (attributes.numbers('pads') ?? sizes.flatMap(() => [0, 0])));
      return [biased(convTranspose(x, weight, { ...read, pads, outputPadding: added }), inputs[2])];
    }
    // What is asked for may be more than the kernel reaches over: then zeros are added at the end.
    const cut = wanted.map((n, axis) => (full[axis] as number) + (added[axis] as number) - n);
    const pads = cut.map((total) => (total > 0 ? halved(total, mode !== 'SAME_UPPER') : ([0, 0] as const)));
    const y = convTranspose(x, weight, { ...read, pads, outputPadding: added });
    const missing = cut.map((total) => [0, Math.max(0, -total)] as const);
    return [biased(y.pad([[0, 0], [0, 0], ...missing]), inputs[2])];
  },
  mayUseItself: true,
};
