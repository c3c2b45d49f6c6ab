import { type Dim, fail, HostArray } from '../../core/index.js';
import { pad } from '../layout/pad.js';
import { stack } from '../layout/rank.js';
import { formatSpec } from '../spec.js';
import { asTensor, type Tensor } from '../tensor.js';
import { type ConvolutionOptions, convolvedSize, type Geometry, geometryOf, reachOf, spatialSizes } from './geometry.js';

export interface PoolOptions extends Pick<ConvolutionOptions, 'strides' | 'dilations' | 'pads'> {
  /** Sizes of the window, one for each spatial axis: 1 to 3. */
  readonly kernel: readonly number[];
}

export interface AveragePoolOptions extends Omit<PoolOptions, 'dilations'> {
  /** Whether padding counts as zeros in the mean (PyTorch's default, and ours), or not at all. */
  readonly countPadding?: boolean;
}

/**
 * The largest element of each window, over 1 to 3 spatial axes. Windows are boxes, so that it is the largest along one axis
 * after the other; equal largest elements along an axis share the gradient.
 * @param x [N,C,…], spatial sizes known @param options strides are the window's size by default
 * @returns [N,C,…], each spatial size as `conv` has it
 * @throws shape: other axes than windows, a window larger than the padded input; value: padding as wide as a window
 * @example maxPool(x, { kernel: [2, 2] }) // [N,C,Y,X] → [N,C,Y/2,X/2]
 */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  const geometry = poolGeometry(x, options, 'maxPool');
  return options.kernel.reduce((y, size, axis) => {
    const places = windows(y, axis, size, geometry, Number.NEGATIVE_INFINITY);
    return places.length === 1 ? (places[0] as Tensor) : stack(places, 0).max({ axis: 0 });
  }, x);
}

/** The mean of each window, likewise. */
export function averagePool(x: Tensor, { countPadding = true, ...options }: AveragePoolOptions): Tensor {
  const geometry = poolGeometry(x, options, 'averagePool');
  return options.kernel.reduce((y, size, axis) => {
    const total = windows(y, axis, size, geometry, 0).reduce((a, b) => a.add(b));
    return total.mul(countPadding ? 1 / size : shares(x.shape[axis + 2] as number, size, axis, geometry));
  }, x);
}

function poolGeometry(x: Tensor, { kernel, ...options }: PoolOptions, where: string): Geometry {
  const sizes = spatialSizes(x.shape);
  if (sizes === undefined || sizes.length !== kernel.length || kernel.length === 0) {
    const rule = `x [N,C,…] with ${kernel.length} spatial axes of known sizes, as its kernel has`;
    throw fail('shape', { where, rule, got: formatSpec(x) });
  }
  const odd = kernel.find((size) => !Number.isInteger(size) || size < 1);
  if (odd !== undefined) throw fail('value', { where, rule: 'kernel: whole numbers from 1', got: String(odd) });
  const geometry = geometryOf(kernel.length, { strides: kernel, ...options }, where);
  kernel.forEach((size, axis) => {
    const widest = Math.max(...(geometry.pads[axis] as readonly number[]));
    if (widest >= reachOf(size, geometry.dilations[axis] as number)) {
      const got = `${widest} beside windows over ${reachOf(size, geometry.dilations[axis] as number)}`;
      throw fail('value', { where, rule: 'padding narrower than a window, so that each holds an element', got });
    }
    if (convolvedSize(sizes[axis] as number, size, axis, geometry) < 1) {
      throw fail('shape', { where, rule: 'a window no larger than the padded input', got: formatSpec(x) });
    }
  });
  return geometry;
}

/** For each place of a window along one axis, the elements that stand there: `size` tensors. */
function windows(x: Tensor, axis: number, size: number, geometry: Geometry, filling: number): Tensor[] {
  const at = axis + 2;
  const stride = geometry.strides[axis] as number;
  const dilation = geometry.dilations[axis] as number;
  const [before, after] = geometry.pads[axis] as readonly [number, number];
  const count = convolvedSize(x.shape[at] as number, size, axis, geometry);
  // Enough behind for whole strides: what stands there is cut into, and never taken.
  const spare = Math.max(0, (size - 1) * dilation + count * stride - ((x.shape[at] as number) + before + after));
  const filled = pad(
    x,
    x.shape.map((_, a) => (a === at ? [before, after + spare] : [0, 0])),
    filling,
  );
  const whole: null[] = x.shape.slice(0, at).map(() => null);
  return Array.from({ length: size }, (_, k) => {
    const run = filled.slice([...whole, [k * dilation, k * dilation + count * stride]]);
    if (stride === 1) return run;
    const rest: readonly Dim[] = x.shape.slice(at + 1);
    const cut = run.reshape([...x.shape.slice(0, at), count, stride, ...rest]).slice([...whole, null, [0, 1]]);
    return cut.reshape([...x.shape.slice(0, at), count, ...rest]);
  });
}

/** One over how many elements of the input each window holds, laid out along its axis. */
function shares(n: number, size: number, axis: number, geometry: Geometry): Tensor {
  const [before] = geometry.pads[axis] as readonly [number, number];
  const count = convolvedSize(n, size, axis, geometry);
  const values = Float32Array.from({ length: count }, (_, p) => {
    const start = p * (geometry.strides[axis] as number) - before;
    return 1 / (Math.min(n, start + size) - Math.max(0, start));
  });
  const behind = geometry.strides.slice(axis + 1).map(() => 1);
  return asTensor(new HostArray(values, [count, ...behind], 'float32'));
}
