import { arrayOf, type DType, fail, formatShape, HostArray, type RandomKey, randomKey } from '../core/index.js';

/** Fills a parameter's first values. `key` is a hash of seed and path: adding a layer does not reshuffle the others. */
export type Initializer = (values: Float32Array, shape: readonly number[], key: RandomKey) => void;

/**
 * A named leaf that owns numbers: what training changes.
 * Its name is the path of fields that lead to it from the root module (`blocks.3.attention.qkv.weight`).
 */
export class Parameter {
  readonly shape: readonly number[];
  readonly dtype: DType = 'float32';
  readonly initializer: Initializer;
  /** Set when the parameter is assigned to a module's field. */
  owner: { readonly path: string; readonly seed: number } | undefined;
  field = '';
  #value: HostArray | undefined;

  constructor(shape: readonly number[], initializer: Initializer) {
    this.shape = shape;
    this.initializer = initializer;
  }

  get name(): string {
    const path = this.owner?.path ?? '';
    return path === '' ? this.field || 'parameter' : `${path}.${this.field}`;
  }

  /** The values: the initial ones until set. */
  get value(): HostArray {
    if (this.#value === undefined) {
      const data = new arrayOf.float32(this.shape.reduce((a, b) => a * b, 1)) as Float32Array;
      this.initializer(data, this.shape, randomKey(this.owner?.seed ?? 0, this.name));
      this.#value = new HostArray(data, this.shape, 'float32');
    }
    return this.#value;
  }

  set value(next: HostArray) {
    if (formatShape(next.shape) !== formatShape(this.shape) || next.dtype !== 'float32') {
      throw fail('shape', {
        where: `parameter ${this.name}`,
        rule: `values of shape ${formatShape(this.shape)} float32`,
        got: `${formatShape(next.shape)} ${next.dtype}`,
      });
    }
    this.#value = next;
  }
}
