import { arrayOf, type DType, fail, formatShape, HostArray, type RandomKey, randomKey, withPath } from '../core/index.js';

/** Fills a parameter's first values. `key` is a hash of seed and path: adding a layer does not reshuffle the others. */
export type Initializer = (values: Float32Array, shape: readonly number[], key: RandomKey) => void;

/** Values that lie in a file, float32, little-endian, row-major. */
export interface StoredValues {
  /** What reads the file, if only the engine, is to see it as it was when the model was opened: `check` throws else. */
  readonly file: { readonly folder: string; readonly name: string; check(): void };
  /** First byte. */
  readonly offset: number;
  /** Whether the matrix lies there as its transpose. */
  readonly transposed: boolean;
  /** The values, in the parameter's own layout. */
  read(): HostArray;
}

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
  #stored: StoredValues | undefined;

  constructor(shape: readonly number[], initializer: Initializer) {
    this.shape = shape;
    this.initializer = initializer;
  }

  get name(): string {
    const path = this.owner?.path ?? '';
    return path === '' ? this.field || 'parameter' : `${path}.${this.field}`;
  }

  /** Where the values lie, as long as nobody asked for them: from then on they are in memory, where they may be changed. */
  get stored(): StoredValues | undefined {
    return this.#value === undefined ? this.#stored : undefined;
  }

  /** Leaves the values in a file until they are asked for. */
  store(values: StoredValues): void {
    this.#value = undefined;
    this.#stored = values;
  }

  /** The values: the initial ones until set. */
  get value(): HostArray {
    if (this.#value === undefined && this.#stored !== undefined) this.value = this.#stored.read();
    if (this.#value === undefined) {
      const data = new arrayOf.float32(this.shape.reduce((a, b) => a * b, 1)) as Float32Array;
      withPath(this.name, () => this.initializer(data, this.shape, randomKey(this.owner?.seed ?? 0, this.name)));
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
