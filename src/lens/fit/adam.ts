export interface AdamOptions {
  readonly lr: number;
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2014, algorithm 1) over arrays in memory, for the small things a lens fits: translators and dictionaries.
 * Models are trained by `headlightjs/train`.
 */
export class Adam {
  #step = 0;
  readonly #moments = new Map<Float32Array, readonly [Float32Array, Float32Array]>();

  constructor(private readonly options: AdamOptions) {}

  /** Moves each array against its gradient, in place. @param rate a factor of the learning rate */
  update(pairs: readonly (readonly [values: Float32Array, gradient: Float32Array])[], rate = 1): void {
    const { lr, betas: [b1, b2] = [0.9, 0.999], epsilon = 1e-8 } = this.options;
    this.#step += 1;
    const [c1, c2] = [1 - b1 ** this.#step, 1 - b2 ** this.#step];
    for (const [values, gradient] of pairs) {
      const [m, v] = this.#momentsOf(values);
      for (let i = 0; i < values.length; i++) {
        const g = gradient[i] as number;
        m[i] = b1 * (m[i] as number) + (1 - b1) * g;
        v[i] = b2 * (v[i] as number) + (1 - b2) * g * g;
        values[i] = (values[i] as number) - (lr * rate * (m[i] as number)) / c1 / (Math.sqrt((v[i] as number) / c2) + epsilon);
      }
    }
  }

  #momentsOf(values: Float32Array): readonly [Float32Array, Float32Array] {
    const known = this.#moments.get(values);
    if (known !== undefined) return known;
    const made = [new Float32Array(values.length), new Float32Array(values.length)] as const;
    this.#moments.set(values, made);
    return made;
  }
}
